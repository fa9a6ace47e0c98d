//! What is planned: the fires of some jobs, and the load of all.

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse as _, Response};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::error::{AnyError, ApiError, QueryError};
use super::extract::{QueryParameters, Repeated};
use super::history::read_instant;
use super::job_filter::JobFilter;
use super::settings::number;
use super::shapes::{ConfigShape, Instant, ScheduleConfig, ScheduleType, UtcTime};
use super::shapes::{schedule_shown, seconds};
use super::state::WebState;
use crate::job::JobId;
use crate::schedule::WindowEdge;
use crate::scheduler::{PlannedJob, TimelineQuery};
use crate::storage::JobQuery;

/// Jobs that are answered if nothing is said.
const DEFAULT_LIMIT: usize = 50;

/// The most jobs that are answered at once.
const HIGHEST_LIMIT: usize = 200;

pub(super) fn routes() -> OpenApiRouter<WebState> {
    OpenApiRouter::new().routes(routes!(show))
}

/// Which part of what is planned is asked for.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct TimelineParameters {
    /// The first instant: seconds since 1970, or RFC 3339. If it is left out, 7 hours before
    /// `to`, or an hour ago.
    #[param(inline, value_type = Option<Instant>)]
    from: Option<String>,
    /// The last instant, as `from`, and later than that by at most 7 days; 7 hours later if it
    /// is left out.
    #[param(inline, value_type = Option<Instant>)]
    to: Option<String>,
    /// Jobs with this text in their id, name, group or function.
    q: Option<String>,
    /// The most jobs, the soonest first; 50 if it is left out.
    #[param(minimum = 1, maximum = 200, value_type = Option<usize>)]
    limit: Option<String>,
    /// How many of the first are left out.
    #[param(minimum = 0, maximum = 18_446_744_073_709_551_615_u64, value_type = Option<usize>)]
    offset: Option<String>,
}

impl TimelineParameters {
    fn query(self, filter: JobFilter) -> Result<TimelineQuery, ApiError> {
        let jobs = JobQuery {
            text: self.q,
            offset: number("offset", self.offset.as_deref(), 0..=usize::MAX)?.unwrap_or_default(),
            limit: Some(number("limit", self.limit.as_deref(), 1..=HIGHEST_LIMIT)?.unwrap_or(DEFAULT_LIMIT)),
            ..filter.query()
        };
        Ok(TimelineQuery { from: instant("from", self.from)?, to: instant("to", self.to)?, jobs })
    }
}

fn instant(name: &str, text: Option<String>) -> Result<Option<DateTime<Utc>>, ApiError> {
    let Some(text) = text else { return Ok(None) };
    let wrong = || {
        ApiError::not_allowed(format!("`{name}` is `{text}`; use seconds since 1970, or RFC 3339")).of(name)
    };
    read_instant(&text).ok_or_else(wrong).map(Some)
}

/// What is planned in a span of time.
#[derive(Serialize, ToSchema)]
struct TimelineAnswer<'a> {
    /// The first instant, in UTC.
    #[schema(value_type = String, format = DateTime)]
    from: UtcTime,
    /// The last instant, in UTC.
    #[schema(value_type = String, format = DateTime)]
    to: UtcTime,
    /// How long each step of `load` takes, in seconds: 60 up to 7 hours, 300 up to 25 hours,
    /// else 1,800.
    step: i64,
    /// When the first step begins, in UTC: at a whole multiple of `step` since 1970, at or
    /// before `from`.
    #[schema(value_type = String, format = DateTime)]
    load_from: UtcTime,
    /// How many fires of all jobs fall into each step, but for those of jobs that are paused or
    /// lack their function. At most a minute old.
    load: Vec<u64>,
    /// Whether fires are missing in `load` or in the counts of `jobs`, since there were too many
    /// to look for.
    is_partial: bool,
    /// The jobs.
    jobs: Vec<PlannedShape<'a>>,
    /// How many jobs there are, without the limit.
    total: usize,
}

