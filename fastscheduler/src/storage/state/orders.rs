//! Orders of all jobs, so that a page anywhere among many jobs is found without looking
//! at all of them.
//!
//! An order is made when it is asked for again soon. From then on it notes which jobs
//! change, and puts those in their places when it is asked. If nobody asks for it any
//! more, or more changes than can be caught up with, it is dropped.

use super::ranking::Ranking;
use super::slots::Slots;
use crate::job::{Job, JobId, JobMap};
use crate::storage::found::Key;
use crate::storage::{JobOrder, JobQuery, JobsNow};

/// The most changes that an order catches up with: that takes a millisecond or two.
const MOST_CHANGES: usize = 2_000;

/// The orders that are kept, and what was asked for lately.
#[derive(Default)]
pub(super) struct Orders {
    kept: Vec<Kept>,
    /// What was asked for and is not kept, with the number of changes before that.
    asked: Vec<(JobOrder, u64)>,
    /// Changes so far.
    changes: u64,
}

impl Clone for Orders {
    /// Nobody asks a copy of the jobs.
    fn clone(&self) -> Self {
        Self::default()
    }
}

struct Kept {
    order: JobOrder,
    /// While it is being made there is none.
    places: Option<Places>,
    /// Jobs that changed since somebody asked.
    changed: Vec<JobId>,
}

/// Where each job is in an order.
pub(super) struct Places {
    ranking: Ranking,
    /// The place that each job has.
    keys: JobMap<Key>,
}

/// What changes.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Changed {
    /// A job is new, gone, or told something else.
    Job,
    /// It runs.
    Runs,
}

/// What becomes of a question.
pub(super) enum Asked {
    /// The jobs that are asked for, and how many there are in all.
    Page(Vec<JobId>, usize),
    /// All jobs are to be looked at.
    NotKept,
    /// It is worth making the order, which is [kept](Orders::keep) then.
    Make,
}

/// Whether a query asks for a page of all jobs, which an order can answer.
pub(super) fn is_ordered(query: &JobQuery, now: &JobsNow) -> bool {
    let is_filtered = !query.groups.is_empty() || query.text.is_some();
    // The store knows neither who runs nor who wants attention.
    let is_of_now = query.asks_for_status() || query.asks_for_attention();
    // What lacks its function is not due, whatever the store says.
    let is_known = query.order != JobOrder::NextRun || now.orphaned().next().is_none();
    !is_filtered && !is_of_now && is_known
}

/// The place of a job by what the store knows.
pub(super) fn key_of(job: &Job, order: JobOrder) -> Key {
    Key::of(job, order, &JobsNow::default(), None)
}

impl Orders {
    /// Notes that a job changes.
    pub(super) fn note(&mut self, job: JobId, changed: Changed) {
        self.changes += 1;
        if self.kept.is_empty() {
            return;
        }
        self.kept.retain_mut(|kept| {
            let is_fixed = matches!(kept.order, JobOrder::Id | JobOrder::Name | JobOrder::Group);
            if (changed == Changed::Job || !is_fixed) && kept.changed.last() != Some(&job) {
                kept.changed.push(job);
            }
            kept.changed.len() <= MOST_CHANGES
        });
    }

    pub(super) fn ask(&mut self, query: &JobQuery, jobs: &Slots) -> Asked {
        let Some(kept) = self.kept.iter_mut().find(|kept| kept.order == query.order) else {
            return self.ask_for_other(query.order);
        };
        // Another thread makes it.
        let Some(places) = &mut kept.places else { return Asked::NotKept };
        for id in kept.changed.drain(..) {
            places.put(id, jobs.get(id).map(|slot| key_of(&slot.job, kept.order)));
        }
        let limit = query.limit.unwrap_or(usize::MAX);
        let ranking = &places.ranking;
        Asked::Page(ranking.part(query.offset, limit, query.is_descending), ranking.len())
    }

    fn ask_for_other(&mut self, order: JobOrder) -> Asked {
        let before = self.asked.iter().position(|(asked, _)| *asked == order);
        let before = before.map(|place| self.asked.swap_remove(place).1);
        if before.is_some_and(|before| self.changes - before <= MOST_CHANGES as u64) {
            self.kept.push(Kept { order, places: None, changed: Vec::new() });
            return Asked::Make;
        }
        self.asked.push((order, self.changes));
        Asked::NotKept
    }

    /// Keeps an order that was to be [made](Asked::Make), of all jobs.
    pub(super) fn keep(&mut self, order: JobOrder, places: Places) {
        if let Some(kept) = self.kept.iter_mut().find(|kept| kept.order == order) {
            kept.places = Some(places);
        }
    }
}

impl Places {
    pub(super) fn new(keys: Vec<Key>) -> Self {
        let of_jobs = keys.iter().map(|key| (key.job(), key.clone())).collect();
        Self { ranking: Ranking::new(keys), keys: of_jobs }
    }

    /// Puts a job where it belongs now; nowhere, if it is gone.
    fn put(&mut self, job: JobId, key: Option<Key>) {
        if self.keys.get(&job) == key.as_ref() {
            return;
        }
        if let Some(before) = self.keys.remove(&job) {
            self.ranking.remove(&before);
        }
        if let Some(key) = key {
            self.keys.insert(job, key.clone());
            self.ranking.insert(key);
        }
    }
}
