//! Counting what happens, exactly and at little cost.
//!
//! What is stored is counted with its batch, under one lock for all of it. A
//! puller keeps a list of what it has begun, and hands that over before it waits;
//! who reads the metrics takes what the lists have by then.

use std::collections::BTreeMap;
use std::hash::{BuildHasherDefault, RandomState};
use std::sync::Mutex;

use chrono::TimeDelta;

use super::durations::Durations;
use super::series::{Series, SeriesNumber};
use super::{ProblemCode, ProblemMetrics, lock};
use crate::job::{FunctionKey, JobDefinition, Name, NumberHasher, Run, RunStatus, SkipReason};
use crate::storage::Change;

/// Functions that are counted one by one; the others are counted together, so
/// that a program that makes functions as it goes does not grow for that.
const MOST_FUNCTIONS: usize = 300;

/// What has happened in this process.
#[derive(Debug, Clone, Default)]
#[non_exhaustive]
pub struct Metrics {
    /// Attempts by function: of the first 300 functions that ran.
    pub functions: BTreeMap<FunctionKey, FunctionMetrics>,
    /// Attempts of all other functions.
    pub other_functions: FunctionMetrics,
    /// Attempts of repeating jobs, by the jobs' names: of the first names that
    /// there were in this process, 200 by default
    /// ([`max_metric_jobs`](crate::SchedulerBuilder::max_metric_jobs)). Jobs of one
    /// name are counted together; a name stays when its jobs are gone.
    pub jobs: BTreeMap<Name, JobMetrics>,
    /// Attempts of repeating jobs of all other names.
    pub other_jobs: JobMetrics,
    /// How long after they were due attempts began.
    pub lateness: Durations,
    /// How long the store took to make changes.
    pub store: Durations,
    /// Changes that the store refused or could not make.
    pub store_failures: u64,
    /// Attempts that ended and were not the first of their fire.
    pub retries: u64,
    /// Fires that failed for good.
    pub dead_letters: u64,
    /// Fires that did not run, by reason.
    pub skipped: BTreeMap<SkipReason, u64>,
    /// Attempts that are under way.
    pub running: usize,
    /// Attempts that were claimed and wait for a thread of the runtime.
    pub claimed: usize,
    /// Fires in the queue, if the queue knows.
    pub queued: Option<usize>,
    /// Those of them that are due, and wait for a slot or for their job.
    pub due: Option<usize>,
    /// Those who listen to events in this process.
    pub listeners: usize,
    /// Problems that are present or were, by kind.
    pub problems: BTreeMap<ProblemCode, ProblemMetrics>,
}

/// What became of a function's attempts.
#[derive(Debug, Clone, Default)]
#[non_exhaustive]
pub struct FunctionMetrics {
    /// Attempts that succeeded.
    pub completed: u64,
    /// Attempts that failed.
    pub failed: u64,
    /// How long they took.
    pub durations: Durations,
    /// How long after they were due attempts began.
    pub lateness: Durations,
}

/// What became of the attempts of repeating jobs of one name.
#[derive(Debug, Clone, Default)]
#[non_exhaustive]
pub struct JobMetrics {
    /// Attempts that succeeded.
    pub completed: u64,
    /// Attempts that failed.
    pub failed: u64,
    /// How long after they were due attempts began.
    pub lateness: Durations,
}

/// What has been counted so far.
#[derive(Debug)]
pub(super) struct Meter(Mutex<Counts>);

/// An attempt that began.
#[derive(Debug)]
pub(super) struct Begun {
    /// How long after it was due.
    pub(super) late: TimeDelta,
    pub(super) function: SeriesNumber,
    /// That of the job's name, if the job repeats.
    pub(super) job: Option<SeriesNumber>,
}

#[derive(Debug)]
struct Counts {
    functions: Series<FunctionKey, FunctionMetrics, BuildHasherDefault<NumberHasher>>,
    jobs: Series<Name, JobMetrics, RandomState>,
    lateness: Durations,
    store: Durations,
    store_failures: u64,
    retries: u64,
    dead_letters: u64,
    skipped: BTreeMap<SkipReason, u64>,
}

