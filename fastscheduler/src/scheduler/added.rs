//! Which stored job is the one that the program adds again.
//!
//! A program adds its jobs at each start. Those that an earlier process added come
//! from the store, and are not to be made a second time.

use std::collections::{BTreeMap, HashSet};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::add::CLOSURES;
use crate::job::{Job, JobDefinition, JobId, Name, Source};

/// The jobs that earlier processes added, and this one has not added yet.
///
/// Each is found by what the code last said of it, whatever it was changed to
/// since. Hashes stand for that, since there may be very many jobs.
#[derive(Debug, Default)]
pub(super) struct NotAdded {
    jobs: Mutex<BTreeMap<Mark, Evidence>>,
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
pub(super) enum Evidence {
    /// It is recorded.
    Recorded,
    /// It is the same in every respect. An earlier version stored it, which did
    /// not record who added it.
    Equality,
}

/// A stored job that may be the one that is added.
#[derive(Debug, Clone, Copy)]
pub(super) struct Found {
    pub(super) mark: Mark,
    pub(super) evidence: Evidence,
}

impl Found {
    pub(super) fn recorded(mark: Mark) -> Self {
        Self { mark, evidence: Evidence::Recorded }
    }
}

impl NotAdded {
    /// Takes note of stored jobs that no attribute declares, oldest first.
    pub(super) fn fill(&self, stored: &[&Job]) {
        let mut jobs = self.lock();
        let marked = |wanted| {
            let is_wanted = move |job: &&Job| evidence(job) == Some(wanted);
            stored.iter().copied().filter(is_wanted).map(Mark::of).map(move |mark| (mark, wanted))
        };
        jobs.extend(marked(Evidence::Recorded));
        // Of equal ones only the oldest: a client may have made the others.
        let mut seen: HashSet<_> = jobs.keys().map(|mark| (mark.identity, mark.schedule)).collect();
        jobs.extend(
            marked(Evidence::Equality).filter(|(mark, _)| seen.insert((mark.identity, mark.schedule))),
        );
    }

    /// From now on only the same schedule is the same job.
    pub(super) fn start_is_over(&self) {
        self.is_started.store(true, Ordering::Release);
    }

    /// The job that is to be added without a key: the oldest with its schedule, or
    /// else the oldest with another one.
    pub(super) fn find(&self, definition: &JobDefinition) -> Option<Found> {
        let jobs = self.lock();
        if jobs.is_empty() {
            // So it is most of the time.
            return None;
        }
        let (identity, schedule) = (identity(None, definition), hash(&definition.schedule));
        let of_identity = |schedule: u64| Mark { identity, schedule, id: JobId::new(0) };
        let mut of_schedule = jobs.range(of_identity(schedule)..);
        let same =
            of_schedule.next().filter(|(mark, _)| (mark.identity, mark.schedule) == (identity, schedule));
        let may_differ = is_closure(definition) || !self.is_started.load(Ordering::Acquire);
        let other = || {
            let rest = jobs.range(of_identity(0)..).take_while(|(mark, _)| mark.identity == identity);
            let recorded = rest.filter(|(_, evidence)| **evidence == Evidence::Recorded);
            recorded.min_by_key(|(mark, _)| mark.id)
        };
        let (mark, evidence) = same.or_else(|| may_differ.then(other).flatten())?;
        Some(Found { mark: *mark, evidence: *evidence })
    }

    /// Takes a job that was found, and returns whether nobody was faster.
    pub(super) fn take(&self, mark: Mark) -> bool {
        self.lock().remove(&mark).is_some()
    }

    /// Gives back what was taken: it could not be added.
    pub(super) fn give_back(&self, found: Found) {
        self.lock().insert(found.mark, found.evidence);
    }

    /// Whether the program added this job before, and has not since its start.
    pub(super) fn has(&self, job: &Job) -> bool {
        job.source() == Source::Added && self.lock().contains_key(&Mark::of(job))
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<Mark, Evidence>> {
        // Each change of it is whole.
        self.jobs.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Mark {
    pub(super) fn of(job: &Job) -> Self {
        let last = job.last_declared();
        let definition = last.as_ref().map_or(job.definition(), |declared| &declared.definition);
        Self {
            identity: identity(job.key.as_ref(), definition),
            schedule: hash(&definition.schedule),
            id: job.id,
        }
    }
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

fn hash(value: &impl Hash) -> u64 {
    let mut hasher = DefaultHasher::new();
    value.hash(&mut hasher);
    hasher.finish()
}