/// The fires of a job that are planned in a span of time.
#[derive(Serialize, ToSchema)]
#[schema(as = PlannedJob)]
struct PlannedShape<'a> {
    /// `job_N`.
    #[schema(value_type = String, example = "job_0")]
    job_id: JobId,
    /// Its name.
    job_name: &'a str,
    /// Whether it is paused: then its fires do not run.
    paused: bool,
    /// When it was paused, in UTC; null if it is not, or if that was not recorded.
    #[schema(value_type = Option<String>, format = DateTime)]
    paused_at: Option<UtcTime>,
    /// The schedule in one sentence.
    #[schema(example = "Every 30 seconds")]
    schedule: String,
    /// What kind of schedule it is.
    schedule_type: ScheduleType,
    /// The schedule, as a request would write it.
    #[schema(value_type = ScheduleConfig)]
    schedule_config: ConfigShape<'a>,
    /// The zone of its local times; null is the scheduler's.
    timezone: Option<&'static str>,
    /// The first date of its schedule.
    #[schema(value_type = Option<String>)]
    from: Option<WindowEdge>,
    /// The last date of its schedule.
    #[schema(value_type = Option<String>)]
    until: Option<WindowEdge>,
    /// The first 60 of its fires by its schedule, in UTC.
    #[schema(inline, max_items = 60)]
    fires: Vec<UtcTime>,
    /// The last of its fires, in UTC, which may be later than those; null if there is none.
    #[schema(value_type = Option<String>, format = DateTime)]
    last: Option<UtcTime>,
    /// How many they are; those that do not come at even intervals are counted to 10,000, and to
    /// fewer where many jobs have many.
    count: u64,
    /// Whether there are no more than `count`.
    is_exact: bool,
    /// From one fire to the next, in seconds, if there are more than 60 and they come at even
    /// intervals.
    every: Option<f64>,
}

impl<'a> PlannedShape<'a> {
    fn new(job: &'a PlannedJob) -> Self {
        let (schedule_type, schedule_config) = schedule_shown(&job.schedule.spec);
        Self {
            job_id: job.job_id,
            job_name: &job.job_name,
            paused: job.is_paused,
            paused_at: job.paused_at.map(UtcTime),
            schedule: job.schedule.to_string(),
            schedule_type,
            schedule_config,
            timezone: job.schedule.zone.map(chrono_tz::Tz::name),
            from: job.schedule.from,
            until: job.schedule.until,
            fires: job.fires.iter().copied().map(UtcTime).collect(),
            last: job.last.map(UtcTime),
            count: job.count,
            is_exact: job.is_exact,
            every: job.every.map(seconds),
        }
    }
}

/// What is planned in a span of time, the past included.
#[utoipa::path(
    get, operation_id = "show_timeline", path = "/api/timeline", tag = "schedules",
    params(JobFilter, TimelineParameters),
    responses(
        (status = 200, body = TimelineAnswer<'_>, example = json!({
            "from": "2026-11-23T00:00:00Z",
            "to": "2026-11-23T00:03:00Z",
            "step": 60,
            "load_from": "2026-11-23T00:00:00Z",
            "load": [60, 60, 61],
            "is_partial": false,
            "jobs": [
                {
                    "job_id": "job_0", "job_name": "backup", "paused": false, "paused_at": null,
                    "schedule": "Daily at 00:02", "schedule_type": "daily",
                    "schedule_config": {"time": "00:02"}, "timezone": null, "from": null,
                    "until": null, "fires": ["2026-11-23T00:02:00Z"],
                    "last": "2026-11-23T00:02:00Z", "count": 1, "is_exact": true, "every": null,
                },
                {
                    "job_id": "job_1", "job_name": "digest", "paused": true,
                    "paused_at": "2026-11-22T18:00:00Z", "schedule": "Daily at 00:01",
                    "schedule_type": "daily", "schedule_config": {"time": "00:01"},
                    "timezone": null, "from": null, "until": null,
                    "fires": ["2026-11-23T00:01:00Z"], "last": "2026-11-23T00:01:00Z", "count": 1, "is_exact": true,
                    "every": null,
                },
            ],
            "total": 3,
        })),
        AnyError, QueryError
    ),
)]
async fn show(
    State(state): State<WebState>,
    repeated: Repeated,
    QueryParameters(parameters): QueryParameters<TimelineParameters>,
) -> Result<Response, ApiError> {
    let timeline = state.scheduler.timeline(&parameters.query(JobFilter::read(&repeated)?)?).await?;
    Ok(Json(TimelineAnswer {
        from: UtcTime(timeline.from),
        to: UtcTime(timeline.to),
        step: timeline.step.num_seconds(),
        load_from: UtcTime(timeline.load_from),
        load: timeline.load,
        is_partial: timeline.is_partial,
        jobs: timeline.jobs.iter().map(PlannedShape::new).collect(),
        total: timeline.total,
    })
    .into_response())
}
