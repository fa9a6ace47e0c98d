//! Running the fires of many dead letters again.

use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::dead_letters::of_error;
use super::error::{AnyError, ApiError, BodyError};
use super::extract::JsonBody;
use super::history::run_id;
use super::named::{check_number, refused};
use super::state::WebState;
use crate::job::RunId;
use crate::scheduler::{DeadLetterTarget, RefusedRun};
use crate::storage::DeadLetterQuery;

pub(super) fn routes() -> OpenApiRouter<WebState> {
    OpenApiRouter::new().routes(routes!(retry))
}

/// Which letters are run again: one of the three.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"error": "no user '…' after # s"}))]
struct RetryRequest {
    /// The letters of these runs, 1 to 1,000. One that is named twice counts once.
    #[schema(min_items = 1, max_items = 1_000)]
    run_ids: Option<Vec<String>>,
    /// The letters of this group of errors, as `/api/dead-letters/groups` names it.
    error: Option<String>,
    /// `true`: all letters.
    all: Option<bool>,
}

/// What became of the letters.
#[derive(Serialize, ToSchema)]
struct RetryAnswer {
    /// How many run again.
    retried: usize,
    /// The letters that refused, and stay.
    refused: Vec<Refused>,
}

/// A letter that refused, and why.
#[derive(Serialize, ToSchema)]
#[schema(as = RefusedLetter)]
struct Refused {
    /// Its run, as it was named.
    run_id: String,
    /// Why, as if it had been the only one.
    detail: String,
}

/// Runs the fires of many dead letters again, and drops these letters: in one write with
/// all that do not refuse.
#[utoipa::path(
    post, operation_id = "retry_dead_letters", path = "/api/dead-letters/retry", tag = "dead letters",
    request_body = RetryRequest,
    responses(
        (status = 200, body = RetryAnswer, example = json!({
            "retried": 11,
            "refused": [{"run_id": "job_3-s-1795392030000000-4", "detail": "Run job_3-s-1795392030000000-4 not found"}],
        })),
        AnyError, BodyError,
    ),
)]
async fn retry(
    State(state): State<WebState>,
    JsonBody(request): JsonBody<RetryRequest>,
) -> Result<Json<RetryAnswer>, ApiError> {
    let target = match (&request.run_ids, request.error, request.all) {
        (Some(named), None, None) => {
            check_number("run_ids", named.len())?;
            DeadLetterTarget::Runs(named.iter().filter_map(|id| id.parse().ok()).collect())
        }
        (None, Some(error), None) => of_error(error),
        (None, None, Some(true)) => DeadLetterTarget::Matching(DeadLetterQuery::default()),
        _ => {
            let sentence =
                "name the letters by `run_ids`, by `error` or by `\"all\": true`, one of the three";
            return Err(ApiError::not_allowed(sentence));
        }
    };
    let outcome = state.scheduler.retry_dead_letters(target).await?;
    let retried = outcome.retried.len();
    let refusals = outcome.refused.into_iter().map(why);
    let refused = match request.run_ids {
        Some(named) => refused(named, run_id, refusals.collect()),
        None => refusals.map(|(run, detail)| (run.to_string(), detail)).collect(),
    };
    let refused = refused.into_iter().map(|(run_id, detail)| Refused { run_id, detail }).collect();
    Ok(Json(RetryAnswer { retried, refused }))
}

fn why(refused: RefusedRun) -> (RunId, String) {
    (refused.run, ApiError::from(refused.error).into_detail())
}
