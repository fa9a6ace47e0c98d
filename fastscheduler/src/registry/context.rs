//! What a running job knows of itself.

use std::fmt;
use std::sync::{Arc, OnceLock};

use chrono::{DateTime, Utc};
use tokio::sync::Notify;

use super::state::{Host, States};
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
    states: Arc<States>,
    /// What cancelled it first.
    cancellation: OnceLock<Cancellation>,
    cancelled: Notify,
}

/// Why an attempt ends before its function does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Cancellation {
    /// It took too long.
    Deadline,
    /// A caller wanted this very run to end.
    Caller,
    /// Its job was cancelled.
    Job,
    /// The job's next fire came due, and its overlap is `cancel`.
    NextFire,
    /// A caller started another run of the job, and its overlap is `cancel`.
    OtherRun,
    /// The scheduler is stopping and does not wait any longer.
    Shutdown,
    /// Another instance has its claim.
    LostClaim,
}

impl JobContext {
    pub(crate) fn new(job: Arc<JobDefinition>, run_id: RunId, fence: u64, states: Arc<States>) -> Self {
        let cancellation = OnceLock::new();
        Self(Arc::new(Facts { run_id, fence, job, states, cancellation, cancelled: Notify::new() }))
    }

    pub(super) fn states(&self) -> &States {
        &self.0.states
    }

    /// What runs the attempt, if it is still there.
    pub(crate) fn host(&self) -> Option<Arc<Host>> {
        self.0.states.host()
    }

    /// The job as it was when the attempt began.
    pub(crate) fn definition(&self) -> &Arc<JobDefinition> {
        &self.0.job
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
        self.cancelled_by().await;
    }

    /// Waits until the attempt is cancelled, and returns what cancelled it first.
    pub(crate) async fn cancelled_by(&self) -> Cancellation {
        let notified = self.0.cancelled.notified();
        tokio::pin!(notified);
        // Enabled before the check, so that no cancellation is missed in between.
        notified.as_mut().enable();
        if let Some(why) = self.cancellation() {
            return why;
        }
        notified.await;
        self.cancellation().expect("it is set before anyone is notified")
    }

    /// Whether the attempt was cancelled. A blocking function asks now and then.
    #[must_use]
    pub fn is_cancelled(&self) -> bool {
        self.cancellation().is_some()
    }

    /// What cancelled the attempt.
    pub(crate) fn cancellation(&self) -> Option<Cancellation> {
        self.0.cancellation.get().copied()
    }

    /// Cancels the attempt, and returns what cancelled it first.
    pub(crate) fn cancel(&self, why: Cancellation) -> Cancellation {
        let first = *self.0.cancellation.get_or_init(|| why);
        self.0.cancelled.notify_waiters();
        first
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
