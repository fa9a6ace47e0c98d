//! Fires that failed for good.

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::error::{AnyError, ApiError, NoBodyError, OneError, QueryError};
use super::extract::{NoBody, QueryParameters, RunInPath};
use super::history::run_id;
use super::settings::number;
use super::shapes::{Done, RunShape, Triggered};
use super::state::WebState;
use crate::job::DeadLetter;

/// Letters that are answered if nothing is said.
const DEFAULT_LIMIT: usize = 100;

pub(super) fn routes() -> OpenApiRouter<WebState> {
    OpenApiRouter::new()
        .routes(routes!(list))
        .routes(routes!(clear))
        .routes(routes!(retry))
        .routes(routes!(remove))
}

/// How many letters are asked for.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct LetterParameters {
    /// The most letters, the newest; 100 if it is left out.
    #[param(minimum = 1, maximum = 18_446_744_073_709_551_615_u64, value_type = Option<usize>)]
    limit: Option<String>,
}

/// Dead letters, the newest first.
#[derive(Serialize, ToSchema)]
struct DeadLetters<'a> {
    dead_letters: Vec<RunShape<'a>>,
    /// How many there are, without the limit.
    total: usize,
}

/// That all letters were dropped.
#[derive(Serialize, ToSchema)]
struct Cleared {
    success: bool,
    /// How many there were.
    cleared: usize,
}

/// The newest dead letters, newest first.
#[utoipa::path(
    get, operation_id = "list_dead_letters", path = "/api/dead-letters", tag = "dead letters", params(LetterParameters),
    responses((status = 200, body = DeadLetters<'_>), AnyError, QueryError),
)]
async fn list(
    State(state): State<WebState>,
    QueryParameters(parameters): QueryParameters<LetterParameters>,
) -> Result<Response, ApiError> {
    let limit = number("limit", parameters.limit.as_deref(), 1..=usize::MAX)?.unwrap_or(DEFAULT_LIMIT);
    let letters = state.scheduler.dead_letters(limit).await?;
    let total = state.scheduler.dead_letter_count().await?;
    let dead_letters = letters.iter().map(|letter| of_letter(&state, letter)).collect();
    Ok(Json(DeadLetters { dead_letters, total }).into_response())
}

/// The last run of a dead letter, with the arguments that the letter keeps.
fn of_letter<'a>(state: &WebState, letter: &'a DeadLetter) -> RunShape<'a> {
    let shape = RunShape::new(&letter.run, state.zone).with_arguments(&letter.definition);
    shape.with_thread(|run| state.scheduler.holds_thread(run))
}

/// Drops all dead letters.
#[utoipa::path(
    delete, operation_id = "clear_dead_letters", path = "/api/dead-letters", tag = "dead letters",
    responses((status = 200, body = Cleared), AnyError, NoBodyError),
)]
async fn clear(State(state): State<WebState>, _: NoBody) -> Result<Json<Cleared>, ApiError> {
    Ok(Json(Cleared { success: true, cleared: state.scheduler.clear_dead_letters().await? }))
}

/// Runs the fire of a dead letter again, and drops the letter.
#[utoipa::path(
    post, operation_id = "retry_dead_letter", path = "/api/dead-letters/{run_id}/retry", tag = "dead letters",
    params(("run_id" = String, Path, description = "as in the list of dead letters")),
    responses((status = 200, body = Triggered), AnyError, OneError, NoBodyError),
)]
async fn retry(
    State(state): State<WebState>,
    RunInPath(id): RunInPath,
    _: NoBody,
) -> Result<Json<Triggered>, ApiError> {
    let run = state.scheduler.retry_dead_letter(run_id(&id)?).await?;
    Ok(Json(Triggered::new(format!("Dead letter {id} retried"), run)))
}

/// Drops a dead letter.
#[utoipa::path(
    delete, operation_id = "delete_dead_letter", path = "/api/dead-letters/{run_id}", tag = "dead letters",
    params(("run_id" = String, Path, description = "as in the list of dead letters")),
    responses((status = 200, body = Done), AnyError, OneError, NoBodyError),
)]
async fn remove(
    State(state): State<WebState>,
    RunInPath(id): RunInPath,
    _: NoBody,
) -> Result<Json<Done>, ApiError> {
    state.scheduler.remove_dead_letter(run_id(&id)?).await?;
    Ok(Json(Done::new(format!("Dead letter {id} deleted"))))
}
