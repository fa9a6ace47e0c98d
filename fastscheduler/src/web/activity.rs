//! What happened minute by minute.

use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::error::{AnyError, ApiError, QueryError};
use super::extract::QueryParameters;
use super::settings::number;
use super::shapes::UtcTime;
use super::state::WebState;
use crate::scheduler::Activity;

/// Minutes that are answered if nothing is said.
const DEFAULT_MINUTES: usize = 60;

/// The most minutes: a day.
const MOST_MINUTES: usize = 1_440;

/// How long each of them is, in seconds.
const STEP: u32 = 60;

pub(super) fn routes() -> OpenApiRouter<WebState> {
    OpenApiRouter::new().routes(routes!(show))
}

/// Which minutes are asked for.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct Parameters {
    /// How many of the last minutes, the present one included; 60 if it is left out.
    #[param(minimum = 1, maximum = 1440, value_type = Option<usize>)]
    minutes: Option<String>,
}

/// What happened in each of the last minutes, the present one last.
#[derive(Serialize, ToSchema)]
#[schema(as = Activity)]
struct ActivityShape {
    /// How long each step is, in seconds.
    #[schema(example = 60)]
    step: u32,
    /// When the first of them began.
    #[schema(value_type = String, format = DateTime)]
    from: UtcTime,
    /// Attempts that completed, by when they ended.
    completed: Vec<u64>,
    /// Attempts that failed, by when they ended.
    failed: Vec<u64>,
    /// Fires that did not run, by when they were due.
    missed: Vec<u64>,
}

/// How many attempts completed and failed in each of the last minutes, and how many fires did not run.
///
/// It is counted as it is recorded, so fires of jobs that are paused or busy are missing until they have a
/// record; then they are counted in the minutes in which they were due.
#[utoipa::path(
    get, operation_id = "show_activity", path = "/api/activity", tag = "monitoring", params(Parameters),
    responses(
        (status = 200, body = ActivityShape, example = json!({
            "step": 60, "from": "2026-11-30T03:05:00Z",
            "completed": [118, 121, 64], "failed": [0, 1, 0], "missed": [0, 0, 2],
        })),
        AnyError, QueryError,
    ),
)]
async fn show(
    State(state): State<WebState>,
    QueryParameters(parameters): QueryParameters<Parameters>,
) -> Result<Json<ActivityShape>, ApiError> {
    let minutes = number("minutes", parameters.minutes.as_deref(), 1..=MOST_MINUTES)?;
    let Activity { from, completed, failed, missed } =
        state.scheduler.activity(minutes.unwrap_or(DEFAULT_MINUTES));
    Ok(Json(ActivityShape { step: STEP, from: UtcTime(from), completed, failed, missed }))
}
