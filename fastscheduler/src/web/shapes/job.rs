//! Jobs.

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};
use serde::Serialize;
use utoipa::ToSchema;

use super::{ConfigShape, LocalTime, ScheduleConfig, ScheduleType, SettingsShape, UtcTime};
use super::{schedule_shown, seconds};
use crate::job::{Job, JobId, JobStatus, RunStatus, Source};
use crate::schedule::{ScheduleDefinition, Zone};

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
    /// When the program last added it, in UTC; null if it never did.
    #[schema(value_type = Option<String>, format = DateTime)]
    added_at: Option<UtcTime>,
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
    /// The job as of `now`; `zone` is that of jobs that name none.
    pub(in crate::web) fn new(job: &'a Job, zone: Zone, now: DateTime<Utc>) -> Self {
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
            source: match job.source() {
                Source::Code | Source::Added => Maker::Code,
                Source::Imported if job.declared().is_some() => Maker::Code,
                Source::Api | Source::Unrecorded | Source::Imported => Maker::Api,
            },
        }
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
