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
use futures_util::future::{BoxFuture, ready};
use thiserror::Error;

pub use function_set::FunctionSet;
pub use memory::MemoryQueue;

use crate::job::JobId;
pub use crate::job::{Entry, EntryKind};

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
    /// For how long it claims them; `None` is until they are settled.
    pub lease: Option<Duration>,
}

/// A claim that is over, with the entry that takes its place, if any.
#[derive(Debug, Clone)]
pub struct Settlement {
    /// The claim.
    pub claim: Claim,
    /// A retry of the same fire, or the job's next fire.
    pub next: Option<Entry>,
}

/// How much a queue holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Depth {
    /// Entries that were not claimed: those that are due, and those to come.
    pub pending: usize,
    /// Those of them that are due and wait for room, not for their own job.
    pub due: usize,
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
/// The suite `queue_contract!` of the feature `testing` checks what is promised
/// here. The example `custom_backends` is a whole one to begin from.
///
/// Any of the futures may be dropped before its end: one that was not polled
/// has done nothing, and one that was has done its step whole or not at all.
///
/// # Invariants
///
/// - An entry is pending, claimed or gone; a fire, which is job, trigger and
///   `scheduled_for`, has at most one entry and at most one live claim. One of
///   the schedule is the same fire whether it is in time or made up for.
/// - Fences of a job only grow; a stale one changes nothing.
/// - Of each job the queue knows the highest revision it has seen, and refuses
///   what is older, so that a settlement does not undo a pause, an update or a
///   cancellation that came during the run.
/// - A job has at most one entry of the kind [`Next`](EntryKind::Next). Its
///   [`covers_until`](Entry::covers_until) only grows as long as the revision
///   stays: a push of a fire that was claimed already changes nothing.
/// - An exclusive entry is not handed out beside a live claim of its job, and
///   an exclusive `Next` not beside one that waits for its next attempt.
pub trait Queue: fmt::Debug + Send + Sync + 'static {
    /// Adds entries; repeating that changes nothing.
    ///
    /// Left out is an entry of an older revision than the queue has seen of
    /// its job, one whose fire is claimed, and a `Next` that covers no more
    /// than one that was claimed at the same revision. A pending entry is
    /// replaced by one of the same fire with a higher revision, and a pending
    /// `Next` by one with a higher revision or one that covers more.
    fn push<'a>(&'a self, entries: &'a [Entry]) -> BoxFuture<'a, Result<(), QueueError>>;

    /// Claims what is due, the longest due first, and what is due at one
    /// instant in the order in which it was pushed. The entries of the claims
    /// are of the kind [`Fire`](EntryKind::Fire).
    ///
    /// A claim whose lease has ended is due again, since the lease ended: with
    /// a new fence, the next attempt, and one more crash. Until it is taken over
    /// it stays live: it may be renewed or settled, and is waited for.
    fn claim<'a>(&'a self, claimer: &'a Claimer) -> BoxFuture<'a, Result<Vec<Claim>, QueueError>>;

    /// Ends claims, each in one step with the push of what takes its place.
    /// One whose fence is stale changes nothing; a next entry of an older
    /// revision than the queue has seen is dropped.
    fn settle<'a>(&'a self, settlements: &'a [Settlement]) -> BoxFuture<'a, Result<(), QueueError>>;

    /// Lets claims be held for `lease` from now on, and returns those that are
    /// lost: settled, or taken over.
    fn renew<'a>(
        &'a self,
        claims: &'a [Claim],
        lease: Option<Duration>,
    ) -> BoxFuture<'a, Result<Vec<Claim>, QueueError>>;

    /// Drops the pending entries of a job of a revision below `revision`, and
    /// refuses such entries from now on. Those of `revision` and above stay: they
    /// are of who changed the job later and was faster. `u64::MAX` is for a job
    /// that is gone; the queue forgets it with its last claim.
    ///
    /// Of a job that ended without such word the queue may forget what was
    /// claimed of it, a minute after its last claim was settled with nothing to
    /// take its place.
    fn remove(&self, job: JobId, revision: u64) -> BoxFuture<'_, Result<(), QueueError>>;

    /// When the first entry is due, or the first lease ends, later than `after`.
    ///
    /// What is due already and was not claimed waits for room or for its job,
    /// and must not keep the engine from waiting for what comes next.
    fn next_due(&self, after: DateTime<Utc>) -> BoxFuture<'_, Result<Option<DateTime<Utc>>, QueueError>>;

    /// Waits until something may be due earlier than [`next_due`](Self::next_due)
    /// said last, or may be claimed now that could not be.
    ///
    /// News that comes while nobody waits is kept for who waits next; so is that
    /// of an entry which came after the last [`claim`](Self::claim) and was due
    /// too early to be in the answer of `next_due`. One claimer is woken at a
    /// time.
    fn wake(&self) -> BoxFuture<'_, ()>;

    /// The queue's own time, which decides what is due.
    fn now(&self) -> BoxFuture<'_, Result<DateTime<Utc>, QueueError>>;

    /// How much it holds at that instant; `None` if it cannot tell cheaply.
    fn depth(&self, now: DateTime<Utc>) -> BoxFuture<'_, Result<Option<Depth>, QueueError>> {
        let _ = now;
        Box::pin(ready(Ok(None)))
    }

    /// Whether other processes may claim from it too, so that claims need leases.
    fn is_shared(&self) -> bool {
        true
    }
}
