//! Jobs: listing and showing them.

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use utoipa::openapi::{RefOr, Schema};
use utoipa::{IntoParams, PartialSchema, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::error::{AnyError, ApiError, ErrorBody, QueryError};
use super::examples;
use super::extract::{JobInPath, QueryParameters, Repeated};
use super::job_filter::JobFilter;
use super::settings::number;
use super::shapes::{JobAnswer, JobList, JobShape};
use super::state::WebState;
use super::words::{either, one_of, words};
use crate::job::{Job, JobId, Run};
use crate::storage::{JobOrder, JobQuery};

pub(super) fn routes() -> OpenApiRouter<WebState> {
    OpenApiRouter::new().routes(routes!(list)).routes(routes!(show))
}

/// Which jobs are asked for.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct ListParameters {
    /// Jobs with this text in their id, name, group or function.
    q: Option<String>,
    /// The most jobs; all if it is left out.
    #[param(minimum = 1, maximum = 18_446_744_073_709_551_615_u64, value_type = Option<usize>)]
    limit: Option<String>,
    /// How many of the first are left out. To read page after page, sort by `job_id` or
    /// `name`: a job that fires moves in the order of `next_run`, `last_run`, `run_count`
    /// and `failure_count`, so a page may skip jobs or repeat them.
    #[param(minimum = 0, maximum = 18_446_744_073_709_551_615_u64, value_type = Option<usize>)]
    offset: Option<String>,
    /// What comes first: `next_run` (the default), `job_id`, `name`, `group`, `last_run`,
    /// `run_count`, `failure_count`, `attention` (what wants attention, and then by name),
    /// `status` or `last_status`; with `-` before it the other way round.
    #[param(inline, value_type = Option<OrderOfJobs>)]
    sort: Option<String>,
}

/// What the answer has besides the jobs.
#[derive(Deserialize, PartialEq, Eq)]
#[serde(rename_all = "snake_case")]
enum With {
    /// How many jobs there are of each status, whatever `status` is asked for.
    Counts,
    /// The last runs of each job.
    Recent,
}

impl PartialSchema for With {
    fn schema() -> RefOr<Schema> {
        one_of(
            "`counts`: how many jobs there are of each status, whatever `status` is asked for. All jobs are \
             looked at for that. `recent`: the last runs of each job, at most five.",
            words::<Self>().iter().copied(),
        )
    }
}

impl ToSchema for With {}

/// What comes with one job.
#[derive(Deserialize, PartialEq, Eq)]
#[serde(rename_all = "snake_case")]
enum WithJob {
    /// Its last runs.
    Recent,
}

impl PartialSchema for WithJob {
    fn schema() -> RefOr<Schema> {
        one_of("`recent`: its last runs, at most five.", words::<Self>().iter().copied())
    }
}

impl ToSchema for WithJob {}

/// The most runs of a job that come with it: as many as it remembers the outcomes of.
const RECENT_RUNS: usize = 5;

/// What may come first in a list of jobs.
const ORDERS: [(&str, JobOrder); 10] = [
    ("next_run", JobOrder::NextRun),
    ("job_id", JobOrder::Id),
    ("name", JobOrder::Name),
    ("group", JobOrder::Group),
    ("last_run", JobOrder::LastRun),
    ("run_count", JobOrder::RunCount),
    ("failure_count", JobOrder::FailureCount),
    ("attention", JobOrder::Attention),
    ("status", JobOrder::Status),
    ("last_status", JobOrder::LastStatus),
];

/// The schema of an order, which may be the other way round.
struct OrderOfJobs;

impl PartialSchema for OrderOfJobs {
    fn schema() -> RefOr<Schema> {
        let both = ORDERS.iter().flat_map(|(name, _)| [(*name).to_owned(), format!("-{name}")]);
        one_of("What comes first in a list of jobs.", both)
    }
}

impl ToSchema for OrderOfJobs {}

impl ListParameters {
    fn query(self, filter: JobFilter) -> Result<JobQuery, ApiError> {
        let (order, is_descending) = self.sort.as_deref().map_or(Ok((JobOrder::default(), false)), order)?;
        Ok(JobQuery {
            text: self.q,
            order,
            is_descending,
            offset: number("offset", self.offset.as_deref(), 0..=usize::MAX)?.unwrap_or_default(),
            limit: number("limit", self.limit.as_deref(), 1..=usize::MAX)?,
            ..filter.query()
        })
    }
}

