//! Jobs.

use chrono::{DateTime, TimeDelta, Utc};
use serde::Serialize;
use serde_json::{Map, Value};
use utoipa::ToSchema;

use super::time::length;
use super::{ConfigShape, LocalTime, ScheduleConfig, ScheduleType, UtcTime, seconds};
use crate::job::{CatchUp, Job, JobId, JobStatus, Overlap, RunStatus, Source};
use crate::schedule::{ScheduleDefinition, Zone};

/// A job and its state.
#[derive(Serialize, ToSchema)]
#[schema(as = Job)]
pub(in crate::web) struct JobShape<'a> {
    /// `job_N`; never used again.
    #[schema(value_type = String, example = "job_0")]
    job_id: JobId,
    /// The name people know it by.
    job_name: &'a str,
    /// The function that runs.
    func_name: &'a str,
    /// The module under which the function is registered.
    func_module: &'a str,
    /// The group it belongs to.
    group: &'a str,
    /// What it is at.
    #[schema(value_type = StatusOfJob)]
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
    /// The zone of its local times; null is the scheduler's.
    timezone: Option<&'static str>,
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
    /// Attempts after the first that failed.
    max_retries: u32,
    /// The longest an attempt may take, in seconds.
    timeout: Option<f64>,
    /// Whether it is paused.
    paused: bool,
    /// When its last attempt started, `YYYY-MM-DD HH:MM:SS` in its zone.
    #[schema(value_type = Option<String>)]
    last_run: Option<LocalTime>,
    /// When its last attempt started, in UTC.
    #[schema(value_type = Option<String>, format = DateTime)]
    last_run_at: Option<UtcTime>,
    /// How its last attempt ended.
    #[schema(value_type = Option<Outcome>)]
    last_status: Option<RunStatus>,
    /// How its last attempts ended, at most five, the newest last.
    #[schema(value_type = Vec<Outcome>)]
    recent: Vec<RunStatus>,
    /// Positional arguments.
    #[schema(value_type = Vec<Value>)]
    args: &'a [Value],
    /// Keyword arguments.
    #[schema(value_type = Object)]
    kwargs: &'a Map<String, Value>,
    /// What happens to a fire while it is still at an earlier one.
    #[schema(value_type = WhenOverlapping)]
    overlap: Overlap,
    /// What happens to fires that were missed.
    #[schema(value_type = WhenMissed)]
    catch_up: CatchUp,
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

impl<'a> JobShape<'a> {
    /// The job as of `now`; `zone` is that of jobs that name none.
    pub(in crate::web) fn new(job: &'a Job, zone: Zone, now: DateTime<Utc>) -> Self {
        let definition = job.definition();
        let own_zone = definition.schedule.zone;
        let zone = own_zone.map_or(zone, Zone::from);
        let recent: Vec<_> = job.recent().collect();
        Self {
            job_id: job.id(),
            job_name: job.name(),
            func_name: job.function().name(),
            func_module: job.function().module(),
            group: job.group(),
            status: job.status(),
            schedule: &definition.schedule,
            schedule_type: ScheduleType::of(&definition.schedule.spec),
            schedule_config: ConfigShape::from(&definition.schedule.spec),
            timezone: own_zone.map(chrono_tz::Tz::name),
            next_run: job.next_run_at().map(|at| LocalTime { at, zone }),
            next_run_at: job.next_run_at().map(UtcTime),
            next_run_in: job.next_run_at().map(|at| seconds((at - now).max(TimeDelta::zero()))),
            run_count: job.run_count(),
            failure_count: job.failure_count(),
            retry_count: job.retry_count(),
            max_retries: job.max_retries(),
            timeout: job.timeout().map(length),
            paused: job.is_paused(),
            last_run: job.last_run_at().map(|at| LocalTime { at, zone }),
            last_run_at: job.last_run_at().map(UtcTime),
            last_status: recent.last().copied(),
            recent,
            args: &definition.args,
            kwargs: &definition.kwargs,
            overlap: definition.policy.overlap,
            catch_up: definition.policy.catch_up,
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
}

/// One job.
#[derive(Serialize, ToSchema)]
pub(in crate::web) struct JobAnswer<'a> {
    /// The job.
    pub(in crate::web) job: JobShape<'a>,
}

/// What a job is at.
#[derive(ToSchema)]
#[schema(as = JobStatus, rename_all = "snake_case")]
#[expect(dead_code, reason = "it documents `JobStatus`, which knows nothing of HTTP")]
pub(in crate::web) enum StatusOfJob {
    Scheduled,
    Running,
    Paused,
    Completed,
    Failed,
    Orphaned,
}

/// How an attempt ended.
#[derive(ToSchema)]
#[schema(rename_all = "snake_case")]
#[expect(dead_code, reason = "it documents `RunStatus`, of which a job remembers these")]
pub(in crate::web) enum Outcome {
    Completed,
    Failed,
}

/// What happens to a fire while its job is still at an earlier one.
#[derive(ToSchema)]
#[schema(as = Overlap, rename_all = "snake_case")]
#[expect(dead_code, reason = "it documents `Overlap`, which knows nothing of HTTP")]
pub(in crate::web) enum WhenOverlapping {
    Skip,
    Queue,
    Allow,
    Cancel,
}

/// What a time does that clocks going forward leave out.
#[derive(ToSchema)]
#[schema(as = Gap, rename_all = "snake_case")]
#[expect(dead_code, reason = "it documents `Gap`, which knows nothing of HTTP")]
pub(in crate::web) enum InGap {
    Next,
    Skip,
    Shift,
}

/// What a time does that clocks going back repeat.
#[derive(ToSchema)]
#[schema(as = Fold, rename_all = "snake_case")]
#[expect(dead_code, reason = "it documents `Fold`, which knows nothing of HTTP")]
pub(in crate::web) enum InFold {
    First,
    Second,
    Both,
}

/// What happens to fires that were missed.
#[derive(ToSchema)]
#[schema(as = CatchUp, rename_all = "snake_case")]
#[expect(dead_code, reason = "it documents `CatchUp`, which knows nothing of HTTP")]
pub(in crate::web) enum WhenMissed {
    Once,
    All,
    None,
}
