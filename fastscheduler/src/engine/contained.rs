//! The store and the queue, whose panics are failures.
//!
//! Both may be the user's. A panic in one of them must end neither the task that
//! works with it nor a caller's request. It is handled like any failure: what has
//! to be done is tried again, so nothing is lost.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};
use futures_util::FutureExt as _;

use crate::job::{DeadLetter, Entry, Job, JobId, OpenFire, Run, RunId, Statistics, panic_text};
use crate::queue::{Claim, Claimer, Depth, Queue, QueueError, Settlement};
use crate::storage::{
    Change, DeadLetterGroup, DeadLetterPage, DeadLetterQuery, Durability, HistoryQuery, JobCounts, JobPage,
    JobQuery, JobsNow, Limits, Storage, StorageError, Stored,
};

/// The store. What it is asked is what [`Storage`] says.
#[derive(Debug)]
pub(crate) struct ContainedStorage(pub(super) Arc<dyn Storage>);

/// The queue. What it is asked is what [`Queue`] says.
#[derive(Debug)]
pub(crate) struct ContainedQueue(pub(super) Arc<dyn Queue>);

/// Methods of the same names as those of a trait, for a wrapper of it.
macro_rules! contain {
    ($of:ty, $error:ty: $(
        $action:literal $name:ident($($argument:ident: $type:ty),*) -> $answer:ty;
    )*) => {
        impl $of {$(
            pub(crate) async fn $name(&self, $($argument: $type),*) -> Result<$answer, $error> {
                // In a block: the call may panic before there is a future.
                let answer = async { self.0.$name($($argument),*).await };
                let failed = |panic| Err(<$error>::new($action, panic_text(panic)));
                AssertUnwindSafe(answer).catch_unwind().await.unwrap_or_else(failed)
            }
        )*}
    };
}

contain! { ContainedStorage, StorageError:
    "reserve a number" reserve_job_number() -> u64;
    "apply changes" apply(changes: &[Change], durability: Durability) -> ();
    "load jobs" load() -> Stored;
    "read jobs" jobs() -> Vec<Job>;
    "read jobs" visit_jobs(visit: &mut (dyn FnMut(&Job) + Send)) -> ();
    "read a job" job(id: JobId) -> Option<Job>;
    "read jobs" jobs_by_id(ids: &[JobId]) -> Vec<Option<Job>>;
    "find jobs" find_jobs(query: &JobQuery, now: &JobsNow) -> JobPage;
    "count jobs" job_counts(query: &JobQuery, now: &JobsNow) -> JobCounts;
    "read open fires" open_fires(job: JobId) -> Vec<OpenFire>;
    "read the history" history(query: &HistoryQuery) -> Vec<Run>;
    "read a run" run(run: RunId) -> Option<Run>;
    "read a run" last_run_of_fire(run: RunId) -> Option<Run>;
    "read runs" attempts_of_fire(run: RunId) -> Vec<Run>;
    "read runs" recent_attempts(jobs: &[JobId], limit: usize) -> Vec<Vec<Run>>;
    "read the history" newest_requests(jobs: &[JobId]) -> Vec<Option<DateTime<Utc>>>;
    "read dead letters" dead_letters(limit: usize) -> Vec<DeadLetter>;
    "read dead letters" find_dead_letters(query: &DeadLetterQuery) -> DeadLetterPage;
    "read dead letters" dead_letter_groups(query: &DeadLetterQuery) -> Vec<DeadLetterGroup>;
    "count dead letters" dead_letter_count() -> usize;
    "read a dead letter" dead_letter(run: RunId) -> Option<DeadLetter>;
    "drop dead letters" clear_dead_letters() -> usize;
    "read the totals" statistics() -> Statistics;
    "tell whether a fire has ended" is_final(run: RunId) -> bool;
    "drop old history" prune(limits: Limits) -> ();
    "be checked" check() -> ();
    "be closed" close() -> ();
}

impl ContainedStorage {
    pub(crate) fn is_shared(&self) -> bool {
        self.0.is_shared()
    }

    /// Nothing can be tried again: if this panics, the task that waits for it does.
    pub(crate) async fn lost(&self) -> StorageError {
        self.0.lost().await
    }

    pub(crate) fn kind(&self) -> &'static str {
        self.0.kind()
    }

    pub(crate) fn degraded(&self) -> Option<String> {
        self.0.degraded()
    }

    /// If this panics, the task that waits for it does, as with [`lost`](Self::lost).
    pub(crate) async fn check_changed(&self) {
        self.0.check_changed().await;
    }

    /// The store itself.
    #[cfg(feature = "testing")]
    pub(crate) fn inner(&self) -> &dyn Storage {
        &*self.0
    }
}

contain! { ContainedQueue, QueueError:
    "take entries" push(entries: &[Entry]) -> ();
    "claim entries" claim(claimer: &Claimer) -> Vec<Claim>;
    "settle claims" settle(settlements: &[Settlement]) -> ();
    "renew claims" renew(claims: &[Claim], lease: Option<Duration>) -> Vec<Claim>;
    "drop entries" remove(job: JobId, revision: u64) -> ();
    "tell what comes next" next_due(after: DateTime<Utc>) -> Option<DateTime<Utc>>;
    "tell how much it holds" depth(now: DateTime<Utc>) -> Option<Depth>;
}

impl ContainedQueue {
    pub(crate) async fn wake(&self) -> Result<(), QueueError> {
        let woken = AssertUnwindSafe(async { self.0.wake().await }).catch_unwind().await;
        woken.map_err(|panic| QueueError::new("wait for news", panic_text(panic)))
    }
}
