//! Counting what becomes of repeating jobs, by their names.
//!
//! A name keeps its series for as long as the process lives, so that no counter
//! goes back. There may be more names than a monitor can take: those beyond a
//! number are counted together. A job finds its series once, when it becomes
//! live; counting takes neither a lock nor an allocation.

use std::collections::{BTreeMap, HashMap};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use chrono::TimeDelta;

use super::durations::{Durations, SharedDurations};
use super::lock;
use crate::job::{JobDefinition, Name, Run, RunStatus};

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

/// The counters of one name.
#[derive(Debug, Default)]
pub(crate) struct JobSeries {
    completed: AtomicU64,
    failed: AtomicU64,
    lateness: SharedDurations,
}

impl JobSeries {
    /// An attempt began that long after it was due.
    pub(super) fn begun(&self, late: TimeDelta) {
        self.lateness.add(late);
    }

    /// An attempt ended, and its record is stored.
    pub(super) fn ended(&self, run: &Run) {
        let of_status = if run.status == RunStatus::Failed { &self.failed } else { &self.completed };
        of_status.fetch_add(1, Ordering::Relaxed);
    }

    fn read(&self) -> JobMetrics {
        JobMetrics {
            completed: self.completed.load(Ordering::Relaxed),
            failed: self.failed.load(Ordering::Relaxed),
            lateness: self.lateness.read(),
        }
    }
}

/// The counters of all names.
#[derive(Debug)]
pub(crate) struct AllJobSeries {
    /// How many names are counted one by one.
    most: usize,
    by_name: Mutex<HashMap<Name, Arc<JobSeries>>>,
    others: Arc<JobSeries>,
}

impl AllJobSeries {
    pub(super) fn new(most: usize) -> Self {
        Self { most, by_name: Mutex::default(), others: Arc::default() }
    }

    /// Where a job is counted; nowhere if it runs one time, since there may be
    /// any number of names of such jobs.
    pub(crate) fn of(&self, definition: &JobDefinition) -> Option<Arc<JobSeries>> {
        if !definition.schedule.spec.is_recurring() {
            return None;
        }
        let mut by_name = lock(&self.by_name);
        if let Some(known) = by_name.get(&definition.name) {
            return Some(Arc::clone(known));
        }
        if by_name.len() >= self.most {
            return Some(Arc::clone(&self.others));
        }
        Some(Arc::clone(by_name.entry(definition.name.clone()).or_default()))
    }

    /// The metrics by name, and those of all other names.
    pub(super) fn read(&self) -> (BTreeMap<Name, JobMetrics>, JobMetrics) {
        let by_name = lock(&self.by_name).iter().map(|(name, of)| (name.clone(), of.read())).collect();
        (by_name, self.others.read())
    }
}
