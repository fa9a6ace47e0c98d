//! Creating jobs.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::Serialize;
use serde_json::{Map, Value};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::error::{AnyError, ApiError, BodyError};
use super::extract::JsonBody;
use super::shapes::settings::request;
use super::shapes::{Done, ScheduleType, WithSchedule};
use super::state::WebState;
use crate::job::JobId;

pub(super) fn routes() -> OpenApiRouter<WebState> {
    OpenApiRouter::new().routes(routes!(create))
}

request! {
    /// A job that is to be created.
    struct CreateJob: JobSettings {
        /// The function that runs; it must be registered.
        #[schema(example = "data_sync_task", min_length = 1)]
        func_name: String,
        /// The module under which it is registered; it may be left out if the name is unique.
        #[schema(example = "dev.test_app")]
        func_module: Option<String>,
        /// What kind of schedule it is.
        #[schema(value_type = ScheduleType)]
        schedule_type: String,
        /// The schedule, in the fields of its type; `now` needs none.
        #[schema(value_type = Option<Object>)]
        schedule_config: Option<Map<String, Value>>,
    }
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
    responses((status = 201, body = Created, example = json!({
        "success": true, "message": "Job created successfully", "job_id": "job_0",
    })), AnyError, BodyError),
)]
async fn create(
    State(state): State<WebState>,
    JsonBody(request): JsonBody<CreateJob>,
) -> Result<(StatusCode, Json<Created>), ApiError> {
    let settings = request.settings()?;
    let schedule = request.schedule_type.parse::<ScheduleType>()?.read(request.schedule_config)?;
    let module = request.func_module.as_deref().filter(|module| !module.is_empty());
    let named = |between: &str| match module {
        Some(module) => format!("{module}{between}{}", request.func_name),
        None => request.func_name.clone(),
    };
    let job = schedule.into_builder().settings(settings).call(named("::")).always_new();
    let added = state.scheduler.add(job).await;
    let job_id = added.map_err(|error| ApiError::not_created(error, &named(".")))?;
    let done = Done::new("Job created successfully".to_owned());
    Ok((StatusCode::CREATED, Json(Created { done, job_id })))
}
