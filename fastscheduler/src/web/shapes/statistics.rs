//! Totals.

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};
use serde::Serialize;
use utoipa::ToSchema;

use super::seconds;
use super::time::timestamp;
use crate::job::Statistics;

/// Totals over all jobs since the store was begun.
#[derive(Serialize, ToSchema)]
#[schema(as = Statistics)]
pub(in crate::web) struct StatisticsShape {
    /// Attempts that ended.
    total_runs: u64,
    /// Attempts that failed.
    total_failures: u64,
    /// Retries that were made.
    total_retries: u64,
    /// When the scheduler was started, in seconds since 1970; null if it does not run.
    start_time: Option<f64>,
    /// How long ago that was.
    uptime_seconds: f64,
    /// How long ago that was, as `2 days, 3:04:05`.
    uptime_readable: String,
    /// Jobs there are.
    active_jobs: usize,
    /// Totals of each function, by its name.
    per_job: BTreeMap<String, PerFunction>,
}

/// Totals of one function.
#[derive(Default, Serialize, ToSchema)]
struct PerFunction {
    /// Attempts that succeeded.
    completed: u64,
    /// Attempts that failed.
    failed: u64,
    /// Attempts that ended.
    total_runs: u64,
}

impl StatisticsShape {
    /// The totals as of `now`.
    pub(in crate::web) fn new(statistics: &Statistics, now: DateTime<Utc>) -> Self {
        let uptime = statistics.started_at.map_or(TimeDelta::zero(), |since| now - since);
        let uptime = uptime.max(TimeDelta::zero());
        let mut per_job: BTreeMap<String, PerFunction> = BTreeMap::new();
        for (function, totals) in &statistics.per_function {
            // Two modules may have functions of one name.
            let sum = per_job.entry(function.name().to_owned()).or_default();
            sum.completed += totals.completed;
            sum.failed += totals.failed;
            sum.total_runs += totals.completed + totals.failed;
        }
        Self {
            total_runs: statistics.total_runs,
            total_failures: statistics.total_failures,
            total_retries: statistics.total_retries,
            start_time: statistics.started_at.map(timestamp),
            uptime_seconds: seconds(uptime),
            uptime_readable: readable(uptime),
            active_jobs: statistics.active_jobs,
            per_job,
        }
    }
}

/// `2 days, 3:04:05`, as the original writes it.
fn readable(length: TimeDelta) -> String {
    let seconds = length.num_seconds();
    let time = format!("{}:{:02}:{:02}", seconds / 3_600 % 24, seconds / 60 % 60, seconds % 60);
    match length.num_days() {
        0 => time,
        1 => format!("1 day, {time}"),
        days => format!("{days} days, {time}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_of_time_are_written_as_the_original_does() {
        let cases =
            [(0, "0:00:00"), (3_725, "1:02:05"), (90_000, "1 day, 1:00:00"), (200_000, "2 days, 7:33:20")];
        for (seconds, expected) in cases {
            assert_eq!(readable(TimeDelta::seconds(seconds)), expected, "{seconds}");
        }
    }
}
