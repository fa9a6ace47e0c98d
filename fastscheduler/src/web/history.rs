//! Runs: what ran, runs, or was skipped.

use std::collections::HashMap;

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::error::{AnyError, ApiError, OneError, QueryError};
use super::extract::{Named, QueryParameters};
use super::jobs::existing;
use super::shapes::{Done, LAST_SECOND, RunShape, StatusOfRun, reached_at, written_instant};
use super::state::WebState;
use crate::job::{JobId, Run, RunId, RunStatus};
use crate::scheduler::{Scheduler, SchedulerError};
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
    #[param(value_type = Option<StatusOfRun>)]
    status: Option<String>,
    /// The most runs, the newest; 50 if it is left out.
    #[param(minimum = 1, maximum = 1000)]
    limit: Option<usize>,
    /// Runs that reached their status before this: seconds since 1970, or RFC 3339.
    #[param(schema_with = written_instant)]
    before: Option<String>,
}

impl PageParameters {
    fn query(&self) -> Result<HistoryQuery, ApiError> {
        let limit = self.limit.unwrap_or(DEFAULT_LIMIT);
        if !(1..=HIGHEST_LIMIT).contains(&limit) {
            return Err(ApiError::not_allowed(format!("`limit` is `{limit}`; use 1 to {HIGHEST_LIMIT}")));
        }
        Ok(HistoryQuery {
            status: self.status.as_deref().map(run_status).transpose()?,
            before: self.before.as_deref().map(instant).transpose()?,
            limit,
            ..HistoryQuery::default()
        })
    }
}

fn run_status(text: &str) -> Result<RunStatus, ApiError> {
    match text {
        "running" => Ok(RunStatus::Running),
        "completed" => Ok(RunStatus::Completed),
        "failed" => Ok(RunStatus::Failed),
        "missed" => Ok(RunStatus::Missed),
        _ => Err(ApiError::not_allowed(format!(
            "`status` is `{text}`; use `running`, `completed`, `failed` or `missed`"
        ))),
    }
}

/// An instant as the answers write it: seconds since 1970, or RFC 3339.
fn instant(text: &str) -> Result<DateTime<Utc>, ApiError> {
    let from_seconds = |seconds: f64| {
        if !(0.0..=LAST_SECOND).contains(&seconds) {
            return None;
        }
        #[expect(clippy::cast_possible_truncation, reason = "what is out of range is no instant then")]
        DateTime::from_timestamp_micros((seconds * 1e6).round() as i64)
    };
    text.parse().ok().and_then(from_seconds).or_else(|| text.parse().ok()).ok_or_else(|| {
        ApiError::not_allowed(format!("`before` is `{text}`; use seconds since 1970, or RFC 3339"))
    })
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
}

/// The newest runs that are asked for, the oldest of them first.
#[utoipa::path(
    get, operation_id = "list_history", path = "/api/history", tag = "runs", params(HistoryParameters, PageParameters),
    responses((status = 200, body = History<'_>), AnyError, QueryError),
)]
async fn list(
    State(state): State<WebState>,
    QueryParameters(which): QueryParameters<HistoryParameters>,
    QueryParameters(page): QueryParameters<PageParameters>,
) -> Result<Response, ApiError> {
    let query = page.query()?;
    let job = match which.job_id.as_deref().map(str::parse) {
        // A job that never was has no runs.
        Some(Err(_)) => return Ok(Json(History { history: Vec::new() }).into_response()),
        Some(Ok(id)) => Some(id),
        None => None,
    };
    let query = HistoryQuery { function: which.func_name, job, group: which.group, ..query };
    let runs = runs(&state.scheduler, &query).await?;
    let history = runs.iter().map(|(run, ordinal)| RunShape::new(run, *ordinal, state.zone)).collect();
    Ok(Json(History { history }).into_response())
}

/// The newest runs of a job, the oldest of them first.
#[utoipa::path(
    get, operation_id = "list_job_runs", path = "/api/jobs/{job_id}/runs", tag = "runs",
    params(("job_id" = String, Path, description = "`job_N`"), PageParameters),
    responses((status = 200, body = JobRuns<'_>), AnyError, OneError, QueryError),
)]
async fn of_job(
    State(state): State<WebState>,
    Named(id): Named,
    QueryParameters(page): QueryParameters<PageParameters>,
) -> Result<Response, ApiError> {
    let job = existing(&state, &id).await?.id();
    let query = HistoryQuery { job: Some(job), ..page.query()? };
    let runs = runs(&state.scheduler, &query).await?;
    let runs = runs.iter().map(|(run, ordinal)| RunShape::new(run, *ordinal, state.zone)).collect();
    Ok(Json(JobRuns { runs }).into_response())
}

