//! Which stored job is the one that the program adds again.
//!
//! A program adds its jobs at each start. Those that an earlier process added come
//! from the store, and are not to be made a second time.

use std::collections::{BTreeSet, HashSet};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::closure_job::CLOSURES;
use crate::job::{FunctionKey, Job, JobDefinition, JobId, Name, Source};

/// The jobs that earlier processes added, and this one has not added yet.
///
/// Each is found by what the code last said of it, whatever it was changed to
/// since. Hashes stand for that, since there may be very many jobs.
#[derive(Debug, Default)]
pub(super) struct NotAdded {
    jobs: Mutex<BTreeSet<Mark>>,
    /// The bare names of functions that jobs of the Python program wait for, as far
    /// as nobody has looked for them since the build.
    awaited: Mutex<HashSet<String>>,
    /// Whether the start is over. From then on, a call with another schedule is
    /// another job.
    is_started: AtomicBool,
}

/// What a stored job is found by: those that differ in the id alone are alike.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Mark {
    identity: u64,
    schedule: u64,
    pub(super) id: JobId,
}

/// How it is known that the program added a job.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Evidence {
    /// It is recorded.
    Recorded,
    /// It is the same in every respect. An earlier version stored it, which did
    /// not record who added it.
    Equality,
}

impl NotAdded {
    /// Takes note of stored jobs that no attribute declares, oldest first.
    pub(super) fn fill(&self, stored: &[&Job]) {
        let imported = stored.iter().filter(|job| job.source == Source::Imported);
        locked(&self.awaited).extend(imported.map(|job| job.function().name().to_owned()));
        let of = |kind| stored.iter().filter(move |job| evidence(job) == Some(kind));
        let mut marks: Vec<_> = of(Evidence::Recorded).map(|job| Mark::of(job)).collect();
        if of(Evidence::Equality).next().is_some() {
            let mut seen: HashSet<_> = of(Evidence::Recorded).map(|job| sameness(said(job))).collect();
            // Of equal ones only the oldest: a client may have made the others.
            let oldest = of(Evidence::Equality).filter(|job| seen.insert(sameness(job.definition())));
            marks.extend(oldest.map(|job| Mark::of(job)));
        }
        // Sorted as a whole, which is quicker than one by one.
        *self.lock() = marks.into_iter().collect();
    }

    /// From now on, only calls with the same schedule are the same job.
    pub(super) fn start_is_over(&self) {
        self.is_started.store(true, Ordering::Release);
    }

    /// The job that is to be added without a key: the oldest with its schedule, or
    /// else the oldest with another one. A closure is known by its name.
    pub(super) fn find(&self, definition: &JobDefinition) -> Option<Mark> {
        let jobs = self.lock();
        if jobs.is_empty() {
            // So it is most of the time.
            return None;
        }
        let is_started = self.is_started.load(Ordering::Acquire);
        let is_recurring = definition.schedule.spec.is_recurring();
        // One that runs once is new, but a program has the closures of its start again.
        if !is_recurring && (is_started || !is_closure(definition)) {
            return None;
        }
        let from = |identity, schedule| Mark { identity, schedule, id: JobId::new(0) };
        let oldest = |identity, schedule| {
            let first = jobs.range(from(identity, schedule)..).next();
            first.filter(|mark| (mark.identity, mark.schedule) == (identity, schedule))
        };
        let identity = identity(None, definition);
        let other = || {
            let alike = jobs.range(from(identity, 0)..).take_while(|mark| mark.identity == identity);
            alike.min_by_key(|mark| mark.id)
        };
        oldest(identity, hash(&definition.schedule))
            .or_else(|| oldest(sameness(definition), 0))
            .or_else(|| (is_closure(definition) || !is_started).then(other).flatten())
            .copied()
    }

    /// Takes a job that was found, and returns whether nobody was faster.
    pub(super) fn take(&self, mark: Mark) -> bool {
        self.lock().remove(&mark)
    }

    /// Gives back what was taken: it could not be added.
    pub(super) fn give_back(&self, mark: Mark) {
        self.lock().insert(mark);
    }

    /// Whether jobs of the Python program may wait for a function of that name. It is
    /// so once: whoever asks looks for them.
    pub(super) fn awaits(&self, function: &FunctionKey) -> bool {
        let mut awaited = locked(&self.awaited);
        !awaited.is_empty() && awaited.remove(function.name())
    }

    /// Has the next one who asks look once more, since the look failed.
    pub(super) fn await_again(&self, function: &FunctionKey) {
        locked(&self.awaited).insert(function.name().to_owned());
    }

    /// Follows a job that has been given to another function.
    pub(super) fn rename(&self, mark: Mark, job: &Job) {
        let mut jobs = self.lock();
        if jobs.remove(&mark) {
            jobs.insert(Mark::of(job));
        }
    }

    /// Whether the program added this job before, and has not since its start.
    pub(super) fn has(&self, job: &Job) -> bool {
        let jobs = self.lock();
        !jobs.is_empty() && job.source() == Source::Added && jobs.contains(&Mark::of(job))
    }

    fn lock(&self) -> MutexGuard<'_, BTreeSet<Mark>> {
        locked(&self.jobs)
    }
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // Each change of what is inside is whole.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Mark {
    pub(super) fn of(job: &Job) -> Self {
        let id = job.id;
        if evidence(job) == Some(Evidence::Equality) {
            return Self { identity: sameness(job.definition()), schedule: 0, id };
        }
        let said = said(job);
        Self { identity: identity(job.key.as_ref(), said), schedule: hash(&said.schedule), id }
    }
}

/// What the code last said of a job.
fn said(job: &Job) -> &JobDefinition {
    job.declared().map_or(job.definition(), |declared| &declared.definition)
}

/// How it is known that the program added a job, if it may have done so and adds it
/// again at each start.
fn evidence(job: &Job) -> Option<Evidence> {
    let is_named = job.key.is_some() || is_closure(job.definition());
    let returns = is_named || job.definition.schedule.spec.is_recurring();
    let evidence = match job.source {
        Source::Added => Evidence::Recorded,
        // Only the program adds such jobs.
        Source::Code | Source::Unrecorded if is_named => Evidence::Recorded,
        Source::Unrecorded | Source::Imported if job.declared.is_none() => Evidence::Equality,
        Source::Code | Source::Api | Source::Unrecorded | Source::Imported => return None,
    };
    returns.then_some(evidence)
}

fn is_closure(definition: &JobDefinition) -> bool {
    definition.function.module() == CLOSURES
}

/// What tells the jobs that a program adds from one another, but for their schedules.
fn identity(key: Option<&Name>, definition: &JobDefinition) -> u64 {
    let JobDefinition { name, group, function, args, kwargs, .. } = definition;
    match key {
        Some(key) => hash(&("key", key)),
        None if is_closure(definition) => hash(&("closure", function)),
        None => hash(&("call", function, name, group, args, kwargs)),
    }
}

/// What only jobs have in common that are the same in every respect.
fn sameness(definition: &JobDefinition) -> u64 {
    let JobDefinition { name, group, function, args, kwargs, schedule, policy } = definition;
    hash(&("same", function, name, group, args, kwargs, schedule, policy))
}

fn hash(value: &impl Hash) -> u64 {
    let mut hasher = DefaultHasher::new();
    value.hash(&mut hasher);
    hasher.finish()
}
