//! What those ask who watch over processes.

use axum::Json;
use axum::extract::State;
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::error::{ApiError, ErrorBody};
use super::state::WebState;

pub(super) fn routes() -> OpenApiRouter<WebState> {
    OpenApiRouter::new().routes(routes!(is_alive)).routes(routes!(is_ready))
}

/// That all is well.
#[derive(Serialize, ToSchema)]
struct Health {
    /// In a word: `ok` or `ready`.
    status: &'static str,
}

/// Whether the process is alive: it answers, which is all that there is to it.
#[utoipa::path(
    get, operation_id = "is_alive", path = "/healthz", tag = "monitoring",
    responses((status = 200, body = Health)),
)]
async fn is_alive() -> Json<Health> {
    Json(Health { status: "ok" })
}

/// Whether jobs run and what is asked for is kept.
#[utoipa::path(
    get, operation_id = "is_ready", path = "/readyz", tag = "monitoring",
    responses(
        (status = 200, body = Health),
        (status = 503, description = "The scheduler does not run, or its store takes no changes.", body = ErrorBody),
    ),
)]
async fn is_ready(State(state): State<WebState>) -> Result<Json<Health>, ApiError> {
    if !state.scheduler.is_running() {
        return Err(ApiError::busy("the scheduler is not running: it was not started, or is being stopped"));
    }
    state.scheduler.check_storage().await?;
    Ok(Json(Health { status: "ready" }))
}
