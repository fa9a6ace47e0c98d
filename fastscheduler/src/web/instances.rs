//! The processes that work with a scheduler's jobs.

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::error::{AnyError, ApiError};
use super::shapes::InstanceList;
use super::state::WebState;

pub(super) fn routes() -> OpenApiRouter<WebState> {
    OpenApiRouter::new().routes(routes!(list))
}

/// The processes that work with these jobs.
#[utoipa::path(
    get, operation_id = "list_instances", path = "/api/instances", tag = "monitoring",
    responses(
        (status = 200, body = InstanceList<'_>, example = json!({"instances": [{
            "instance": "4711", "version": "0.1.0", "running": true, "started_at": "2026-11-26T21:55:00Z",
            "running_attempts": 12, "functions": 13, "max_concurrency": 1_000, "slots_taken": 13,
            "short_since": null, "max_workers": 10, "busy_threads": 10,
            "short_of_threads_since": "2026-11-30T03:03:20Z", "waiting": 3,
            "held_threads": [{
                "run_id": "job_3-s-1795392020000000-1", "job_id": "job_3", "job_name": "metrics_rollup",
                "since": "2026-11-30T02:53:00Z",
            }],
            "store": {"kind": "json", "last_failure": null}, "timezone": "Europe/Berlin", "tzdata": "2026f",
            "system_tzdata": "2026e", "lateness": {"count": 482_310, "p50": 0.0005, "p99": 0.0025},
            "problems": [],
        }]})),
        AnyError,
    ),
)]
async fn list(State(state): State<WebState>) -> Result<Response, ApiError> {
    let instances = state.scheduler.instances().await?;
    Ok(Json(InstanceList::new(&instances)).into_response())
}
