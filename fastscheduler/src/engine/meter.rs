//! Counting what happens, exactly and at little cost.
//!
//! What is stored is counted with its batch, under one lock for all of it; a
//! puller counts lateness by itself, and hands that over before it waits.

use std::collections::{BTreeMap, HashMap};
use std::hash::BuildHasherDefault;
use std::sync::Mutex;

use chrono::TimeDelta;

use super::durations::Durations;
use super::{JobMetrics, ProblemCode, ProblemMetrics, lock};
use crate::job::{FunctionKey, Name, NumberHasher, Run, RunStatus, SkipReason};
use crate::storage::Change;

/// Functions that are counted one by one; the others are counted together, so
/// that a program that makes functions as it goes does not grow for that.
const MOST_FUNCTIONS: usize = 300;

/// What has happened in this process.
#[derive(Debug, Clone, Default)]
#[non_exhaustive]
pub struct Metrics {
    /// Attempts that ended, by function: the first 300 functions that ran.
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
}

/// What has been counted so far.
#[derive(Debug, Default)]
pub(super) struct Meter(Mutex<Counts>);

#[derive(Debug, Default)]
struct Counts {
    functions: HashMap<FunctionKey, FunctionMetrics, BuildHasherDefault<NumberHasher>>,
    other_functions: FunctionMetrics,
    lateness: Durations,
    store: Durations,
    store_failures: u64,
    retries: u64,
    dead_letters: u64,
    skipped: BTreeMap<SkipReason, u64>,
}

impl Meter {
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

    /// Attempts began; nothing is left to hand over then.
    pub(super) fn begun(&self, lateness: &mut Durations) {
        if !lateness.is_empty() {
            lock(&self.0).lateness.add_all(&std::mem::take(lateness));
        }
    }

    pub(super) fn read(&self) -> Metrics {
        let counts = lock(&self.0);
        Metrics {
            functions: counts.functions.iter().map(|(key, of)| (key.clone(), of.clone())).collect(),
            other_functions: counts.other_functions.clone(),
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
                self.function(&ended.run.function).count(&ended.run);
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

    fn function(&mut self, key: &FunctionKey) -> &mut FunctionMetrics {
        if !self.functions.contains_key(key) {
            if self.functions.len() >= MOST_FUNCTIONS {
                return &mut self.other_functions;
            }
            self.functions.insert(key.clone(), FunctionMetrics::default());
        }
        self.functions.get_mut(key).expect("it was there, or was just put there")
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
