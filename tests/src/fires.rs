//! What became of each fire of a job.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use fastscheduler::{JobId, Run, RunStatus, Scheduler, SkipReason, Trigger};

use crate::{monday, runs};

/// What became of one fire.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Fate {
    /// An attempt of it succeeded.
    Completed,
    /// Its last recorded attempt failed.
    Failed,
    /// It did not run.
    Skipped(&'static str),
}

/// The fires of an interval that the history tells of, as seconds since
/// [`monday`], each with its fate, sorted. A fire that is told of twice comes
/// twice.
///
/// # Panics
///
/// If the store fails.
pub async fn fires(scheduler: &Scheduler, job: JobId, interval: u32) -> Vec<(i64, Fate)> {
    let all = runs(scheduler).await;
    let mut fires = Vec::new();
    for run in all.iter().filter(|run| run.job_id() == job) {
        let is_scheduled = matches!(run.run_id.trigger, Trigger::Schedule | Trigger::CatchUp);
        if let Some(skipped) = &run.skipped {
            let step = TimeDelta::seconds(i64::from(interval));
            let mut at = skipped.first;
            while at <= skipped.last {
                fires.push((seconds(at), Fate::Skipped(reason(skipped.reason))));
                at += step;
            }
        } else if is_scheduled && is_last(run, &all) {
            let is_failed = run.status == RunStatus::Failed;
            fires
                .push((seconds(run.scheduled_for()), if is_failed { Fate::Failed } else { Fate::Completed }));
        }
    }
    fires.sort_unstable();
    fires
}

/// The instant so many seconds after [`monday`].
///
/// # Panics
///
/// Never: a test's seconds are few.
#[must_use]
pub fn second(seconds: u64) -> DateTime<Utc> {
    monday() + Duration::from_secs(seconds)
}

/// Whether no later attempt of the same fire is recorded.
fn is_last(run: &Run, all: &[Run]) -> bool {
    let is_later = |other: &&Run| {
        (other.run_id.job, other.run_id.trigger, other.run_id.scheduled_for)
            == (run.run_id.job, run.run_id.trigger, run.run_id.scheduled_for)
            && other.run_id.attempt > run.run_id.attempt
    };
    !all.iter().any(|other| is_later(&other))
}

fn seconds(at: DateTime<Utc>) -> i64 {
    (at - monday()).num_seconds()
}

fn reason(reason: SkipReason) -> &'static str {
    match reason {
        SkipReason::Overlap => "overlap",
        SkipReason::Paused => "paused",
        SkipReason::CatchUp => "catch_up",
        SkipReason::Orphaned => "orphaned",
        SkipReason::Rescheduled => "rescheduled",
        SkipReason::Cancelled => "cancelled",
    }
}
