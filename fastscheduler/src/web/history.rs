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
use super::examples;
use super::extract::{JobInPath, NoBody, QueryParameters, Repeated, RunInPath};
use super::jobs::{existing, job_id};
use super::run_details::RunDetails;
use super::runs::{Edge, Page, counted, page};
use super::settings::number;
use super::shapes::{BeginningOfPage, Done, LAST_SECOND, RunOfPage, RunShape};
use super::state::WebState;
use crate::job::{RunId, RunStatus, SkipReason, Trigger};
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

/// Which of the runs are asked for, in parameters that may be repeated.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
struct FilterParameters {
    /// Runs of this status; of any of them, if it is repeated.
    #[param(required = false)]
    status: Vec<RunStatus>,
    /// Fires that did not run for this reason; for any of them, if it is repeated.
    #[param(required = false)]
    reason: Vec<SkipReason>,
    /// Runs that came to be in this way; in any of them, if it is repeated.
    #[param(required = false)]
    trigger: Vec<Trigger>,
}

impl FilterParameters {
    fn read(query: &Repeated) -> Result<Self, ApiError> {
        Ok(Self {
            status: query.choices("status")?,
            reason: query.choices("reason")?,
            trigger: query.choices("trigger")?,
        })
    }
}

/// Which of the runs are asked for.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct PageParameters {
    /// Runs with this text in their job's name, function, group or error, in any case.
    q: Option<String>,
    /// The most runs: the newest, or with `after` the oldest of those after it; 50 if it
    /// is left out.
    #[param(minimum = 1, maximum = 1000, value_type = Option<usize>)]
    limit: Option<String>,
    /// Runs that reached their status before this: seconds since 1970, or RFC 3339. Or the first run of a
    /// page, by its id: the runs before it, which is how to read page after page.
    #[param(inline, value_type = Option<BeginningOfPage>)]
    before: Option<String>,
    /// The last run of a page, by its id: the runs after it, which is how to read page
    /// after page towards the newest. A run that is under way moves when it ends, to
    /// where its record is; one that has ended stays where it is.
    #[param(inline, value_type = Option<RunOfPage>)]
    after: Option<String>,
}

