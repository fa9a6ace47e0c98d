//! The scheduler as a whole.

use axum::Json;
use axum::extract::State;
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::error::{AnyError, ApiError};
use super::shapes::StatisticsShape;
use super::state::WebState;

pub(super) fn routes() -> OpenApiRouter<WebState> {
    OpenApiRouter::new().routes(routes!(status))
}

/// The scheduler as a whole.
#[derive(Serialize, ToSchema)]
struct StatusAnswer {
    /// Whether it was started and not stopped.
    running: bool,
    /// Totals over all jobs.
    statistics: StatisticsShape,
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