impl Meter {
    /// Counts so many names of jobs one by one.
    pub(super) fn new(most_jobs: usize) -> Self {
        Self(Mutex::new(Counts {
            functions: Series::new(MOST_FUNCTIONS),
            jobs: Series::new(most_jobs),
            lateness: Durations::default(),
            store: Durations::default(),
            store_failures: 0,
            retries: 0,
            dead_letters: 0,
            skipped: BTreeMap::new(),
        }))
    }

    /// Where a function is counted.
    pub(super) fn function(&self, key: &FunctionKey) -> SeriesNumber {
        lock(&self.0).functions.number(key)
    }

    /// Where a job is counted by its name; nowhere if it runs one time, since
    /// there may be any number of names of such jobs.
    pub(super) fn job(&self, definition: &JobDefinition) -> Option<SeriesNumber> {
        let repeats = definition.schedule.spec.is_recurring();
        repeats.then(|| lock(&self.0).jobs.number(&definition.name))
    }

    /// Changes were made, which took so long.
    pub(super) fn stored(&self, changes: &[Change], took: TimeDelta) {
        let mut counts = lock(&self.0);
        counts.store.add(took);
        for change in changes {
            counts.count(change);
        }
    }

    /// Changes could not be made.
    pub(super) fn not_stored(&self) {
        lock(&self.0).store_failures += 1;
    }

    /// Attempts began; takes them out of the list.
    pub(super) fn begun(&self, list: &Mutex<Vec<Begun>>) {
        let mut list = lock(list);
        if list.is_empty() {
            return;
        }
        let mut counts = lock(&self.0);
        for Begun { late, function, job } in list.drain(..) {
            counts.lateness.add(late);
            counts.functions.at(function).lateness.add(late);
            if let Some(job) = job {
                counts.jobs.at(job).lateness.add(late);
            }
        }
    }

    /// Attempts ended, and their records are stored: counts them by the names
    /// of their jobs, of those that repeat.
    pub(super) fn ended<'a>(&self, runs: impl Iterator<Item = (&'a Run, Option<SeriesNumber>)>) {
        let mut counts = lock(&self.0);
        for (run, job) in runs {
            let Some(job) = job else { continue };
            let JobMetrics { completed, failed, .. } = counts.jobs.at(job);
            *(if run.status == RunStatus::Failed { failed } else { completed }) += 1;
        }
    }

    pub(super) fn read(&self) -> Metrics {
        let counts = lock(&self.0);
        let (functions, other_functions) = counts.functions.read();
        let (jobs, other_jobs) = counts.jobs.read();
        Metrics {
            functions,
            other_functions,
            jobs,
            other_jobs,
            lateness: counts.lateness.clone(),
            store: counts.store.clone(),
            store_failures: counts.store_failures,
            retries: counts.retries,
            dead_letters: counts.dead_letters,
            skipped: counts.skipped.clone(),
            ..Metrics::default()
        }
    }
}

impl Counts {
    fn count(&mut self, change: &Change) {
        match change {
            Change::EndAttempt(ended) => {
                self.retries += u64::from(ended.run.run_id.attempt > 1);
                self.dead_letters += u64::from(ended.dead_letter.is_some());
                let function = self.functions.number(&ended.run.function);
                self.functions.at(function).count(&ended.run);
            }
            Change::Skip(skipped) => {
                if let Some(skipped) = &skipped.run.skipped {
                    *self.skipped.entry(skipped.reason).or_default() += skipped.count;
                }
            }
            Change::AddJob(_)
            | Change::AddAgain { .. }
            | Change::ReviseJob(_)
            | Change::RequireJob(_)
            | Change::RemoveJob { .. }
            | Change::RemoveTombstone(_)
            | Change::OpenFire(_)
            | Change::Claim(_)
            | Change::TakeDeadLetter(_) => {}
        }
    }
}

impl FunctionMetrics {
    fn count(&mut self, run: &Run) {
        let is_failed = run.status == RunStatus::Failed;
        self.failed += u64::from(is_failed);
        self.completed += u64::from(!is_failed);
        if let (Some(started_at), Some(finished_at)) = (run.started_at, run.finished_at) {
            self.durations.add(finished_at - started_at);
        }
    }
}
