//! What the Python program remembers of runs: its history, dead letters and
//! totals.

use std::collections::BTreeMap;
use std::time::Duration;

use chrono::{DateTime, TimeDelta};
use serde::Deserialize;
use serde_json::Value;

use super::{LARGEST, instant};
use crate::job::{
    DEFAULT_GROUP, DeadLetter, FunctionKey, FunctionStatistics, Job, JobId, Name, Run, RunId, RunStatus,
    Statistics, Trigger,
};

#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct Totals {
    #[serde(rename = "total_runs")]
    completed: u64,
    #[serde(rename = "total_failures")]
    failed: u64,
    #[serde(rename = "total_retries")]
    retried: u64,
}

/// What happened to a job at one moment.
#[derive(Deserialize)]
pub(super) struct Event {
    job_id: JobId,
    job_name: Option<String>,
    func_name: String,
    status: String,
    timestamp: f64,
    error: Option<String>,
    #[serde(default)]
    run_count: u64,
    execution_time: Option<f64>,
}

#[derive(Deserialize)]
pub(super) struct StoredLetters {
    dead_letters: Vec<Value>,
}

impl Event {
    /// The attempt that ended with it, if it is such an event.
    pub(super) fn run(&self, jobs: &BTreeMap<JobId, Job>) -> Option<Run> {
        let status = match self.status.as_str() {
            "completed" => RunStatus::Completed,
            "failed" => RunStatus::Failed,
            _ => return None,
        };
        let job = jobs.get(&self.job_id);
        let finished_at = instant(self.timestamp).ok()?;
        let took = self.execution_time.and_then(|seconds| Duration::try_from_secs_f64(seconds).ok());
        let took = TimeDelta::from_std(took.unwrap_or_default()).unwrap_or_default();
        let started_at = finished_at.checked_sub_signed(took).unwrap_or(finished_at);
        // When it was due is not stored.
        let scheduled_for = DateTime::from_timestamp_micros(started_at.timestamp_micros())?;
        let module = job.map_or("", |job| job.function().module());
        Some(Run {
            run_id: RunId { job: self.job_id, trigger: Trigger::Schedule, scheduled_for, attempt: 1 },
            job_name: self.job_name.as_deref().unwrap_or(&self.func_name).into(),
            function: FunctionKey::new(module, &self.func_name),
            group: job.map_or_else(|| Name::from(DEFAULT_GROUP), |job| job.definition.group.clone()),
            status,
            run_count: self.run_count,
            started_at: Some(scheduled_for),
            finished_at: Some(finished_at),
            result: None,
            error: self.error.clone(),
            instance: None,
            skipped: None,
        })
    }
}

/// The letters of jobs that are there: what it takes to run the others again
/// is not stored.
pub(super) fn dead_letters(
    letters: Option<StoredLetters>,
    jobs: &BTreeMap<JobId, Job>,
    notes: &mut Vec<String>,
) -> Vec<DeadLetter> {
    let mut taken = Vec::new();
    for value in letters.into_iter().flat_map(|letters| letters.dead_letters) {
        let event = match serde_json::from_value::<Event>(value) {
            Ok(event) => event,
            Err(error) => {
                notes.push(format!("a dead letter is not taken over: {error}"));
                continue;
            }
        };
        let job = jobs.get(&event.job_id).filter(|job| job.function().name() == event.func_name);
        match event.run(jobs).zip(job) {
            Some((run, job)) => taken.push(DeadLetter { run, definition: job.definition().clone() }),
            None => notes.push(format!(
                "a dead letter of {} (`{}`) is not taken over: its job is gone, and with it what to run again",
                event.job_id, event.func_name
            )),
        }
    }
    taken
}

/// It counts what succeeded as runs; here a run is any attempt that ended.
pub(super) fn totals(stored: &Totals, runs: &[Run], notes: &mut Vec<String>) -> Statistics {
    let mut per_function: BTreeMap<FunctionKey, FunctionStatistics> = BTreeMap::new();
    for run in runs {
        let of_function = per_function.entry(run.function.clone()).or_default();
        of_function.count(run.status == RunStatus::Failed);
    }
    let mut total = |count, name| counted(count, || format!("`{name}` of the statistics"), notes);
    let completed = total(stored.completed, "total_runs");
    let failed = total(stored.failed, "total_failures");
    Statistics {
        total_runs: completed + failed,
        total_failures: failed,
        total_retries: total(stored.retried, "total_retries"),
        per_function,
        ..Statistics::default()
    }
}

/// A count that can be counted on from, or else none.
pub(super) fn counted(count: u64, what: impl FnOnce() -> String, notes: &mut Vec<String>) -> u64 {
    if count <= LARGEST {
        return count;
    }
    notes.push(format!("the {} is not taken over: {count} is too large to count on from", what()));
    0
}
