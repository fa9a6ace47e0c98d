//! Doing something with many jobs at once.

use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::error::{AnyError, ApiError, BodyError};
use super::extract::JsonBody;
use super::jobs::job_id;
use super::named::{check_number, refused};
use super::state::WebState;
use super::words::choice;
use crate::job::{Attention, JobId, JobStatus};
use crate::scheduler::{BulkAction, BulkTarget, RefusedJob};
use crate::storage::JobQuery;

pub(super) fn routes() -> OpenApiRouter<WebState> {
    OpenApiRouter::new().routes(routes!(bulk))
}

/// What is to be done, and with which jobs: those of `job_ids`, or those of `filter`.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"action": "pause", "job_ids": ["job_0", "job_7"]}))]
struct BulkRequest {
    /// What is done with each of the jobs.
    #[schema(value_type = BulkAction)]
    action: String,
    /// The jobs, 1 to 1,000. One that is named twice counts once.
    #[schema(min_items = 1, max_items = 1_000)]
    job_ids: Option<Vec<String>>,
    /// Which jobs are meant, as in the list of jobs; all of them if it is empty.
    filter: Option<BulkFilter>,
}

/// Which jobs are meant, as in the list of jobs.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct BulkFilter {
    /// Jobs of any of these groups.
    #[serde(default)]
    group: Vec<String>,
    /// Jobs of any of these statuses.
    #[serde(default)]
    #[schema(value_type = Vec<JobStatus>)]
    status: Vec<String>,
    /// Jobs that want attention for any of these.
    #[serde(default)]
    #[schema(value_type = Vec<Attention>)]
    attention: Vec<String>,
    /// Jobs with this text in their id, name, group or function.
    q: Option<String>,
}

/// What became of the jobs.
#[derive(Serialize, ToSchema)]
struct BulkAnswer {
    /// How many jobs are as they were to be, those among them that were so before.
    done: usize,
    /// The jobs that refused.
    refused: Vec<Refused>,
}

/// A job that refused, and why.
#[derive(Serialize, ToSchema)]
#[schema(as = RefusedJob)]
struct Refused {
    /// The job, as it was named.
    job_id: String,
    /// Why, as if it had been the only one.
    detail: String,
}

impl BulkFilter {
    fn query(self) -> Result<JobQuery, ApiError> {
        let Self { group: groups, status, attention, q: text } = self;
        let statuses = status.iter().map(|word| choice("filter.status", word)).collect::<Result<_, _>>()?;
        let attention =
            attention.iter().map(|word| choice("filter.attention", word)).collect::<Result<_, _>>()?;
        Ok(JobQuery { groups, text, statuses, attention, ..JobQuery::default() })
    }
}

/// Runs, pauses, resumes or cancels many jobs: in one write with all that do not refuse.
#[utoipa::path(
    post, operation_id = "change_jobs", path = "/api/jobs/bulk", tag = "jobs", request_body = BulkRequest,
    responses(
        (status = 200, body = BulkAnswer, example = json!({
            "done": 1, "refused": [{"job_id": "job_7", "detail": "Job job_7 not found"}],
        })),
        AnyError, BodyError,
    ),
)]
async fn bulk(
    State(state): State<WebState>,
    JsonBody(request): JsonBody<BulkRequest>,
) -> Result<Json<BulkAnswer>, ApiError> {
    let action: BulkAction = choice("action", &request.action)?;
    match (request.job_ids, request.filter) {
        (Some(_), Some(_)) | (None, None) => {
            Err(ApiError::not_allowed("name the jobs by `job_ids` or by `filter`, one of the two"))
        }
        (None, Some(filter)) => {
            let outcome = state.scheduler.bulk(action, BulkTarget::Matching(filter.query()?)).await?;
            let refused = outcome.refused.into_iter().map(why);
            let refused = refused.map(|(job, detail)| Refused { job_id: job.to_string(), detail });
            Ok(Json(BulkAnswer { done: outcome.done, refused: refused.collect() }))
        }
        (Some(named), None) => {
            check_number("job_ids", named.len())?;
            let jobs = named.iter().filter_map(|id| job_id(id).ok()).collect();
            let outcome = state.scheduler.bulk(action, BulkTarget::Jobs(jobs)).await?;
            let refused = refused(named, job_id, outcome.refused.into_iter().map(why).collect());
            let refused = refused.into_iter().map(|(job_id, detail)| Refused { job_id, detail });
            Ok(Json(BulkAnswer { done: outcome.done, refused: refused.collect() }))
        }
    }
}

fn why(refused: RefusedJob) -> (JobId, String) {
    (refused.job, ApiError::of_job(refused.job, refused.error).into_detail())
}
