//! Deleting, pausing, resuming and running one job.

use axum::Json;
use axum::extract::State;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::error::{AnyError, ApiError, NoBodyError, OneError};
use super::extract::{JobInPath, NoBody};
use super::jobs::job_id;
use super::shapes::{Done, Triggered};
use super::state::WebState;

pub(super) fn routes() -> OpenApiRouter<WebState> {
    OpenApiRouter::new()
        .routes(routes!(delete))
        .routes(routes!(pause))
        .routes(routes!(resume))
        .routes(routes!(enable))
        .routes(routes!(disable))
        .routes(routes!(run))
        .routes(routes!(cancel))
}

/// Deletes a job, and cancels what runs of it. Its history stays.
#[utoipa::path(
    delete, operation_id = "delete_job", path = "/api/jobs/{job_id}", tag = "jobs",
    params(("job_id" = String, Path, description = "`job_N`")),
    responses((status = 200, body = Done, example = json!({"success": true, "message": "Job job_0 deleted successfully"})), AnyError, OneError, NoBodyError),
)]
async fn delete(
    State(state): State<WebState>,
    JobInPath(id): JobInPath,
    _: NoBody,
) -> Result<Json<Done>, ApiError> {
    state.scheduler.cancel_job(job_id(&id)?).await?;
    Ok(Json(Done::new(format!("Job {id} deleted successfully"))))
}

/// Pauses a job: it stays, and does not fire. It may be paused already.
#[utoipa::path(
    post, operation_id = "pause_job", path = "/api/jobs/{job_id}/pause", tag = "jobs",
    params(("job_id" = String, Path, description = "`job_N`")),
    responses((status = 200, body = Done, example = json!({"success": true, "message": "Job job_0 paused"})), AnyError, OneError, NoBodyError),
)]
async fn pause(
    State(state): State<WebState>,
    JobInPath(id): JobInPath,
    _: NoBody,
) -> Result<Json<Done>, ApiError> {
    state.scheduler.pause_job(job_id(&id)?).await?;
    Ok(Json(Done::new(format!("Job {id} paused"))))
}

/// Resumes a job with its next regular fire. It may be running already.
#[utoipa::path(
    post, operation_id = "resume_job", path = "/api/jobs/{job_id}/resume", tag = "jobs",
    params(("job_id" = String, Path, description = "`job_N`")),
    responses((status = 200, body = Done, example = json!({"success": true, "message": "Job job_0 resumed"})), AnyError, OneError, NoBodyError),
)]
async fn resume(
    State(state): State<WebState>,
    JobInPath(id): JobInPath,
    _: NoBody,
) -> Result<Json<Done>, ApiError> {
    state.scheduler.resume_job(job_id(&id)?).await?;
    Ok(Json(Done::new(format!("Job {id} resumed"))))
}

/// Enables a job: the same as to resume it.
#[utoipa::path(
    post, operation_id = "enable_job", path = "/api/jobs/{job_id}/enable", tag = "jobs",
    params(("job_id" = String, Path, description = "`job_N`")),
    responses((status = 200, body = Done, example = json!({"success": true, "message": "Job job_0 enabled"})), AnyError, OneError, NoBodyError),
)]
async fn enable(
    State(state): State<WebState>,
    JobInPath(id): JobInPath,
    _: NoBody,
) -> Result<Json<Done>, ApiError> {
    state.scheduler.resume_job(job_id(&id)?).await?;
    Ok(Json(Done::new(format!("Job {id} enabled"))))
}

/// Disables a job: the same as to pause it.
#[utoipa::path(
    post, operation_id = "disable_job", path = "/api/jobs/{job_id}/disable", tag = "jobs",
    params(("job_id" = String, Path, description = "`job_N`")),
    responses((status = 200, body = Done, example = json!({"success": true, "message": "Job job_0 disabled"})), AnyError, OneError, NoBodyError),
)]
async fn disable(
    State(state): State<WebState>,
    JobInPath(id): JobInPath,
    _: NoBody,
) -> Result<Json<Done>, ApiError> {
    state.scheduler.pause_job(job_id(&id)?).await?;
    Ok(Json(Done::new(format!("Job {id} disabled"))))
}

/// Runs a job now, also while it is paused, unless it runs already.
#[utoipa::path(
    post, operation_id = "run_job", path = "/api/jobs/{job_id}/run", tag = "jobs",
    params(("job_id" = String, Path, description = "`job_N`")),
    responses((status = 200, body = Triggered, example = json!({
        "success": true, "message": "Job job_0 triggered",
        "run_id": "job_0-m-1795392010000000-1",
    })), AnyError, OneError, NoBodyError),
)]
async fn run(
    State(state): State<WebState>,
    JobInPath(id): JobInPath,
    _: NoBody,
) -> Result<Json<Triggered>, ApiError> {
    let job = job_id(&id)?;
    let run_id = state.scheduler.run_job_now(job).await.map_err(|error| ApiError::of_job(job, error))?;
    Ok(Json(Triggered::new(format!("Job {id} triggered"), run_id)))
}

/// Cancels a job: the same as to delete it.
#[utoipa::path(
    post, operation_id = "cancel_job", path = "/api/jobs/{job_id}/cancel", tag = "jobs",
    params(("job_id" = String, Path, description = "`job_N`")),
    responses((status = 200, body = Done, example = json!({"success": true, "message": "Job job_0 cancelled"})), AnyError, OneError, NoBodyError),
)]
async fn cancel(
    State(state): State<WebState>,
    JobInPath(id): JobInPath,
    _: NoBody,
) -> Result<Json<Done>, ApiError> {
    state.scheduler.cancel_job(job_id(&id)?).await?;
    Ok(Json(Done::new(format!("Job {id} cancelled"))))
}
