//! Where jobs, their history and their dead letters are kept.
//!
//! Storage is the truth about jobs. A batch of [`Change`]s is applied whole or
//! not at all, and applying it twice changes nothing.

mod memory;

use std::error::Error;
use std::fmt;

use chrono::{DateTime, Utc};
use futures_util::future::BoxFuture;
use thiserror::Error;

pub use memory::MemoryStorage;

use crate::job::{DeadLetter, Job, JobId, Run, RunId, RunStatus, Statistics};

/// A change to what is kept.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum Change {
    /// A job is new, or has a new definition.
    PutJob(Box<Job>),
    /// A job is gone.
    RemoveJob(JobId),
    /// An attempt ended.
    EndAttempt(Box<EndedAttempt>),
    /// Fires did not run.
    Skip(Box<SkippedFires>),
}

/// An attempt that ended, and what becomes of its job.
#[derive(Debug, Clone)]
pub struct EndedAttempt {
    /// The record.
    pub run: Run,
    /// The job's next fire by its schedule.
    pub next_run_at: Option<DateTime<Utc>>,
    /// The retries that the fire has had and that are still going on.
    pub retry_count: u32,
    /// The letter, if the fire failed for good.
    pub dead_letter: Option<DeadLetter>,
}

/// Fires that did not run, and what becomes of their job.
#[derive(Debug, Clone)]
pub struct SkippedFires {
    /// The record.
    pub run: Run,
    /// The job's next fire by its schedule.
    pub next_run_at: Option<DateTime<Utc>>,
}

/// How soon a change must be safe.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Durability {
    /// Before the call returns: a caller is told that it succeeded.
    Now,
    /// Within 100 ms.
    Soon,
}

/// How much history is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// The most runs.
    pub max_history: usize,
    /// Runs that ended before this instant go.
    pub history_since: Option<DateTime<Utc>>,
    /// The most dead letters.
    pub max_dead_letters: usize,
}

/// Which runs of the history are asked for.
///
/// # Examples
///
/// ```
/// use fastscheduler::{HistoryQuery, RunStatus};
///
/// let query = HistoryQuery { status: Some(RunStatus::Failed), limit: 10, ..HistoryQuery::default() };
/// assert_eq!(query.function, None);
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HistoryQuery {
    /// Runs of the function of this name, or of this full name.
    pub function: Option<String>,
    /// Runs of this job.
    pub job: Option<JobId>,
    /// Runs of jobs of this group.
    pub group: Option<String>,
    /// Runs of this status.
    pub status: Option<RunStatus>,
    /// Runs that reached their status before this instant.
    pub before: Option<DateTime<Utc>>,
    /// The most runs; the newest are taken. 1,000 by default.
    pub limit: usize,
}

impl Default for HistoryQuery {
    fn default() -> Self {
        Self { function: None, job: None, group: None, status: None, before: None, limit: 1_000 }
    }
}

impl HistoryQuery {
    /// Whether a run is asked for.
    #[must_use]
    pub fn matches(&self, run: &Run) -> bool {
        let is_function = |name: &String| *name == run.function.name() || *name == run.function.to_string();
        self.function.as_ref().is_none_or(is_function)
            && self.job.is_none_or(|job| job == run.job_id())
            && self.group.as_ref().is_none_or(|group| *group == run.group)
            && self.status.is_none_or(|status| status == run.status)
            && self.before.is_none_or(|before| run.finished_at.is_some_and(|at| at < before))
    }
}

/// What went wrong in a store.
#[derive(Debug, Error)]
#[error("the store could not {action}")]
pub struct StorageError {
    action: &'static str,
    #[source]
    source: Box<dyn Error + Send + Sync>,
}

impl StorageError {
    /// The failure of an action, as in `load jobs`.
    pub fn new(action: &'static str, source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self { action, source: source.into() }
    }
}

/// Where jobs, their history and their dead letters are kept.
pub trait Storage: fmt::Debug + Send + Sync + 'static {
    /// A number for a new job, never given before.
    fn reserve_job_number(&self) -> BoxFuture<'_, Result<u64, StorageError>>;

    /// Applies changes, all or none. A run whose id is known already, or whose
    /// fire has ended, leaves the store as it is.
    fn apply<'a>(
        &'a self,
        changes: &'a [Change],
        durability: Durability,
    ) -> BoxFuture<'a, Result<(), StorageError>>;

    /// All jobs, by id.
    fn jobs(&self) -> BoxFuture<'_, Result<Vec<Job>, StorageError>>;

    /// One job.
    fn job(&self, id: JobId) -> BoxFuture<'_, Result<Option<Job>, StorageError>>;

    /// The newest runs that are asked for, oldest first.
    fn history<'a>(&'a self, query: &'a HistoryQuery) -> BoxFuture<'a, Result<Vec<Run>, StorageError>>;

    /// The newest dead letters, newest first.
    fn dead_letters(&self, limit: usize) -> BoxFuture<'_, Result<Vec<DeadLetter>, StorageError>>;

    /// The totals.
    fn statistics(&self) -> BoxFuture<'_, Result<Statistics, StorageError>>;

    /// Whether the fire of this attempt has ended for good.
    fn is_final(&self, run: RunId) -> BoxFuture<'_, Result<bool, StorageError>>;

    /// Drops what is beyond the limits.
    fn prune(&self, limits: Limits) -> BoxFuture<'_, Result<(), StorageError>>;
}
