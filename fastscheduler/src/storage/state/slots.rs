//! The table of jobs and their open fires.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use crate::job::{Job, JobId, JobPages, OpenFire, Place, RunId};

/// The jobs, by id.
///
/// They lie side by side in the order in which they were made, which is about
/// the order in which they come due: with many jobs, most of the time of a run
/// would go into waiting for memory otherwise. None moves, so that they can be looked
/// at in parts while others come and go.
#[derive(Default, Clone)]
pub(super) struct Slots {
    in_order: Vec<Option<Slot>>,
    places: JobPages<Place>,
    /// Where a job was removed, the first place first. Some may be in use again, or
    /// be cut off.
    free: BinaryHeap<Reverse<Place>>,
    spare: Spare,
}

/// Empty lists of open fires, for the next jobs that have one: hardly a job
/// has an open fire, and each run has one for a moment.
pub(super) type Spare = Vec<Vec<OpenFire>>;

/// A job with its open fires: a run looks up its job and its fire in one.
#[derive(Clone)]
pub(super) struct Slot {
    pub(super) job: Job,
    /// Rarely more than one, and most of the time none.
    pub(super) open: Vec<OpenFire>,
}

impl Slots {
    pub(super) fn len(&self) -> usize {
        self.places.len()
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &Slot> {
        self.in_order.iter().flatten()
    }

    /// The jobs of `count` places from `first` on.
    pub(super) fn part(&self, first: usize, count: usize) -> impl Iterator<Item = &Slot> {
        self.in_order.iter().skip(first).take(count).flatten()
    }

    /// Whether there is such a place, with or without a job.
    pub(super) fn has_place(&self, place: usize) -> bool {
        place < self.in_order.len()
    }

    pub(super) fn get(&self, job: JobId) -> Option<&Slot> {
        self.places.get(job).and_then(|place| self.in_order[place.index()].as_ref())
    }

    pub(super) fn get_mut(&mut self, job: JobId) -> Option<&mut Slot> {
        self.get_with_spare(job).map(|(slot, _)| slot)
    }

    /// A job, and the lists that it may take from or give to.
    pub(super) fn get_with_spare(&mut self, job: JobId) -> Option<(&mut Slot, &mut Spare)> {
        let place = *self.places.get(job)?;
        self.in_order[place.index()].as_mut().map(|slot| (slot, &mut self.spare))
    }

    /// Adds a job unless it is there already, and returns whether it added it.
    pub(super) fn add(&mut self, id: JobId, slot: impl FnOnce() -> Slot) -> bool {
        if self.places.get(id).is_some() {
            return false;
        }
        let free = loop {
            let Some(Reverse(place)) = self.free.pop() else { break None };
            if self.in_order.get(place.index()).is_some_and(Option::is_none) {
                break Some(place);
            }
        };
        let place = free.unwrap_or_else(|| {
            self.in_order.push(None);
            Place::new(self.in_order.len() - 1)
        });
        self.in_order[place.index()] = Some(slot());
        self.places.insert(id, place);
        true
    }

    /// Removes a job, if it is there.
    pub(super) fn remove(&mut self, job: JobId) -> Option<Slot> {
        let place = self.places.remove(job)?;
        let removed = self.in_order[place.index()].take();
        self.free.push(Reverse(place));
        while matches!(self.in_order.last(), Some(None)) {
            self.in_order.pop();
        }
        removed
    }
}

impl Slot {
    /// A job with nothing open.
    pub(super) fn new(job: Job) -> Self {
        Self { job, open: Vec::new() }
    }

    /// Whether a later attempt of the same fire is open.
    pub(super) fn is_overtaken(&self, run: RunId) -> bool {
        self.place(run).is_some_and(|place| self.open[place].entry.attempt > run.attempt)
    }

    /// Whether the fire of an attempt is over, as [`Storage`] says it.
    ///
    /// [`Storage`]: crate::storage::Storage::is_final
    pub(super) fn is_over(&self, run: RunId) -> bool {
        self.place(run).is_none()
            && (!run.trigger.is_of_schedule()
                || self.job.unaccounted_from().is_none_or(|next| next > run.scheduled_for))
    }

    /// Takes the place of what is open of the same fire.
    pub(super) fn open(&mut self, fire: OpenFire, spare: &mut Spare) {
        if self.open.capacity() == 0 {
            self.open = spare.pop().unwrap_or_else(|| Vec::with_capacity(1));
        }
        match self.place(fire.entry.run_id()) {
            Some(place) => self.open[place] = fire,
            None => self.open.push(fire),
        }
    }

    pub(super) fn close(&mut self, run: RunId, spare: &mut Spare) {
        if let Some(place) = self.place(run) {
            self.open.swap_remove(place);
        }
        if self.open.is_empty() && self.open.capacity() > 0 {
            spare.push(std::mem::take(&mut self.open));
        }
    }

    /// Where the fire of an attempt is, if it is open.
    fn place(&self, run: RunId) -> Option<usize> {
        self.open.iter().position(|open| open.is_of(run))
    }
}
