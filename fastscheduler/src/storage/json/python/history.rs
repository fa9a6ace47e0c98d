//! What the Python program remembers of runs: its history, dead letters and
//! totals.

use std::collections::BTreeMap;
use std::time::Duration;

use chrono::{DateTime, TimeDelta};
use serde::Deserialize;
use serde_json::value::RawValue;

use super::{LARGEST, instant, read_item};
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
struct Event {
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
pub(super) struct StoredLetters<'a> {
    #[serde(borrow)]
    dead_letters: Vec<&'a RawValue>,
}

/// What a job was at when its record was made: such records say nothing that
/// those of its attempts do not.
const ON_THE_WAY: [&str; 3] = ["scheduled", "running", "retrying"];

impl Event {
    /// What became of the attempt that ended with it, if it is such an event.
    fn ended(&self) -> Option<RunStatus> {
        match self.status.as_str() {
            "completed" => Some(RunStatus::Completed),
            "failed" => Some(RunStatus::Failed),
            _ => None,
        }
    }

    /// The attempt that ended with it.
    fn run(&self, status: RunStatus, jobs: &BTreeMap<JobId, Job>) -> Result<Run, String> {
        let job = jobs.get(&self.job_id);
        let finished_at = instant(self.timestamp)?;
        let took = self.execution_time.and_then(|seconds| Duration::try_from_secs_f64(seconds).ok());
        let took = TimeDelta::from_std(took.unwrap_or_default()).unwrap_or_default();
        let started_at = finished_at.checked_sub_signed(took).unwrap_or(finished_at);
        // When it was due is not stored.
        let scheduled_for =
            DateTime::from_timestamp_micros(started_at.timestamp_micros()).unwrap_or(started_at);
        let module = job.map_or("", |job| job.function().module());
        Ok(Run {
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
            after_failure: None,
            instance: None,
            timed_out: false,
            skipped: None,
        })
    }
}

/// The attempts that ended. Other records are counted, unless they are of the
/// way there.
pub(super) fn runs(events: Vec<&RawValue>, jobs: &BTreeMap<JobId, Job>, notes: &mut Vec<String>) -> Vec<Run> {
    let mut others: BTreeMap<String, usize> = BTreeMap::new();
    let mut runs = Vec::new();
    for event in events {
        let event: Event = match read_item(event) {
            Ok(event) => event,
            Err(error) => {
                notes.push(format!("a record of the history is not taken over: {error}"));
                continue;
            }
        };
        match event.ended().map(|status| event.run(status, jobs)) {
            Some(Ok(run)) => runs.push(run),
            Some(Err(reason)) => notes.push(format!("a record of the history is not taken over: {reason}")),
            None if ON_THE_WAY.contains(&event.status.as_str()) => {}
            None => *others.entry(event.status).or_default() += 1,
        }
    }
    if !others.is_empty() {
        let others: Vec<_> = others.iter().map(|(status, count)| format!("{count} × `{status}`")).collect();
        notes.push(format!(
            "records of the history are not taken over, since no attempt ended with them: {}",
            others.join(", ")
        ));
    }
    runs
}

/// The letters of jobs that are there: what it takes to run the others again
/// is not stored.
pub(super) fn dead_letters(
    letters: Option<StoredLetters<'_>>,
    jobs: &BTreeMap<JobId, Job>,
    notes: &mut Vec<String>,
) -> Vec<DeadLetter> {
    let mut taken = Vec::new();
    for letter in letters.into_iter().flat_map(|letters| letters.dead_letters) {
        let event: Event = match read_item(letter) {
            Ok(event) => event,
            Err(error) => {
                notes.push(format!("a dead letter is not taken over: {error}"));
                continue;
            }
        };
        let job = jobs.get(&event.job_id).filter(|job| job.function().name() == event.func_name);
        let name = format!("a dead letter of {} (`{}`)", event.job_id, event.func_name);
        let Some(job) = job else {
            notes.push(format!("{name} is not taken over: its job is gone, and with it what to run again"));
            continue;
        };
        match event.run(RunStatus::Failed, jobs) {
            Ok(run) => taken.push(DeadLetter { run, definition: job.definition().clone() }),
            Err(reason) => notes.push(format!("{name} is not taken over: {reason}")),
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
