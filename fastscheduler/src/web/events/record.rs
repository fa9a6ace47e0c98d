//! Runs and totals.

use chrono::{DateTime, Utc};
use serde::{Serialize, Serializer};

use crate::job::{JobId, Run, RunId, RunStatus, SkipReason, Statistics, Trigger};
use crate::schedule::Zone;
use crate::web::shapes::{LocalTime, seconds};

/// The record of an attempt, or of fires that did not run.
#[derive(Serialize)]
pub(super) struct RunShape<'a> {
    run_id: RunId,
    job_id: JobId,
    job_name: &'a str,
    func_name: &'a str,
    func_module: &'a str,
    group: &'a str,
    status: RunStatus,
    timestamp: Option<f64>,
    timestamp_readable: Option<LocalTime>,
    scheduled_for: DateTime<Utc>,
    started_at: Option<DateTime<Utc>>,
    finished_at: Option<DateTime<Utc>>,
    execution_time: Option<f64>,
    result: Option<&'a str>,
    error: Option<&'a str>,
    attempt: u32,
    retry_count: u32,
    trigger: Trigger,
    instance: Option<&'a str>,
    reason: Option<SkipReason>,
    #[serde(skip_serializing_if = "Option::is_none")]
    first: Option<DateTime<Utc>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    last: Option<DateTime<Utc>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    count: Option<u64>,
}

impl<'a> RunShape<'a> {
    pub(super) fn new(run: &'a Run, zone: Zone) -> Self {
        let skipped = run.skipped.as_deref();
        Self {
            run_id: run.run_id,
            job_id: run.job_id(),
            job_name: &run.job_name,
            func_name: run.function.name(),
            func_module: run.function.module(),
            group: &run.group,
            status: run.status,
            timestamp: run.finished_at.map(|at| seconds(at - DateTime::UNIX_EPOCH)),
            timestamp_readable: run.finished_at.map(|at| LocalTime { at, zone }),
            scheduled_for: run.scheduled_for(),
            started_at: run.started_at,
            finished_at: run.finished_at,
            execution_time: run.execution_time().map(|time| time.as_secs_f64()),
            result: run.result.as_deref(),
            error: run.error.as_deref(),
            attempt: run.run_id.attempt,
            retry_count: run.run_id.attempt.saturating_sub(1),
            trigger: run.run_id.trigger,
            instance: run.instance.as_deref(),
            reason: skipped.map(|skipped| skipped.reason),
            first: skipped.map(|skipped| skipped.first),
            last: skipped.map(|skipped| skipped.last),
            count: skipped.map(|skipped| skipped.count),
        }
    }
}

/// Totals over all jobs.
pub(super) struct StatisticsShape<'a> {
    statistics: &'a Statistics,
    now: DateTime<Utc>,
}

impl<'a> StatisticsShape<'a> {
    pub(super) fn new(statistics: &'a Statistics, now: DateTime<Utc>) -> Self {
        Self { statistics, now }
    }
}

impl Serialize for StatisticsShape<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Statistics { total_runs, total_failures, total_retries, started_at, active_jobs, per_function } =
            self.statistics;
        let per_job: serde_json::Map<_, _> = per_function
            .iter()
            .map(|(function, of)| {
                let totals = serde_json::json!({
                    "completed": of.completed, "failed": of.failed, "total_runs": of.completed + of.failed,
                });
                (function.name().to_owned(), totals)
            })
            .collect();
        serde_json::json!({
            "total_runs": total_runs,
            "total_failures": total_failures,
            "total_retries": total_retries,
            "start_time": started_at,
            "uptime_seconds": started_at.map(|since| seconds(self.now - since)),
            "active_jobs": active_jobs,
            "per_job": per_job,
        })
        .serialize(serializer)
    }
}
