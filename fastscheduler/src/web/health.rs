//! What those ask who watch over processes.

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use serde_json::json;

use super::error::ApiError;
use super::state::WebState;

pub(super) fn routes() -> Router<WebState> {
    Router::new().route("/healthz", get(is_alive)).route("/readyz", get(is_ready))
}

/// It answers, which is all that there is to it.
async fn is_alive() -> Response {
    Json(json!({ "status": "ok" })).into_response()
}

/// Whether jobs run and what is asked for is kept.
async fn is_ready(State(state): State<WebState>) -> Result<Response, ApiError> {
    if !state.scheduler.is_running() {
        return Err(ApiError::busy("the scheduler is not running: it was not started, or is being stopped"));
    }
    state.scheduler.check_storage().await?;
    Ok((StatusCode::OK, Json(json!({ "status": "ready" }))).into_response())
}
