//! What a running job knows of itself.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use chrono::{DateTime, Utc};
use tokio::sync::Notify;

use crate::job::{JobDefinition, JobId, RunId};

/// The attempt that a job function runs in.
///
/// Take it as a parameter. It is cheap to clone.
///
/// # Examples
///
/// ```
/// use fastscheduler::prelude::*;
///
/// #[every(1, hours)]
/// async fn export(context: JobContext) {
///     println!("{} for {}", context.job_name(), context.scheduled_for());
///     tokio::select! {
///         () = context.cancelled() => println!("stopping early"),
///         () = std::future::ready(()) => {}
///     }
/// }
/// ```
#[derive(Clone)]
pub struct JobContext(Arc<Facts>);

struct Facts {
    run_id: RunId,
    fence: u64,
    job: Arc<JobDefinition>,
    is_cancelled: AtomicBool,
    /// Whether that was a caller, who wanted this very run to end.
    is_by_caller: AtomicBool,
    cancelled: Notify,
}

impl JobContext {
    pub(crate) fn new(job: Arc<JobDefinition>, run_id: RunId, fence: u64) -> Self {
        let is_cancelled = AtomicBool::new(false);
        let is_by_caller = AtomicBool::new(false);
        Self(Arc::new(Facts { run_id, fence, job, is_cancelled, is_by_caller, cancelled: Notify::new() }))
    }

    /// The job's id.
    #[must_use]
    pub fn job_id(&self) -> JobId {
        self.0.run_id.job
    }

    /// The job's name: what it was given, or else the function's name.
    #[must_use]
    pub fn job_name(&self) -> &str {
        &self.0.job.name
    }

    /// The job's group.
    #[must_use]
    pub fn group(&self) -> &str {
        &self.0.job.group
    }

    /// The id of the record that this attempt leaves in the history.
    #[must_use]
    pub fn run_id(&self) -> RunId {
        self.0.run_id
    }

    /// The instant this run was due by its schedule, before jitter and delays.
    #[must_use]
    pub fn scheduled_for(&self) -> DateTime<Utc> {
        self.0.run_id.scheduled_for
    }

    /// The number of this attempt, from 1.
    #[must_use]
    pub fn attempt(&self) -> u32 {
        self.0.run_id.attempt
    }

    /// A number that is higher in each later attempt of the job.
    ///
    /// A resource that remembers the highest fence it saw can refuse a writer
    /// that lost its claim.
    #[must_use]
    pub fn fence(&self) -> u64 {
        self.0.fence
    }

    /// A text that is the same in all attempts of one fire, and in no other.
    #[must_use]
    pub fn idempotency_key(&self) -> String {
        self.0.run_id.fire_key()
    }

    /// Waits until the attempt is cancelled: by its timeout, by a caller, or by
    /// a shutdown that has waited long enough.
    pub async fn cancelled(&self) {
        let notified = self.0.cancelled.notified();
        tokio::pin!(notified);
        // Enabled before the flag is read, so that no cancellation slips between.
        notified.as_mut().enable();
        if !self.is_cancelled() {
            notified.await;
        }
    }

    /// Whether the attempt was cancelled. A blocking function asks now and then.
    #[must_use]
    pub fn is_cancelled(&self) -> bool {
        self.0.is_cancelled.load(Ordering::Acquire)
    }

    pub(crate) fn cancel_by_caller(&self) {
        self.0.is_by_caller.store(true, Ordering::Release);
        self.cancel();
    }

    pub(crate) fn is_cancelled_by_caller(&self) -> bool {
        self.0.is_by_caller.load(Ordering::Acquire)
    }

    pub(crate) fn cancel(&self) {
        self.0.is_cancelled.store(true, Ordering::Release);
        self.0.cancelled.notify_waiters();
    }
}

impl fmt::Debug for JobContext {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("JobContext")
            .field("run_id", &self.0.run_id)
            .field("job_name", &self.0.job.name)
            .field("fence", &self.0.fence)
            .field("is_cancelled", &self.is_cancelled())
            .finish()
    }
}