impl PageParameters {
    /// What is asked for, and where the page begins or ends.
    fn query(&self, filter: FilterParameters) -> Result<(HistoryQuery, Edge), ApiError> {
        let limit = number("limit", self.limit.as_deref(), 1..=HIGHEST_LIMIT)?.unwrap_or(DEFAULT_LIMIT);
        let (before, edge) = match (self.before.as_deref(), self.after.as_deref()) {
            (Some(_), Some(_)) => {
                return Err(ApiError::not_allowed("use `before` or `after`, not both"));
            }
            (None, None) => (None, Edge::Newest),
            (Some(before), None) => match before.parse() {
                Ok(run) => (None, Edge::Before(run)),
                Err(_) => (Some(instant(before)?), Edge::Newest),
            },
            (None, Some(after)) => (None, Edge::After(run_of("after", after)?)),
        };
        let FilterParameters { status: statuses, reason: reasons, trigger: triggers } = filter;
        let text = self.q.clone();
        let query =
            HistoryQuery { text, statuses, reasons, triggers, before, limit, ..HistoryQuery::default() };
        Ok((query, edge))
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
    /// Whether there are more of them: before these, or with `after` after these.
    has_more: bool,
}

/// Runs of a job, the oldest first.
#[derive(Serialize, ToSchema)]
struct JobRuns<'a> {
    runs: Vec<RunShape<'a>>,
    /// Whether there are more of them: before these, or with `after` after these.
    has_more: bool,
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
    get, operation_id = "list_history", path = "/api/history", tag = "runs",
    params(HistoryParameters, FilterParameters, PageParameters),
    responses((status = 200, body = History<'_>, example = examples::history), (status = 404, body = ErrorBody), AnyError, QueryError),
)]
async fn list(
    State(state): State<WebState>,
    repeated: Repeated,
    QueryParameters(which): QueryParameters<HistoryParameters>,
    QueryParameters(parameters): QueryParameters<PageParameters>,
) -> Result<Response, ApiError> {
    let (query, edge) = parameters.query(FilterParameters::read(&repeated)?)?;
    let job = match which.job_id.as_deref().map(job_id) {
        // A job that never was has no runs.
        Some(Err(_)) => return Ok(Json(History { history: Vec::new(), has_more: false }).into_response()),
        Some(Ok(id)) => Some(id),
        None => None,
    };
    let query = HistoryQuery { function: which.func_name, job, group: which.group, ..query };
    let Page { runs, has_more } = page(&state.scheduler, &query, edge).await?;
    let details = RunDetails::of(&state.scheduler, &runs);
    Ok(Json(History { history: details.shapes(&runs, state.zone), has_more }).into_response())
}

/// The newest runs of a job, the oldest of them first.
#[utoipa::path(
    get, operation_id = "list_job_runs", path = "/api/jobs/{job_id}/runs", tag = "runs",
    params(("job_id" = String, Path, description = "`job_N`"), FilterParameters, PageParameters),
    responses((status = 200, body = JobRuns<'_>, example = examples::job_runs), AnyError, OneError, QueryError),
)]
async fn of_job(
    State(state): State<WebState>,
    JobInPath(id): JobInPath,
    repeated: Repeated,
    QueryParameters(parameters): QueryParameters<PageParameters>,
) -> Result<Response, ApiError> {
    let job = existing(&state, &id).await?.id();
    let (query, edge) = parameters.query(FilterParameters::read(&repeated)?)?;
    let query = HistoryQuery { job: Some(job), ..query };
    let Page { runs, has_more } = page(&state.scheduler, &query, edge).await?;
    let details = RunDetails::of(&state.scheduler, &runs);
    Ok(Json(JobRuns { runs: details.shapes(&runs, state.zone), has_more }).into_response())
}

/// One run, be it under way, ended or skipped.
#[utoipa::path(
    get, operation_id = "show_run", path = "/api/runs/{run_id}", tag = "runs",
    params(("run_id" = String, Path, description = "as in the history")),
    responses((status = 200, body = RunAnswer<'_>, example = examples::run_answer), AnyError, OneError),
)]
async fn show(State(state): State<WebState>, RunInPath(id): RunInPath) -> Result<Response, ApiError> {
    let scheduler = &state.scheduler;
    let run = scheduler.find_run(run_id(&id)?).await?.ok_or_else(|| ApiError::unknown_run(&id))?;
    let run = counted(scheduler, run).await?;
    let attempts = scheduler.attempts_of(run.run_id).await?;
    let letter = scheduler.dead_letter(run.run_id).await?;
    let details = RunDetails::of(&state.scheduler, std::slice::from_ref(&run));
    let shape = details.shape(&run, state.zone);
    let run = match &letter {
        Some(letter) => shape.with_arguments(&letter.definition),
        None => shape,
    };
    Ok(Json(RunAnswer { run, attempts: details.shapes(&attempts, state.zone) }).into_response())
}

/// Cancels a run that is under way. It is not tried again.
#[utoipa::path(
    post, operation_id = "cancel_run", path = "/api/runs/{run_id}/cancel", tag = "runs",
    params(("run_id" = String, Path, description = "as in the history")),
    responses((status = 200, body = Done, example = json!({"success": true, "message": "Run job_0-s-1795392010000000-1 cancelled"})), AnyError, OneError, NoBodyError),
)]
async fn cancel(
    State(state): State<WebState>,
    RunInPath(id): RunInPath,
    _: NoBody,
) -> Result<Json<Done>, ApiError> {
    state.scheduler.cancel_run(run_id(&id)?).await?;
    Ok(Json(Done::new(format!("Run {id} cancelled"))))
}

/// The run that a parameter names.
pub(super) fn run_of(parameter: &str, text: &str) -> Result<RunId, ApiError> {
    text.parse().map_err(|_| {
        ApiError::not_allowed(format!("`{parameter}` is `{text}`; use the id of a run")).of(parameter)
    })
}

/// The id that a path names.
pub(super) fn run_id(text: &str) -> Result<RunId, ApiError> {
    text.parse().map_err(|_| ApiError::unknown_run(text))
}