fn order(sort: &str) -> Result<(JobOrder, bool), ApiError> {
    let (name, is_descending) = sort.strip_prefix('-').map_or((sort, false), |name| (name, true));
    let order = ORDERS.into_iter().find(|(known, _)| *known == name).ok_or_else(|| {
        let orders = either(ORDERS.map(|(name, _)| name));
        ApiError::not_allowed(format!(
            "`sort` is `{sort}`; use {orders}, with `-` before it for the other way round"
        ))
        .of("sort")
    });
    order.map(|(_, order)| (order, is_descending))
}

/// All jobs, or those that are asked for, the soonest first.
#[utoipa::path(
    get, operation_id = "list_jobs", path = "/api/jobs", tag = "jobs",
    params(
        JobFilter,
        ("with" = inline(Option<Vec<With>>), Query, description = "what the answer has besides the jobs; it may be repeated"),
        ListParameters,
    ),
    responses((status = 200, body = JobList<'_>, example = examples::job_list), AnyError, QueryError),
)]
async fn list(
    State(state): State<WebState>,
    repeated: Repeated,
    QueryParameters(parameters): QueryParameters<ListParameters>,
) -> Result<Response, ApiError> {
    let with: Vec<With> = repeated.choices("with")?;
    let query = parameters.query(JobFilter::read(&repeated)?)?;
    let page = state.scheduler.find_jobs(&query).await?;
    let recent = recent_runs(&state, with.contains(&With::Recent), &page.jobs).await?;
    let jobs = with_recent(shapes(&state, &page.jobs), &recent);
    let counts = if with.contains(&With::Counts) {
        let of_all = JobQuery { statuses: Vec::new(), ..query };
        Some(state.scheduler.count_jobs(&of_all).await?.by_status)
    } else {
        None
    };
    Ok(Json(JobList { jobs, total: page.total, counts }).into_response())
}

/// One job.
#[utoipa::path(
    get, operation_id = "show_job", path = "/api/jobs/{job_id}", tag = "jobs", 
    params(
        ("job_id" = String, Path, description = "`job_N`"),
        ("with" = inline(Option<Vec<WithJob>>), Query, description = "what comes with the job besides"),
    ),
    responses((status = 200, body = JobAnswer<'_>, example = examples::job_answer), (status = 404, body = ErrorBody), AnyError, QueryError),
)]
async fn show(
    State(state): State<WebState>,
    JobInPath(id): JobInPath,
    repeated: Repeated,
) -> Result<Response, ApiError> {
    let with: Vec<WithJob> = repeated.choices("with")?;
    let job = existing(&state, &id).await?;
    let recent = recent_runs(&state, with.contains(&WithJob::Recent), std::slice::from_ref(&job)).await?;
    let doing = state.scheduler.job_now(&job);
    let shape = JobShape::new(&job, &doing, state.zone, state.scheduler.now());
    let job = match recent.first() {
        Some(runs) => shape.with_recent(runs),
        None => shape,
    };
    Ok(Json(JobAnswer { job }).into_response())
}

/// The last runs of each job, if they are to come with it.
async fn recent_runs(state: &WebState, are_asked_for: bool, jobs: &[Job]) -> Result<Vec<Vec<Run>>, ApiError> {
    if !are_asked_for {
        return Ok(Vec::new());
    }
    let ids: Vec<JobId> = jobs.iter().map(Job::id).collect();
    Ok(state.scheduler.recent_runs(&ids, RECENT_RUNS).await?)
}

/// Jobs with the last runs of each, if there are any lists of them.
fn with_recent<'a>(jobs: Vec<JobShape<'a>>, recent: &'a [Vec<Run>]) -> Vec<JobShape<'a>> {
    if recent.is_empty() {
        return jobs;
    }
    jobs.into_iter().zip(recent).map(|(job, runs)| job.with_recent(runs)).collect()
}

/// What jobs look like now.
pub(super) fn shapes<'a>(state: &WebState, jobs: &'a [Job]) -> Vec<JobShape<'a>> {
    let now = state.scheduler.now();
    jobs.iter()
        .map(|job| JobShape::new(job, &state.scheduler.job_now_of_many(job), state.zone, now))
        .collect()
}

/// The job of an id, which is there.
pub(super) async fn existing(state: &WebState, id: &str) -> Result<Job, ApiError> {
    state.scheduler.job(job_id(id)?).await?.ok_or_else(|| ApiError::unknown_job(id))
}

/// The id that a path names.
pub(super) fn job_id(text: &str) -> Result<JobId, ApiError> {
    let id: Option<JobId> = text.parse().ok();
    // One job has one name: `job_07` is none.
    id.filter(|id| id.to_string() == text).ok_or_else(|| ApiError::unknown_job(text))
}
