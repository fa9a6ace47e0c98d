//! Jobs.

use std::borrow::Cow;
use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};
use serde::Serialize;
use utoipa::ToSchema;

use super::time::length;
use super::{ConfigShape, LocalTime, ScheduleConfig, ScheduleType, SettingsShape, UtcTime};
use super::{schedule_shown, seconds};
use crate::engine::RunningAttempt;
use crate::job::{Job, JobId, JobStatus, Run, RunId, RunStatus, Source};
use crate::schedule::{ScheduleDefinition, Zone};
use crate::scheduler::JobNow;

/// A job and its state.
#[derive(Serialize, ToSchema)]
#[schema(as = Job)]
pub(in crate::web) struct JobShape<'a> {
    /// `job_N`; never used again.
    #[schema(value_type = String, example = "job_0")]
    job_id: JobId,
    #[serde(flatten)]
    settings: SettingsShape<'a>,
    /// The function that runs.
    func_name: &'a str,
    /// The module under which the function is registered.
    func_module: &'a str,
    /// What it is at.
    status: JobStatus,
    /// The schedule in one sentence.
    #[serde(serialize_with = "super::shown")]
    #[schema(value_type = String, example = "Every 30 seconds")]
    schedule: &'a ScheduleDefinition,
    /// What kind of schedule it is.
    schedule_type: ScheduleType,
    /// The schedule, as a request would write it.
    #[schema(value_type = ScheduleConfig)]
    schedule_config: ConfigShape<'a>,
    /// When it is due, `YYYY-MM-DD HH:MM:SS` in its zone.
    #[schema(value_type = Option<String>)]
    next_run: Option<LocalTime>,
    /// When it is due, in UTC.
    #[schema(value_type = Option<String>, format = DateTime)]
    next_run_at: Option<UtcTime>,
    /// How long until then, in seconds.
    #[schema(minimum = 0)]
    next_run_in: Option<f64>,
    /// Attempts that have ended.
    run_count: u64,
    /// Attempts that failed.
    failure_count: u64,
    /// Retries that the present fire has had.
    retry_count: u32,
    /// Whether it is paused.
    paused: bool,
    /// When its last attempt started, `YYYY-MM-DD HH:MM:SS` in its zone.
    #[schema(value_type = Option<String>)]
    last_run: Option<LocalTime>,
    /// When its last attempt started, in UTC.
    #[schema(value_type = Option<String>, format = DateTime)]
    last_run_at: Option<UtcTime>,
    /// How its last attempt ended.
    last_status: Option<Outcome>,
    /// How its last attempts ended, at most five, the newest last.
    recent: Vec<Outcome>,
    /// It grows with each change of the definition, from 1.
    revision: u64,
    /// Who made it.
    source: Maker,
    /// When the program last added it, in UTC; null if it never did. If that is before the
    /// scheduler was started, the program has not added it since this start.
    #[schema(value_type = Option<String>, format = DateTime)]
    added_at: Option<UtcTime>,
    /// When it was made, in UTC.
    #[schema(value_type = String, format = DateTime)]
    created_at: UtcTime,
    /// When it was paused, in UTC; null if it is not, or if that was not recorded.
    #[schema(value_type = Option<String>, format = DateTime)]
    paused_at: Option<UtcTime>,
    /// The first fire that neither has begun nor is recorded as skipped, in UTC, also while
    /// it is paused; null if none is to come.
    #[schema(value_type = Option<String>, format = DateTime)]
    unaccounted_from: Option<UtcTime>,
    /// How many of those fires are due by now: counted to 10,000 where one job is asked for,
    /// and to 100 in lists and events.
    #[schema(maximum = 10_000)]
    fires_due: u64,
    /// Its attempts that are under way, by when they began.
    running: Vec<Attempt>,
    /// When the retry that waits is due, in UTC; null if none waits, or while it is paused.
    #[schema(value_type = Option<String>, format = DateTime)]
    next_attempt_at: Option<UtcTime>,
    /// Where the attribute stands that declares it; null if none does.
    declared: Option<Declaration>,
    /// Its last attempts that the history has, at most five, the newest last; only if they
    /// are asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    recent_runs: Option<Vec<RecentRun<'a>>>,
}

/// An attempt that is under way.
#[derive(Serialize, ToSchema)]
#[schema(as = RunningAttempt)]
struct Attempt {
    /// What is unique about it.
    #[schema(value_type = String, example = "job_0-s-1795392020000000-1")]
    run_id: RunId,
    /// When it began, in UTC.
    #[schema(value_type = Option<String>, format = DateTime)]
    started_at: Option<UtcTime>,
    /// When its timeout ends it, in UTC; null if it has none.
    #[schema(value_type = Option<String>, format = DateTime)]
    deadline_at: Option<UtcTime>,
}

impl Attempt {
    fn new(attempt: &RunningAttempt) -> Self {
        Self {
            run_id: attempt.run.run_id,
            started_at: attempt.run.started_at.map(UtcTime),
            deadline_at: attempt.deadline_at.map(UtcTime),
        }
    }
}

