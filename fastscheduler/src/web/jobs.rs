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
use super::extract::{JobInPath, QueryParameters, Repeated};
use super::settings::number;
use super::shapes::{JobAnswer, JobList, JobShape};
use super::state::WebState;
use super::words::{either, one_of, words};
use crate::job::{Job, JobId, JobStatus};
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
    /// What comes first: `next_run` (the default), `job_id`, `name`, `group`,
    /// `last_run`, `run_count` or `failure_count`; with `-` before it the other way round.
    #[param(inline, value_type = Option<OrderOfJobs>)]
    sort: Option<String>,
}

/// Which jobs are asked for, in parameters that may be repeated.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
struct FilterParameters {
    /// Jobs of this group; of any of them, if it is repeated.
    #[param(required = false)]
    group: Vec<String>,
    /// Jobs of this status; of any of them, if it is repeated.
    #[param(required = false)]
    status: Vec<JobStatus>,
    /// What the answer has besides the jobs.
    #[param(inline, required = false)]
    with: Vec<With>,
}

/// What the answer has besides the jobs.
#[derive(Deserialize, PartialEq, Eq)]
#[serde(rename_all = "snake_case")]
enum With {
    /// How many jobs there are of each status, whatever `status` is asked for.
    Counts,
}

impl PartialSchema for With {
    fn schema() -> RefOr<Schema> {
        one_of(
            "`counts`: how many jobs there are of each status, whatever `status` is asked for. All jobs are \
             looked at for that.",
            words::<Self>().iter().copied(),
        )
    }
}

impl ToSchema for With {}

impl FilterParameters {
    fn read(query: &Repeated) -> Result<Self, ApiError> {
        Ok(Self {
            group: query.all("group").map(str::to_owned).collect(),
            status: query.choices("status")?,
            with: query.choices("with")?,
        })
    }
}

/// What may come first in a list of jobs.
const ORDERS: [(&str, JobOrder); 7] = [
    ("next_run", JobOrder::NextRun),
    ("job_id", JobOrder::Id),
    ("name", JobOrder::Name),
    ("group", JobOrder::Group),
    ("last_run", JobOrder::LastRun),
    ("run_count", JobOrder::RunCount),
    ("failure_count", JobOrder::FailureCount),
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
    fn query(self, filter: FilterParameters) -> Result<JobQuery, ApiError> {
        let (order, is_descending) = self.sort.as_deref().map_or(Ok((JobOrder::default(), false)), order)?;
        Ok(JobQuery {
            groups: filter.group,
            text: self.q,
            statuses: filter.status,
            order,
            is_descending,
            offset: number("offset", self.offset.as_deref(), 0..=usize::MAX)?.unwrap_or_default(),
            limit: number("limit", self.limit.as_deref(), 1..=usize::MAX)?,
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
    });
    order.map(|(_, order)| (order, is_descending))
}

/// All jobs, or those that are asked for, the soonest first.
#[utoipa::path(
    get, operation_id = "list_jobs", path = "/api/jobs", tag = "jobs",
    params(FilterParameters, ListParameters),
    responses((status = 200, body = JobList<'_>), AnyError, QueryError),
)]
async fn list(
    State(state): State<WebState>,
    repeated: Repeated,
    QueryParameters(parameters): QueryParameters<ListParameters>,
) -> Result<Response, ApiError> {
    let filter = FilterParameters::read(&repeated)?;
    let is_counted = filter.with.contains(&With::Counts);
    let query = parameters.query(filter)?;
    let page = state.scheduler.find_jobs(&query).await?;
    let counts = if is_counted {
        let of_all = JobQuery { statuses: Vec::new(), ..query };
        Some(state.scheduler.count_jobs(&of_all).await?.by_status)
    } else {
        None
    };
    let jobs = shapes(&state, &page.jobs);
    Ok(Json(JobList { jobs, total: page.total, counts }).into_response())
}

/// One job.
#[utoipa::path(
    get, operation_id = "show_job", path = "/api/jobs/{job_id}", tag = "jobs", params(("job_id" = String, Path, description = "`job_N`")),
    responses((status = 200, body = JobAnswer<'_>), (status = 404, body = ErrorBody), AnyError),
)]
async fn show(State(state): State<WebState>, JobInPath(id): JobInPath) -> Result<Response, ApiError> {
    let job = existing(&state, &id).await?;
    Ok(Json(JobAnswer { job: JobShape::new(&job, state.zone, state.scheduler.now()) }).into_response())
}

/// What jobs look like now.
pub(super) fn shapes<'a>(state: &WebState, jobs: &'a [Job]) -> Vec<JobShape<'a>> {
    let now = state.scheduler.now();
    jobs.iter().map(|job| JobShape::new(job, state.zone, now)).collect()
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
