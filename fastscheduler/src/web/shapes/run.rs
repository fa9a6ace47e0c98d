//! Runs: the records of attempts and of fires that were skipped.

use std::borrow::Cow;

use chrono::{DateTime, Utc};
use serde::Serialize;
use serde_json::value::RawValue;
use serde_json::{Map, Value};
use utoipa::ToSchema;

use super::time::{length, timestamp};
use super::{LocalTime, UtcTime};
use crate::job::{JobDefinition, JobId, RescheduleCause, Run, RunId, RunStatus, SkipReason, Trigger};
use crate::schedule::Zone;

/// The record of an attempt, or of fires that did not run.
#[derive(Serialize, ToSchema)]
#[schema(as = Run)]
pub(in crate::web) struct RunShape<'a> {
    /// What is unique about it.
    #[schema(value_type = String)]
    run_id: RunId,
    /// The job, which may be gone.
    #[schema(value_type = String, example = "job_0")]
    job_id: JobId,
    /// The job's name.
    job_name: &'a str,
    /// The function.
    func_name: &'a str,
    /// The module under which the function is registered.
    func_module: &'a str,
    /// The job's group.
    group: &'a str,
    /// What became of it.
    status: RunStatus,
    /// When it reached that status, in seconds since 1970.
    timestamp: f64,
    /// When it reached that status, `YYYY-MM-DD HH:MM:SS` in the scheduler's zone.
    #[schema(value_type = String)]
    timestamp_readable: LocalTime,
    /// When it was due by the schedule.
    #[schema(value_type = String, format = DateTime)]
    scheduled_for: UtcTime,
    /// When the attempt started.
    #[schema(value_type = Option<String>, format = DateTime)]
    started_at: Option<UtcTime>,
    /// When it ended, or was recorded.
    #[schema(value_type = Option<String>, format = DateTime)]
    finished_at: Option<UtcTime>,
    /// How long it took, in seconds.
    #[schema(minimum = 0)]
    execution_time: Option<f64>,
    /// What the function returned.
    #[schema(value_type = Value)]
    result: Option<&'a RawValue>,
    /// What went wrong.
    #[schema(value_type = Option<String>)]
    error: Option<Cow<'a, str>>,
    /// Which attempt of its job it was, from 1; of fires that did not run, how many attempts had ended.
    run_count: u64,
    /// Which retry of its fire it was; 0 for a first attempt.
    retry_count: u32,
    /// Which attempt of its fire it was, from 1; 0 for fires that did not run.
    attempt: u32,
    /// Why the fire came to be.
    trigger: Trigger,
    /// The process that ran it.
    instance: Option<&'a str>,
    /// Why fires did not run.
    reason: Option<SkipReason>,
    /// What gave the job another schedule, if the reason is `rescheduled` and it is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    cause: Option<RescheduleCause>,
    /// The run that the job was still at, if the reason is `overlap` and it is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    in_the_way: Option<RunId>,
    /// When the job was paused, if the reason is `paused` and it is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime)]
    paused_from: Option<UtcTime>,
    /// The first of the fires that did not run.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime)]
    first: Option<DateTime<Utc>>,
    /// The last of the fires that did not run.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime)]
    last: Option<DateTime<Utc>>,
    /// How many fires did not run.
    #[serde(skip_serializing_if = "Option::is_none")]
    count: Option<u64>,
    /// Of an attempt that failed: whether its timeout ended it.
    #[serde(skip_serializing_if = "Option::is_none")]
    timed_out: Option<bool>,
    /// Of one that its timeout ended: whether the thread of its function is still busy.
    #[serde(skip_serializing_if = "Option::is_none")]
    holds_thread: Option<bool>,
    /// Its positional arguments, while it is under way, and of a dead letter.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Vec<Value>>)]
    args: Option<&'a [Value]>,
    /// Its keyword arguments, while it is under way, and of a dead letter.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>)]
    kwargs: Option<&'a Map<String, Value>>,
}

impl<'a> RunShape<'a> {
    pub(in crate::web) fn new(run: &'a Run, zone: Zone) -> Self {
        let at = reached_at(run);
        let skipped = run.skipped.as_deref();
        Self {
            run_id: run.run_id,
            job_id: run.job_id(),
            job_name: &run.job_name,
            func_name: run.function.name(),
            func_module: run.function.module(),
            group: &run.group,
            status: run.status,
            timestamp: timestamp(at),
            timestamp_readable: LocalTime { at, zone },
            scheduled_for: UtcTime(skipped.map_or(run.scheduled_for(), |skipped| skipped.first)),
            started_at: run.started_at.map(UtcTime),
            finished_at: run.finished_at.map(UtcTime),
            execution_time: run.execution_time().map(length),
            // It was written by serde_json; were it not JSON, the list is worth more than it.
            result: run.result.as_deref().and_then(|json| serde_json::from_str(json).ok()),
            error: run.annotated_error(),
            run_count: run.run_count,
            retry_count: run.run_id.attempt.saturating_sub(1),
            attempt: run.run_id.attempt,
            trigger: run.trigger(),
            instance: run.instance.as_deref(),
            reason: skipped.map(|skipped| skipped.reason),
            cause: skipped.and_then(|skipped| skipped.cause),
            in_the_way: skipped.and_then(|skipped| skipped.in_the_way),
            paused_from: skipped.and_then(|skipped| skipped.paused_from).map(UtcTime),
            first: skipped.map(|skipped| skipped.first),
            last: skipped.map(|skipped| skipped.last),
            count: skipped.map(|skipped| skipped.count),
            timed_out: (run.status == RunStatus::Failed).then_some(run.timed_out),
            holds_thread: None,
            args: None,
            kwargs: None,
        }
    }

    /// The same with the arguments it was begun with.
    pub(in crate::web) fn with_arguments(self, definition: &'a JobDefinition) -> Self {
        Self { args: Some(&definition.args), kwargs: Some(&definition.kwargs), ..self }
    }

    /// The same, and of one that its timeout ended whether its thread is still busy.
    pub(in crate::web) fn with_thread(self, holds_thread: impl FnOnce(RunId) -> bool) -> Self {
        let holds_thread = (self.timed_out == Some(true)).then(|| holds_thread(self.run_id));
        Self { holds_thread, ..self }
    }
}

/// When a run reached its status.
pub(in crate::web) fn reached_at(run: &Run) -> DateTime<Utc> {
    run.finished_at.or(run.started_at).unwrap_or_else(|| run.scheduled_for())
}
