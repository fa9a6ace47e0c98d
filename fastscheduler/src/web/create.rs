//! Creating jobs.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::error::{AnyError, ApiError, BodyError};
use super::extract::JsonBody;
use super::settings::{Seconds, Whole, catch_up, fold, gap, length, overlap, retries};
use super::shapes::{Done, InFold, InGap, ScheduleType, WhenMissed, WhenOverlapping, WithSchedule};
use super::state::WebState;
use crate::job::JobId;
use crate::schedule::ScheduleBuilder;

pub(super) fn routes() -> OpenApiRouter<WebState> {
    OpenApiRouter::new().routes(routes!(create))
}

/// A job that is to be created.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct CreateJob {
    /// The function that runs; it must be registered.
    #[schema(example = "data_sync_task", min_length = 1)]
    func_name: String,
    /// The module under which it is registered; it may be left out if the name is unique.
    #[schema(example = "dev.test_app")]
    func_module: Option<String>,
    /// The name people know it by, 1 to 200 characters; the function's if it is left out.
    #[schema(min_length = 1, max_length = 200)]
    job_name: Option<String>,
    /// `interval`, `daily`, `weekly`, `hourly`, `monthly`, `cron`, `once` or `now`.
    #[schema(value_type = ScheduleType)]
    schedule_type: String,
    /// The schedule, in the fields of its type; `now` needs none.
    #[schema(value_type = Option<Object>)]
    schedule_config: Option<Map<String, Value>>,
    /// Attempts after the first that failed; 3 if it is left out.
    #[schema(value_type = Option<i64>, minimum = 0, maximum = 4_294_967_295_u64)]
    max_retries: Option<Whole>,
    /// The longest an attempt may take, in seconds.
    #[schema(value_type = Option<f64>, minimum = 0.001, maximum = 3_155_760_000_u64)]
    timeout: Option<Seconds>,
    /// The IANA name of the zone of its local times; the scheduler's if it is left out.
    #[schema(example = "Asia/Shanghai", min_length = 1, pattern = r"^[A-Za-z][A-Za-z0-9_+/-]*$")]
    timezone: Option<String>,
    /// `false` creates it paused.
    enabled: Option<bool>,
    /// Positional arguments.
    args: Option<Vec<Value>>,
    /// Keyword arguments.
    #[schema(value_type = Option<Object>)]
    kwargs: Option<Map<String, Value>>,
    /// The group it belongs to, 1 to 200 characters; `default` if it is left out.
    #[schema(min_length = 1, max_length = 200)]
    group: Option<String>,
    /// What happens to a fire while it is still at an earlier one: `skip` if it is left out.
    #[schema(value_type = Option<WhenOverlapping>)]
    overlap: Option<String>,
    /// What happens to fires that were missed: `once` if it is left out.
    #[schema(value_type = Option<WhenMissed>)]
    catch_up: Option<String>,
    /// Delays each fire by up to so many seconds.
    #[schema(value_type = Option<f64>, minimum = 0.001, maximum = 3_155_760_000_u64)]
    jitter: Option<Seconds>,
    /// What a time does that clocks going forward leave out: `next`, `skip` or `shift`.
    #[schema(value_type = Option<InGap>)]
    gap: Option<String>,
    /// What a time does that clocks going back repeat: `first`, `second` or `both`.
    #[schema(value_type = Option<InFold>)]
    fold: Option<String>,
}

type CreateBody = WithSchedule<CreateJob>;

/// That a job was created.
#[derive(Serialize, ToSchema)]
struct Created {
    #[serde(flatten)]
    done: Done,
    /// The job.
    #[schema(value_type = String, example = "job_0")]
    job_id: JobId,
}

/// Creates a job. Nothing is created if anything is wrong.
#[utoipa::path(
    post, operation_id = "create_job", path = "/api/jobs", tag = "jobs",
    request_body(content = CreateBody, examples(
        ("interval" = (value = json!({
            "func_name": "data_sync_task", "schedule_type": "interval",
            "schedule_config": {"interval": 30, "unit": "seconds"}
        }))),
        ("daily" = (value = json!({
            "func_name": "backup_task", "schedule_type": "daily", "schedule_config": {"time": "02:00"},
            "timezone": "Asia/Shanghai", "timeout": 3600
        }))),
        ("weekly" = (value = json!({
            "func_name": "report_generation_task", "schedule_type": "weekly",
            "schedule_config": {"days": [0, 4], "time": "10:00"}, "group": "reports"
        }))),
        ("hourly" = (value = json!({
            "func_name": "metrics_collection_task", "schedule_type": "hourly", "schedule_config": {"time": "30"}
        }))),
        ("monthly" = (value = json!({
            "func_name": "database_maintenance_task", "schedule_type": "monthly",
            "schedule_config": {"day": "last", "time": "00:00"}
        }))),
        ("cron" = (value = json!({
            "func_name": "api_monitoring_task", "schedule_type": "cron",
            "schedule_config": {"expression": "*/5 * * * *"}, "overlap": "queue"
        }))),
        ("once" = (value = json!({
            "func_name": "one_time_task", "schedule_type": "once",
            "schedule_config": {"delay": 10, "unit": "seconds"}, "args": ["hello"]
        }))),
        ("now" = (value = json!({"func_name": "one_time_task", "schedule_type": "now"}))),
    )),
    responses((status = 201, body = Created), AnyError, BodyError),
)]
async fn create(
    State(state): State<WebState>,
    JsonBody(request): JsonBody<CreateJob>,
) -> Result<(StatusCode, Json<Created>), ApiError> {
    let schedule = request.schedule_type.parse::<ScheduleType>()?.read(request.schedule_config)?;
    let module = request.func_module.as_deref().filter(|module| !module.is_empty());
    let named = |between: &str| match module {
        Some(module) => format!("{module}{between}{}", request.func_name),
        None => request.func_name.clone(),
    };
    let mut job = ScheduleBuilder::from(schedule).call(named("::"));
    if let Some(zone) = &request.timezone {
        job = job.tz(zone);
    }
    if let Some(gap) = request.gap.as_deref().map(gap).transpose()? {
        job = job.gap(gap);
    }
    if let Some(fold) = request.fold.as_deref().map(fold).transpose()? {
        job = job.fold(fold);
    }
    if let Some(name) = request.job_name {
        job = job.name(name);
    }
    if let Some(group) = request.group {
        job = job.group(group);
    }
    if let Some(args) = request.args {
        job = job.args(args);
    }
    if let Some(kwargs) = request.kwargs {
        job = job.kwargs(kwargs);
    }
    if let Some(max_retries) = request.max_retries {
        job = job.retries(retries(max_retries)?);
    }
    if let Some(timeout) = request.timeout {
        job = job.timeout(length("timeout", timeout)?);
    }
    if let Some(jitter) = request.jitter {
        job = job.jitter(length("jitter", jitter)?);
    }
    if let Some(overlap) = request.overlap.as_deref().map(overlap).transpose()? {
        job = job.overlap(overlap);
    }
    if let Some(catch_up) = request.catch_up.as_deref().map(catch_up).transpose()? {
        job = job.catch_up(catch_up);
    }
    let job = job.enabled(request.enabled.unwrap_or(true)).always_new();
    let added = state.scheduler.add(job).await;
    let job_id = added.map_err(|error| ApiError::not_created(error, &named(".")))?;
    let done = Done::new("Job created successfully".to_owned());
    Ok((StatusCode::CREATED, Json(Created { done, job_id })))
}
