//! What follows a failed attempt: a retry, or the reason why there is none.

use chrono::{DateTime, TimeDelta, Utc};

use super::LiveJob;
use crate::job::{Entry, Overlap, backoff};
use crate::registry::Failure;

/// Why a failure is not retried.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum NoRetry {
    /// A retry would fail the same way.
    Permanent,
    /// All retries that the job may have are used up.
    Exhausted,
    /// The job is gone.
    JobCancelled,
    /// The job's next fire comes first, and would cancel it.
    NextFireFirst,
}

impl NoRetry {
    /// The error in the record of the attempt.
    pub(super) fn error(self, failure: &Failure) -> String {
        let message = failure.message();
        match self {
            Self::Permanent => message.to_owned(),
            Self::Exhausted => format!("Max retries: {message}"),
            Self::JobCancelled => format!("{message}; no retry, the job was cancelled"),
            Self::NextFireFirst => format!("{message}; no retry, the next run came first"),
        }
    }
}

/// The retry that follows a failed attempt of `entry`. `job` is the job in its
/// present state, or `None` if it is gone.
pub(super) fn retry(
    failure: &Failure,
    entry: &Entry,
    max_retries: u32,
    job: Option<&LiveJob>,
    now: DateTime<Utc>,
) -> Result<Entry, NoRetry> {
    if failure.is_permanent() {
        return Err(NoRetry::Permanent);
    }
    if entry.retries() >= max_retries {
        return Err(NoRetry::Exhausted);
    }
    let job = job.ok_or(NoRetry::JobCancelled)?;
    let retries = entry.retries() + 1;
    let due_at = now + TimeDelta::from_std(backoff(retries)).unwrap_or(TimeDelta::MAX);
    // A paused job has no next fire, and its retry is held until it is resumed too.
    let cancels = job.overlap() == Overlap::Cancel && !job.is_paused;
    // The clock may have been set back since the fire was due.
    let next = cancels.then(|| job.schedule.next_after(entry.covers_until.max(now))).flatten();
    if next.is_some_and(|next| job.due_at(next) <= due_at) {
        return Err(NoRetry::NextFireFirst);
    }
    Ok(Entry { attempt: entry.attempt + 1, due_at, revision: job.revision, ..entry.clone() })
}
