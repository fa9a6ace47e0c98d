//! Fires that failed for good.

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::error::{AnyError, ApiError, ErrorBody, NoBodyError, OneError, QueryError};
use super::examples;
use super::extract::{NoBody, QueryParameters, RunInPath};
use super::history::{run_id, run_of};
use super::jobs::job_id;
use super::run_details::letter_shape;
use super::settings::number;
use super::shapes::{Done, RunOfPage, RunShape, Triggered, UtcTime};
use super::state::WebState;
use crate::job::JobId;
use crate::scheduler::DeadLetterTarget;
use crate::storage::{DeadLetterPage, DeadLetterQuery};

/// Letters that are answered if nothing is said.
const DEFAULT_LIMIT: usize = 100;

pub(super) fn routes() -> OpenApiRouter<WebState> {
    OpenApiRouter::new()
        .routes(routes!(list))
        .routes(routes!(groups))
        .routes(routes!(clear))
        .routes(routes!(retry))
        .routes(routes!(remove))
}

/// Which letters are asked for.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct LetterParameters {
    /// Letters with this text in their job's name, function, group or error, in any case.
    q: Option<String>,
    /// Letters of this job.
    job_id: Option<String>,
    /// Letters of jobs of this group.
    group: Option<String>,
}

/// Which page of the letters is asked for.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct PageParameters {
    /// Letters of this group of errors, as `/api/dead-letters/groups` names it.
    error: Option<String>,
    /// The most letters, the newest; 100 if it is left out.
    #[param(minimum = 1, maximum = 18_446_744_073_709_551_615_u64, value_type = Option<usize>)]
    limit: Option<String>,
    /// The last letter of a page, by its run: the letters before it, which is how to read
    /// page after page.
    #[param(inline, value_type = Option<RunOfPage>)]
    before: Option<String>,
}

/// Which letters are dropped.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
// One that is misspelt would drop them all.
#[serde(deny_unknown_fields)]
struct ClearParameters {
    /// Only letters of this group of errors, as `/api/dead-letters/groups` names it.
    error: Option<String>,
    /// Only letters of this job.
    job_id: Option<String>,
    /// Only letters of jobs of this group.
    group: Option<String>,
    /// Only letters with this text in their job's name, function, group or error, in any case.
    q: Option<String>,
}

/// Dead letters, the newest first.
#[derive(Serialize, ToSchema)]
struct DeadLetters<'a> {
    dead_letters: Vec<RunShape<'a>>,
    /// How many there are, without `limit` and `before`.
    total: usize,
}

/// Groups of letters, that of the newest letter first.
#[derive(Serialize, ToSchema)]
struct Groups {
    groups: Vec<Group>,
}

/// Letters whose errors differ only in numbers, quoted parts, ids and the like.
#[derive(Serialize, ToSchema)]
struct Group {
    /// What their errors have in common, with `#` for numbers and ids and `…` for what is
    /// quoted.
    error: String,
    /// The newest of their errors, whole.
    sample: String,
    /// How many there are.
    count: usize,
    /// When the oldest of them failed for good.
    #[schema(value_type = String, format = DateTime)]
    first: UtcTime,
    /// When the newest of them failed for good.
    #[schema(value_type = String, format = DateTime)]
    last: UtcTime,
    /// The jobs that they are of, that of the newest letter first; at most 20.
    #[schema(value_type = Vec<String>)]
    jobs: Vec<JobId>,
    /// How many jobs they are of.
    job_count: usize,
}

/// That letters were dropped.
#[derive(Serialize, ToSchema)]
struct Cleared {
    success: bool,
    /// How many there were.
    cleared: usize,
}

impl LetterParameters {
    /// What is asked for; `None` if it can only be about letters that are not there.
    fn query(self) -> Option<DeadLetterQuery> {
        let job = self.job_id.as_deref().map(job_id).transpose().ok()?;
        Some(DeadLetterQuery { job, group: self.group, text: self.q, ..DeadLetterQuery::default() })
    }
}