/// Where an attribute stands.
#[derive(Serialize, ToSchema)]
struct Declaration {
    /// The file, as the compiler names it.
    #[schema(example = "src/jobs.rs")]
    file: &'static str,
    /// The line of the attribute's first argument.
    #[schema(example = 12)]
    line: u32,
}

/// An attempt that has ended, in short.
#[derive(Serialize, ToSchema)]
struct RecentRun<'a> {
    /// What is unique about it.
    #[schema(value_type = String, example = "job_0-s-1795392020000000-1")]
    run_id: RunId,
    /// How it ended.
    status: RunStatus,
    /// When its fire was due by the schedule, in UTC.
    #[schema(value_type = String, format = DateTime)]
    due: UtcTime,
    /// How long it took, in seconds; null if that is not known.
    #[schema(minimum = 0)]
    took: Option<f64>,
    /// What went wrong, if it failed.
    #[schema(value_type = Option<String>)]
    error: Option<Cow<'a, str>>,
}

impl<'a> RecentRun<'a> {
    fn new(run: &'a Run) -> Self {
        Self {
            run_id: run.run_id,
            status: run.status,
            due: UtcTime(run.scheduled_for()),
            took: run.execution_time().map(length),
            error: run.annotated_error(),
        }
    }
}

/// Who made a job.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum Maker {
    /// An attribute or the program.
    Code,
    /// A client.
    Api,
}

/// How an attempt ended.
#[derive(Clone, Copy, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum Outcome {
    Completed,
    Failed,
}

impl Outcome {
    /// The outcome of an attempt that has ended.
    fn of(status: RunStatus) -> Option<Self> {
        match status {
            RunStatus::Completed => Some(Self::Completed),
            RunStatus::Failed => Some(Self::Failed),
            RunStatus::Running | RunStatus::Missed => None,
        }
    }
}

impl<'a> JobShape<'a> {
    /// The job as of `now`, and what it is doing; `zone` is that of jobs that name none.
    pub(in crate::web) fn new(job: &'a Job, doing: &JobNow, zone: Zone, now: DateTime<Utc>) -> Self {
        let definition = job.definition();
        let zone = definition.schedule.zone.map_or(zone, Zone::from);
        let (schedule_type, schedule_config) = schedule_shown(&definition.schedule.spec);
        let recent: Vec<_> = job.recent().filter_map(Outcome::of).collect();
        Self {
            job_id: job.id(),
            settings: SettingsShape::new(definition),
            func_name: job.function().name(),
            func_module: job.function().module(),
            status: job.status(),
            schedule: &definition.schedule,
            schedule_type,
            schedule_config,
            next_run: job.next_run_at().map(|at| LocalTime { at, zone }),
            next_run_at: job.next_run_at().map(UtcTime),
            next_run_in: job.next_run_at().map(|at| seconds((at - now).max(TimeDelta::zero()))),
            run_count: job.run_count(),
            failure_count: job.failure_count(),
            retry_count: job.retry_count(),
            paused: job.is_paused(),
            last_run: job.last_run_at().map(|at| LocalTime { at, zone }),
            last_run_at: job.last_run_at().map(UtcTime),
            last_status: recent.last().copied(),
            recent,
            revision: job.revision(),
            added_at: job.added_at().map(UtcTime),
            created_at: UtcTime(job.created_at()),
            paused_at: job.paused_at().map(UtcTime),
            unaccounted_from: job.unaccounted_from().map(UtcTime),
            fires_due: doing.fires_due,
            running: doing.running.iter().map(Attempt::new).collect(),
            next_attempt_at: doing.next_attempt_at.map(UtcTime),
            declared: doing.declared_at.map(|place| Declaration { file: place.file, line: place.line }),
            recent_runs: None,
            source: match job.source() {
                Source::Code | Source::Added => Maker::Code,
                Source::Imported if job.declared().is_some() => Maker::Code,
                Source::Api | Source::Unrecorded | Source::Imported => Maker::Api,
            },
        }
    }
}

impl<'a> JobShape<'a> {
    /// The same with its last runs, the newest last.
    pub(in crate::web) fn with_recent(self, runs: &'a [Run]) -> Self {
        Self { recent_runs: Some(runs.iter().map(RecentRun::new).collect()), ..self }
    }
}

/// Some jobs.
#[derive(Serialize, ToSchema)]
pub(in crate::web) struct JobList<'a> {
    /// The jobs.
    pub(in crate::web) jobs: Vec<JobShape<'a>>,
    /// How many there are, without the limit.
    pub(in crate::web) total: usize,
    /// With `with=counts`: how many jobs there are of each status, whatever `status` is
    /// asked for. A status that none has is left out.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<BTreeMap<String, usize>>, example = json!({"paused": 5, "scheduled": 122}))]
    pub(in crate::web) counts: Option<BTreeMap<JobStatus, usize>>,
}

/// One job.
#[derive(Serialize, ToSchema)]
pub(in crate::web) struct JobAnswer<'a> {
    /// The job.
    pub(in crate::web) job: JobShape<'a>,
}
