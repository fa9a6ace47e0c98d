//! What follows a failed attempt: a retry, or the reason why there is none.

use chrono::{DateTime, TimeDelta, Utc};

use super::LiveJob;
use crate::job::{AfterFailure, Entry, Overlap};
use crate::registry::Failure;

/// The retry that follows a failed attempt, or the reason why there is none.
///
/// `job` is the job as it is now, or `None` if it is gone.
pub(super) fn retry(
    failure: &Failure,
    entry: &Entry,
    max_retries: u32,
    job: Option<&LiveJob>,
    now: DateTime<Utc>,
) -> Result<Entry, AfterFailure> {
    if failure.is_permanent() {
        return Err(AfterFailure::Permanent);
    }
    if entry.retries() >= max_retries {
        return Err(AfterFailure::NoRetriesLeft { limit: max_retries });
    }
    let job = job.ok_or(AfterFailure::JobCancelled)?;
    let retries = entry.retries() + 1;
    let delay = job.definition.policy.backoff.before(retries, entry.run_id());
    let due_at = TimeDelta::from_std(delay).ok().and_then(|delay| now.checked_add_signed(delay));
    let due_at = due_at.unwrap_or(DateTime::<Utc>::MAX_UTC);
    // A paused job has no next fire, and its retry is held until it is resumed too.
    let cancels = job.overlap() == Overlap::Cancel && !job.is_paused;
    // The clock may have been set back since the fire was due.
    let next = cancels.then(|| job.schedule.next_after(entry.covers_until.max(now))).flatten();
    if next.is_some_and(|next| job.due_at(next) <= due_at) {
        return Err(AfterFailure::NextRunFirst);
    }
    Ok(Entry { attempt: entry.attempt + 1, due_at, revision: job.revision, ..entry.clone() })
}
