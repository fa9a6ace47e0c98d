//! What those ask who watch over processes.

use axum::Json;
use axum::extract::State;
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::error::{ApiError, ErrorBody};
use super::state::WebState;
use crate::engine::{Problem, ProblemCode};

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
    responses((status = 200, body = Health, example = json!({"status": "ok"}))),
)]
async fn is_alive() -> Json<Health> {
    Json(Health { status: "ok" })
}

/// Whether jobs run and what is asked for is kept.
#[utoipa::path(
    get, operation_id = "is_ready", path = "/readyz", tag = "monitoring",
    responses(
        (status = 200, body = Health, example = json!({"status": "ready"})),
        (status = 503, description = "The scheduler does not run, or its store or queue fails.", body = ErrorBody),
    ),
)]
async fn is_ready(State(state): State<WebState>) -> Result<Json<Health>, ApiError> {
    let problems = state.scheduler.problems().await?;
    let is_failure = |code| matches!(code, ProblemCode::StoreFailing | ProblemCode::TaskFailed);
    let failure = problems.iter().find(|problem| is_failure(problem.code)).map(Problem::to_string);
    if !state.scheduler.is_running() {
        let why = "the scheduler is not running: it was not started, or is being stopped";
        return Err(ApiError::busy(failure.unwrap_or_else(|| why.to_owned())));
    }
    state.scheduler.check_storage().await?;
    if let Some(failure) = failure {
        return Err(ApiError::busy(failure));
    }
    Ok(Json(Health { status: "ready" }))
}
