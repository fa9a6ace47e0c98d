//! Runs: what ran, runs, or was skipped.

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::error::{AnyError, ApiError, ErrorBody, NoBodyError, OneError, QueryError};
use super::extract::{JobInPath, NoBody, QueryParameters, RunInPath};
use super::jobs::{existing, job_id};
use super::run_details::RunDetails;
use super::runs::{counted, page};
use super::settings::number;
use super::shapes::{Done, LAST_SECOND, RunShape, beginning_of_page};
use super::state::WebState;
use super::words::choice;
use crate::job::{RunId, RunStatus};
use crate::storage::HistoryQuery;

/// Runs that are answered if nothing is said.
const DEFAULT_LIMIT: usize = 50;

/// The most runs that are answered at once.
const HIGHEST_LIMIT: usize = 1_000;

pub(super) fn routes() -> OpenApiRouter<WebState> {
    OpenApiRouter::new()
        .routes(routes!(list))
        .routes(routes!(of_job))
        .routes(routes!(show))
        .routes(routes!(cancel))
}

/// Which runs are asked for.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct HistoryParameters {
    /// Runs of the function of this name, or of this full name.
    func_name: Option<String>,
    /// Runs of this job.
    job_id: Option<String>,
    /// Runs of jobs of this group.
    group: Option<String>,
}

/// Which of the runs are asked for.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct PageParameters {
    /// Runs of this status: `running`, `completed`, `failed` or `missed`.
    #[param(value_type = Option<RunStatus>)]
    status: Option<String>,
    /// The most runs, the newest; 50 if it is left out.
    #[param(minimum = 1, maximum = 1000, value_type = Option<usize>)]
    limit: Option<String>,
    /// Runs that reached their status before this: seconds since 1970, or RFC 3339. Or the first run of a
    /// page, by its id: the runs before it, which is how to read page after page.
    #[param(schema_with = beginning_of_page)]
    before: Option<String>,
}

/// A part of the history.
struct Page {
    query: HistoryQuery,
    /// The run that comes after it.
    next: Option<RunId>,
}

impl PageParameters {
    fn page(&self) -> Result<Page, ApiError> {
        let limit = number("limit", self.limit.as_deref(), 1..=HIGHEST_LIMIT)?.unwrap_or(DEFAULT_LIMIT);
        let next = self.before.as_deref().and_then(|text| text.parse().ok());
        let before = self.before.as_deref().filter(|_| next.is_none()).map(instant).transpose()?;
        let status = self.status.as_deref().map(|word| choice("status", word)).transpose()?;
        Ok(Page { query: HistoryQuery { status, before, limit, ..HistoryQuery::default() }, next })
    }
}

fn instant(text: &str) -> Result<DateTime<Utc>, ApiError> {
    read_instant(text).ok_or_else(|| {
        ApiError::not_allowed(format!(
            "`before` is `{text}`; use seconds since 1970, RFC 3339, or the id of a run"
        ))
        .of("before")
    })
}

/// An instant as the answers write it: seconds since 1970, or RFC 3339.
pub(super) fn read_instant(text: &str) -> Option<DateTime<Utc>> {
    let from_seconds = |seconds: f64| {
        if !(0.0..=LAST_SECOND).contains(&seconds) {
            return None;
        }
        #[expect(clippy::cast_possible_truncation, reason = "what is out of range is no instant then")]
        DateTime::from_timestamp_micros((seconds * 1e6).round() as i64)
    };
    text.parse().ok().and_then(from_seconds).or_else(|| text.parse().ok())
}

/// Runs, the oldest first.
#[derive(Serialize, ToSchema)]
struct History<'a> {
    history: Vec<RunShape<'a>>,
}

/// Runs of a job, the oldest first.
#[derive(Serialize, ToSchema)]
struct JobRuns<'a> {
    runs: Vec<RunShape<'a>>,
}

/// One run.
#[derive(Serialize, ToSchema)]
struct RunAnswer<'a> {
    run: RunShape<'a>,
    /// The recorded attempts at its fire, the first one first; one that is under way is not
    /// among them, and fires that did not run have none.
    attempts: Vec<RunShape<'a>>,
}

