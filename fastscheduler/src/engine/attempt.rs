//! One execution of a fire, and how it ended.

use std::any::Any;
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};
use tokio::task::JoinHandle;

use super::LiveJob;
use crate::job::{Run, RunStatus};
use crate::queue::Claim;
use crate::registry::{Failure, JobContext, Outcome};

/// An attempt that is under way.
#[derive(Debug)]
pub(super) struct Attempt {
    pub(super) claim: Claim,
    pub(super) job: Arc<LiveJob>,
    pub(super) context: JobContext,
    pub(super) started_at: DateTime<Utc>,
}

/// How an attempt ended.
#[derive(Debug)]
pub(super) enum End {
    /// The function returned, failed, panicked or took too long.
    Outcome(Outcome),
    /// A shutdown cut it short: it is to run again.
    Interrupted,
    /// It was cancelled, since the job's next fire came due.
    Superseded,
}

/// An attempt that ended, to be recorded and settled.
#[derive(Debug)]
pub(super) struct Ended {
    pub(super) attempt: Attempt,
    pub(super) end: End,
    pub(super) finished_at: DateTime<Utc>,
    /// The thread that a blocking function past its deadline still holds.
    pub(super) thread: Option<JoinHandle<Outcome>>,
}

impl Attempt {
    /// The record of this attempt.
    pub(super) fn record(
        &self,
        instance: &Arc<str>,
        finished_at: DateTime<Utc>,
        result: Result<Option<Arc<str>>, String>,
    ) -> Run {
        let status = if result.is_ok() { RunStatus::Completed } else { RunStatus::Failed };
        let (result, error) = match result {
            Ok(value) => (value, None),
            Err(error) => (None, Some(error)),
        };
        Run {
            run_id: self.claim.entry.run_id(),
            job_name: self.job.names.name.clone(),
            function: self.job.definition.function.clone(),
            group: self.job.names.group.clone(),
            status,
            started_at: Some(self.started_at),
            finished_at: Some(finished_at),
            result,
            error,
            instance: Some(Arc::clone(instance)),
            skipped: None,
        }
    }
}

/// The failure of a function that panicked.
pub(super) fn panicked(payload: Box<dyn Any + Send>) -> Failure {
    let text = payload.downcast_ref::<&str>().copied().or_else(|| payload.downcast_ref().map(String::as_str));
    if let Some(text) = text {
        return Failure::new(format!("panicked: {text}"));
    }
    // Dropping it runs the user's code, which might panic once more.
    std::mem::forget(payload);
    Failure::new("panicked with a value that is no text")
}

/// The failure of a function that took too long.
pub(super) fn timed_out(timeout: Option<Duration>) -> Failure {
    Failure::new(format!("timed out after {:?}", timeout.unwrap_or_default()))
}