/// One run, be it under way, ended or skipped.
#[utoipa::path(
    get, operation_id = "show_run", path = "/api/runs/{run_id}", tag = "runs",
    params(("run_id" = String, Path, description = "as in the history")),
    responses((status = 200, body = RunAnswer<'_>), AnyError, OneError),
)]
async fn show(State(state): State<WebState>, Named(id): Named) -> Result<Response, ApiError> {
    let run = state.scheduler.find_run(run_id(&id)?).await?.ok_or_else(|| ApiError::unknown_run(&id))?;
    let ordinal =
        ordinals(&state.scheduler, &HistoryQuery { job: Some(run.job_id()), ..all() }).await?.of(&run);
    Ok(Json(RunAnswer { run: RunShape::new(&run, ordinal, state.zone) }).into_response())
}

/// Cancels a run that is under way. It is not tried again.
#[utoipa::path(
    post, operation_id = "cancel_run", path = "/api/runs/{run_id}/cancel", tag = "runs",
    params(("run_id" = String, Path, description = "as in the history")),
    responses((status = 200, body = Done), AnyError, OneError),
)]
async fn cancel(State(state): State<WebState>, Named(id): Named) -> Result<Json<Done>, ApiError> {
    state.scheduler.cancel_run(run_id(&id)?).await?;
    Ok(Json(Done::new(format!("Run {id} cancelled"))))
}

/// The id that a path names.
pub(super) fn run_id(text: &str) -> Result<RunId, ApiError> {
    text.parse().map_err(|_| ApiError::unknown_run(text))
}

/// The runs that are asked for with those under way, and which attempt of its
/// job each is; the oldest first.
pub(super) async fn runs(
    scheduler: &Scheduler,
    query: &HistoryQuery,
) -> Result<Vec<(Run, u64)>, SchedulerError> {
    let mut runs = match query.status {
        Some(RunStatus::Running) => Vec::new(),
        _ => scheduler.history(query.clone()).await?,
    };
    let is_before = |run: &Run| query.before.is_none_or(|before| reached_at(run) < before);
    let without_before = HistoryQuery { before: None, ..query.clone() };
    let under_way = scheduler.running();
    runs.extend(under_way.into_iter().filter(|run| without_before.matches(run) && is_before(run)));
    // An attempt may have ended between the two looks.
    runs.sort_by_key(|run| (reached_at(run), run.run_id));
    let surplus = runs.len().saturating_sub(query.limit);
    runs.drain(..surplus);
    let ordinals = if query.status.is_none() && query.before.is_none() {
        Ordinals::count(scheduler, &runs).await?
    } else {
        ordinals(scheduler, &HistoryQuery { status: None, before: None, limit: usize::MAX, ..query.clone() })
            .await?
    };
    let with_ordinal = |run: Run| {
        let ordinal = ordinals.of(&run);
        (run, ordinal)
    };
    Ok(runs.into_iter().map(with_ordinal).collect())
}

/// All runs there are.
fn all() -> HistoryQuery {
    HistoryQuery { limit: usize::MAX, ..HistoryQuery::default() }
}

/// Which attempts of their jobs the runs are that a query asks for.
pub(super) async fn ordinals(
    scheduler: &Scheduler,
    query: &HistoryQuery,
) -> Result<Ordinals, SchedulerError> {
    Ordinals::count(scheduler, &scheduler.history(query.clone()).await?).await
}

/// Which attempt of its job each run is.
///
/// Records do not say, so it is counted back from how many attempts of the job
/// have ended by now; all that ended since must be among the runs for that.
pub(super) struct Ordinals {
    of_runs: HashMap<RunId, u64>,
    /// Attempts that have ended, of jobs that are there.
    ended: HashMap<JobId, u64>,
}

impl Ordinals {
    pub(super) async fn count(scheduler: &Scheduler, runs: &[Run]) -> Result<Self, SchedulerError> {
        let mut ended: HashMap<JobId, u64> = HashMap::new();
        for run in runs {
            let id = run.job_id();
            if !ended.contains_key(&id)
                && let Some(job) = scheduler.job(id).await?
            {
                ended.insert(id, job.run_count());
            }
        }
        let mut left = ended.clone();
        let mut of_runs = HashMap::new();
        for run in runs.iter().rev().filter(|run| is_attempt(run)) {
            if let Some(left) = left.get_mut(&run.job_id()) {
                of_runs.insert(run.run_id, *left);
                *left = left.saturating_sub(1);
            }
        }
        Ok(Self { of_runs, ended })
    }

    /// Of a job that is gone it is the attempt of the fire: most are those of
    /// one-time jobs.
    pub(super) fn of(&self, run: &Run) -> u64 {
        let ended = self.ended.get(&run.job_id()).copied();
        let by_fire = u64::from(run.run_id.attempt);
        match run.status {
            RunStatus::Running => ended.map_or(by_fire, |ended| ended + 1),
            RunStatus::Missed => ended.unwrap_or(by_fire),
            RunStatus::Completed | RunStatus::Failed => {
                self.of_runs.get(&run.run_id).copied().unwrap_or(by_fire)
            }
        }
    }
}

fn is_attempt(run: &Run) -> bool {
    matches!(run.status, RunStatus::Completed | RunStatus::Failed)
}