/// The newest dead letters that are asked for, newest first.
#[utoipa::path(
    get, operation_id = "list_dead_letters", path = "/api/dead-letters", tag = "dead letters",
    params(LetterParameters, PageParameters),
    responses((status = 200, body = DeadLetters<'_>, example = examples::dead_letters), (status = 404, body = ErrorBody), AnyError, QueryError),
)]
async fn list(
    State(state): State<WebState>,
    QueryParameters(which): QueryParameters<LetterParameters>,
    QueryParameters(page): QueryParameters<PageParameters>,
) -> Result<Response, ApiError> {
    let limit = number("limit", page.limit.as_deref(), 1..=usize::MAX)?.unwrap_or(DEFAULT_LIMIT);
    let before_run = page.before.as_deref().map(|run| run_of("before", run)).transpose()?;
    let found = match which.query() {
        Some(query) => {
            let query = DeadLetterQuery { error: page.error, before_run, limit, ..query };
            state.scheduler.find_dead_letters(&query).await?
        }
        None => DeadLetterPage::default(),
    };
    let shape = |letter| letter_shape(&state.scheduler, letter, state.zone);
    let dead_letters = found.letters.iter().map(shape).collect();
    Ok(Json(DeadLetters { dead_letters, total: found.total }).into_response())
}

/// Dead letters by what their errors have in common.
#[utoipa::path(
    get, operation_id = "list_dead_letter_groups", path = "/api/dead-letters/groups", tag = "dead letters",
    params(LetterParameters),
    responses(
        (status = 200, body = Groups, example = json!({"groups": [{
            "error": "no user '…' after # s", "sample": "no user 'anna' after 30 s", "count": 12,
            "first": "2026-11-23T00:00:30Z", "last": "2026-11-23T02:00:30Z", "jobs": ["job_3"], "job_count": 1,
        }]})),
        AnyError, QueryError,
    ),
)]
async fn groups(
    State(state): State<WebState>,
    QueryParameters(which): QueryParameters<LetterParameters>,
) -> Result<Json<Groups>, ApiError> {
    let groups = match which.query() {
        Some(query) => state.scheduler.dead_letter_groups(&query).await?,
        None => Vec::new(),
    };
    let groups = groups.into_iter().map(|group| Group {
        error: group.error,
        sample: group.sample,
        count: group.count,
        first: UtcTime(group.first),
        last: UtcTime(group.last),
        jobs: group.jobs,
        job_count: group.job_count,
    });
    Ok(Json(Groups { groups: groups.collect() }))
}

/// Drops all dead letters, or those that are asked for.
#[utoipa::path(
    delete, operation_id = "clear_dead_letters", path = "/api/dead-letters", tag = "dead letters",
    params(ClearParameters),
    responses((status = 200, body = Cleared, example = json!({"success": true, "cleared": 12})), AnyError, QueryError, NoBodyError),
)]
async fn clear(
    State(state): State<WebState>,
    QueryParameters(which): QueryParameters<ClearParameters>,
    _: NoBody,
) -> Result<Json<Cleared>, ApiError> {
    let ClearParameters { error, job_id, group, q } = which;
    let cleared = match (LetterParameters { q, job_id, group }).query() {
        None => 0,
        Some(query) => {
            let query = DeadLetterQuery { error, ..query };
            if query == DeadLetterQuery::default() {
                state.scheduler.clear_dead_letters().await?
            } else {
                state.scheduler.remove_dead_letters(DeadLetterTarget::Matching(query)).await?
            }
        }
    };
    Ok(Json(Cleared { success: true, cleared }))
}

/// The letters of a group of errors.
pub(super) fn of_error(error: String) -> DeadLetterTarget {
    DeadLetterTarget::Matching(DeadLetterQuery { error: Some(error), ..DeadLetterQuery::default() })
}

/// Runs the fire of a dead letter again, and drops the letter.
#[utoipa::path(
    post, operation_id = "retry_dead_letter", path = "/api/dead-letters/{run_id}/retry", tag = "dead letters",
    params(("run_id" = String, Path, description = "as in the list of dead letters")),
    responses((status = 200, body = Triggered, example = json!({
        "success": true, "message": "Dead letter job_0-s-1795392010000000-1 retried",
        "run_id": "job_0-r-1795392010000000-1",
    })), AnyError, OneError, NoBodyError),
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
    responses((status = 200, body = Done, example = json!({"success": true, "message": "Dead letter job_0-s-1795392010000000-1 deleted"})), AnyError, OneError, NoBodyError),
)]
async fn remove(
    State(state): State<WebState>,
    RunInPath(id): RunInPath,
    _: NoBody,
) -> Result<Json<Done>, ApiError> {
    state.scheduler.remove_dead_letter(run_id(&id)?).await?;
    Ok(Json(Done::new(format!("Dead letter {id} deleted"))))
}