/// The newest runs that are asked for, the oldest of them first.
#[utoipa::path(
    get, operation_id = "list_history", path = "/api/history", tag = "runs", params(HistoryParameters, PageParameters),
    responses((status = 200, body = History<'_>), (status = 404, body = ErrorBody), AnyError, QueryError),
)]
async fn list(
    State(state): State<WebState>,
    QueryParameters(which): QueryParameters<HistoryParameters>,
    QueryParameters(parameters): QueryParameters<PageParameters>,
) -> Result<Response, ApiError> {
    let Page { query, next } = parameters.page()?;
    let job = match which.job_id.as_deref().map(job_id) {
        // A job that never was has no runs.
        Some(Err(_)) => return Ok(Json(History { history: Vec::new() }).into_response()),
        Some(Ok(id)) => Some(id),
        None => None,
    };
    let query = HistoryQuery { function: which.func_name, job, group: which.group, ..query };
    let runs = page(&state.scheduler, &query, next).await?;
    let details = RunDetails::of(&state, &runs);
    Ok(Json(History { history: details.shapes(&state, &runs) }).into_response())
}

/// The newest runs of a job, the oldest of them first.
#[utoipa::path(
    get, operation_id = "list_job_runs", path = "/api/jobs/{job_id}/runs", tag = "runs",
    params(("job_id" = String, Path, description = "`job_N`"), PageParameters),
    responses((status = 200, body = JobRuns<'_>), AnyError, OneError, QueryError),
)]
async fn of_job(
    State(state): State<WebState>,
    JobInPath(id): JobInPath,
    QueryParameters(parameters): QueryParameters<PageParameters>,
) -> Result<Response, ApiError> {
    let job = existing(&state, &id).await?.id();
    let Page { query, next } = parameters.page()?;
    let runs = page(&state.scheduler, &HistoryQuery { job: Some(job), ..query }, next).await?;
    let details = RunDetails::of(&state, &runs);
    Ok(Json(JobRuns { runs: details.shapes(&state, &runs) }).into_response())
}

/// One run, be it under way, ended or skipped.
#[utoipa::path(
    get, operation_id = "show_run", path = "/api/runs/{run_id}", tag = "runs",
    params(("run_id" = String, Path, description = "as in the history")),
    responses(
        (status = 200, body = RunAnswer<'_>, example = json!({
            "run": {
                "run_id": "job_0-s-1795392020000000-1", "job_id": "job_0", "job_name": "backup",
                "func_name": "backup", "func_module": "app", "group": "default", "status": "running",
                "timestamp": 1_795_392_020.0, "timestamp_readable": "2026-11-23 00:00:20",
                "scheduled_for": "2026-11-23T00:00:20Z", "started_at": "2026-11-23T00:00:20Z",
                "finished_at": null, "execution_time": null, "result": null, "error": null, "run_count": 2,
                "retry_count": 0, "attempt": 1, "trigger": "schedule", "instance": "4711", "reason": null,
                "args": ["/srv"], "kwargs": {"level": 9},
            },
            "attempts": [],
        })),
        AnyError, OneError
    ),
)]
async fn show(State(state): State<WebState>, RunInPath(id): RunInPath) -> Result<Response, ApiError> {
    let scheduler = &state.scheduler;
    let run = scheduler.find_run(run_id(&id)?).await?.ok_or_else(|| ApiError::unknown_run(&id))?;
    let run = counted(scheduler, run).await?;
    let attempts = scheduler.attempts_of(run.run_id).await?;
    let letter = scheduler.dead_letter(run.run_id).await?;
    let details = RunDetails::of(&state, std::slice::from_ref(&run));
    let shape = details.shape(&state, &run);
    let run = match &letter {
        Some(letter) => shape.with_arguments(&letter.definition),
        None => shape,
    };
    Ok(Json(RunAnswer { run, attempts: details.shapes(&state, &attempts) }).into_response())
}

/// Cancels a run that is under way. It is not tried again.
#[utoipa::path(
    post, operation_id = "cancel_run", path = "/api/runs/{run_id}/cancel", tag = "runs",
    params(("run_id" = String, Path, description = "as in the history")),
    responses((status = 200, body = Done), AnyError, OneError, NoBodyError),
)]
async fn cancel(
    State(state): State<WebState>,
    RunInPath(id): RunInPath,
    _: NoBody,
) -> Result<Json<Done>, ApiError> {
    state.scheduler.cancel_run(run_id(&id)?).await?;
    Ok(Json(Done::new(format!("Run {id} cancelled"))))
}

/// The id that a path names.
pub(super) fn run_id(text: &str) -> Result<RunId, ApiError> {
    text.parse().map_err(|_| ApiError::unknown_run(text))
}
