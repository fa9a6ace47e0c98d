//! The scheduler as a whole, and its instances.

use axum::Json;
use axum::extract::State;
use chrono::{DateTime, Utc};
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::error::{AnyError, ApiError};
use super::shapes::StatisticsShape;
use super::state::WebState;

pub(super) fn routes() -> OpenApiRouter<WebState> {
    OpenApiRouter::new().routes(routes!(status)).routes(routes!(instances))
}

/// The scheduler as a whole.
#[derive(Serialize, ToSchema)]
struct StatusAnswer {
    /// Whether it was started and not stopped.
    running: bool,
    /// Totals over all jobs.
    statistics: StatisticsShape,
}

/// Processes that work with the same jobs.
#[derive(Serialize, ToSchema)]
struct InstanceList {
    instances: Vec<InstanceShape>,
}

/// A process that works with these jobs.
#[derive(Serialize, ToSchema)]
#[schema(as = Instance)]
struct InstanceShape {
    /// Its name, as in the runs.
    instance: String,
    /// The version of the scheduler.
    version: &'static str,
    /// Whether it claims jobs.
    running: bool,
    /// When it was started.
    #[schema(value_type = Option<String>, format = DateTime)]
    started_at: Option<DateTime<Utc>>,
    /// Attempts that are under way in it.
    running_attempts: usize,
    /// Functions that its jobs may run.
    functions: usize,
}

/// Whether the scheduler runs, and its totals.
#[utoipa::path(
    get, operation_id = "show_status", path = "/api/status", tag = "monitoring", responses((status = 200, body = StatusAnswer, example = json!({"running": true, "statistics": {
        "total_runs": 6, "total_failures": 1, "total_retries": 1, "start_time": 1_795_392_000.0,
        "uptime_seconds": 50.5, "uptime_readable": "0:00:50", "active_jobs": 2,
        "per_job": {"backup_task": {"completed": 5, "failed": 1, "total_runs": 6}},
    }})), AnyError),
)]
async fn status(State(state): State<WebState>) -> Result<Json<StatusAnswer>, ApiError> {
    let statistics = state.scheduler.statistics().await?;
    let statistics = StatisticsShape::new(&statistics, state.scheduler.now());
    Ok(Json(StatusAnswer { running: state.scheduler.is_running(), statistics }))
}

/// The processes that work with these jobs.
#[utoipa::path(
    get, operation_id = "list_instances", path = "/api/instances", tag = "monitoring",
    responses((status = 200, body = InstanceList, example = json!({"instances": [{
        "instance": "4711", "version": "0.1.0", "running": true, "started_at": "2026-11-23T00:00:00Z",
        "running_attempts": 4, "functions": 13,
    }]})), AnyError),
)]
async fn instances(State(state): State<WebState>) -> Result<Json<InstanceList>, ApiError> {
    let instances = state.scheduler.instances().await?;
    let instances = instances.into_iter().map(|instance| InstanceShape {
        instance: instance.name.to_string(),
        version: instance.version,
        running: instance.is_running,
        started_at: instance.started_at,
        running_attempts: instance.running_attempts,
        functions: instance.functions,
    });
    Ok(Json(InstanceList { instances: instances.collect() }))
}
