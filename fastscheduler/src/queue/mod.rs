//! What is next: a durable delay queue with leases.
//!
//! The queue knows nothing of schedules. It holds [`Entry`]s until they are due,
//! hands each to one claimer at a time, and forgets it when it is settled.
//! Storage is the truth about jobs; the queue is rebuilt from it by pushes,
//! which may be repeated.

mod function_set;
mod memory;

use std::error::Error;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};
use futures_util::future::BoxFuture;
use thiserror::Error;

pub use function_set::FunctionSet;
pub use memory::MemoryQueue;

use crate::job::{FunctionKey, JobId, Lane, RunId, Trigger};

/// A fire in the queue.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// The job.
    pub job: JobId,
    /// Why the fire came to be.
    pub trigger: Trigger,
    /// The instant it is due by its schedule; with job and trigger, its identity.
    pub scheduled_for: DateTime<Utc>,
    /// When it may be claimed: later than `scheduled_for` by jitter or back-off.
    pub due_at: DateTime<Utc>,
    /// The attempt that is next, from 1.
    pub attempt: u32,
    /// Fires of the schedule up to this one are accounted for by this entry.
    pub covers_until: DateTime<Utc>,
    /// The job's revision; the queue refuses entries of an older one.
    pub revision: u64,
    /// Whether it waits while another entry of the job is claimed.
    pub is_exclusive: bool,
    /// Where its function runs.
    pub lane: Lane,
    /// The function, since an instance claims only those it has.
    pub function: FunctionKey,
}

impl Entry {
    /// The id of the attempt that is next.
    #[must_use]
    pub fn run_id(&self) -> RunId {
        RunId {
            job: self.job,
            trigger: self.trigger,
            scheduled_for: self.scheduled_for,
            attempt: self.attempt,
        }
    }
}

/// An entry held by one instance until its lease ends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Claim {
    /// What is claimed.
    pub entry: Entry,
    /// Higher in each later claim; a stale one changes nothing.
    pub fence: u64,
}

/// Who claims, and how much.
#[derive(Debug, Clone)]
pub struct Claimer {
    /// The instance's name.
    pub instance: Arc<str>,
    /// The functions it has.
    pub functions: Arc<FunctionSet>,
    /// Entries of the async lane it has room for.
    pub room_async: usize,
    /// Entries of the blocking lane it has room for.
    pub room_blocking: usize,
    /// For how long it claims them.
    pub lease: Duration,
}

/// A claim that is over, with the entry that takes its place, if any.
#[derive(Debug, Clone)]
pub struct Settlement {
    /// The claim.
    pub claim: Claim,
    /// A retry of the same fire, or the job's next fire.
    pub next: Option<Entry>,
}

/// What went wrong in a queue.
#[derive(Debug, Error)]
#[error("the queue could not {action}")]
pub struct QueueError {
    action: &'static str,
    #[source]
    source: Box<dyn Error + Send + Sync>,
}

impl QueueError {
    /// The failure of an action, as in `claim entries`.
    pub fn new(action: &'static str, source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self { action, source: source.into() }
    }
}

/// A durable delay queue with leases.
///
/// # Invariants
///
/// An entry is pending, claimed or gone. There is at most one live claim per
/// fire. Fences only grow. An exclusive entry is not handed out beside a live
/// claim of its job.
pub trait Queue: fmt::Debug + Send + Sync + 'static {
    /// Adds entries. One that is there already, or claimed, or of an older
    /// revision than the queue has seen of its job, is left out.
    fn push(&self, entries: Vec<Entry>) -> BoxFuture<'_, Result<(), QueueError>>;

    /// Claims what is due, the longest due first.
    fn claim<'a>(&'a self, claimer: &'a Claimer) -> BoxFuture<'a, Result<Vec<Claim>, QueueError>>;

    /// Ends claims. One whose fence is stale changes nothing; a next entry of
    /// an older revision than the queue has seen is dropped.
    fn settle(&self, settlements: Vec<Settlement>) -> BoxFuture<'_, Result<(), QueueError>>;

    /// Extends leases and returns the claims that are lost.
    fn renew<'a>(
        &'a self,
        claims: &'a [Claim],
        lease: Duration,
    ) -> BoxFuture<'a, Result<Vec<Claim>, QueueError>>;

    /// Drops the pending entries of a job and refuses those of a revision below
    /// `revision` from now on.
    fn remove(&self, job: JobId, revision: u64) -> BoxFuture<'_, Result<(), QueueError>>;

    /// When the first entry is due that is due later than `after`.
    ///
    /// What is due already and was not claimed waits for room or for its job,
    /// and must not keep the engine from waiting for what comes next.
    fn next_due(&self, after: DateTime<Utc>) -> BoxFuture<'_, Result<Option<DateTime<Utc>>, QueueError>>;

    /// Waits until something was added or settled since the last wait.
    fn wake(&self) -> BoxFuture<'_, ()>;
}
