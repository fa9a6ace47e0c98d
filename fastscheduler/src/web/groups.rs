//! Groups of jobs.

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::error::{AnyError, ApiError, NoBodyError};
use super::extract::{GroupInPath, NoBody};
use super::jobs::shapes;
use super::shapes::JobShape;
use super::state::WebState;
use crate::storage::JobQuery;

pub(super) fn routes() -> OpenApiRouter<WebState> {
    OpenApiRouter::new()
        .routes(routes!(list))
        .routes(routes!(jobs))
        .routes(routes!(pause))
        .routes(routes!(resume))
        .routes(routes!(cancel))
}

/// The groups that jobs belong to.
#[derive(Serialize, ToSchema)]
struct GroupList {
    /// Their names, sorted; `default` is always among them.
    groups: Vec<String>,
}

/// The jobs of a group.
#[derive(Serialize, ToSchema)]
struct GroupJobs<'a> {
    /// The jobs, the soonest first.
    jobs: Vec<JobShape<'a>>,
    /// The group.
    group: String,
}

/// That the jobs of a group were paused.
#[derive(Serialize, ToSchema)]
struct GroupPaused {
    success: bool,
    /// How many were not paused before.
    paused: usize,
    message: String,
}

/// That the jobs of a group were resumed.
#[derive(Serialize, ToSchema)]
struct GroupResumed {
    success: bool,
    /// How many were paused before.
    resumed: usize,
    message: String,
}

/// That the jobs of a group were cancelled.
#[derive(Serialize, ToSchema)]
struct GroupCancelled {
    success: bool,
    /// How many there were.
    cancelled: usize,
    message: String,
}

/// The groups that jobs belong to.
#[utoipa::path(
    get, operation_id = "list_groups", path = "/api/groups", tag = "groups", responses((status = 200, body = GroupList), AnyError),
)]
async fn list(State(state): State<WebState>) -> Result<Json<GroupList>, ApiError> {
    Ok(Json(GroupList { groups: state.scheduler.groups().await? }))
}

/// The jobs of a group, the soonest first; none if there is no such group.
#[utoipa::path(
    get, operation_id = "list_group_jobs", path = "/api/groups/{group}/jobs", tag = "groups",
    params(("group" = String, Path, description = "the group's name")),
    responses((status = 200, body = GroupJobs<'_>), AnyError),
)]
async fn jobs(State(state): State<WebState>, GroupInPath(group): GroupInPath) -> Result<Response, ApiError> {
    let query = JobQuery { group: Some(group.clone()), ..JobQuery::default() };
    let page = state.scheduler.find_jobs(&query).await?;
    let jobs = shapes(&state, &page.jobs);
    Ok(Json(GroupJobs { jobs, group }).into_response())
}

/// Pauses the jobs of a group.
#[utoipa::path(
    post, operation_id = "pause_group", path = "/api/groups/{group}/pause", tag = "groups",
    params(("group" = String, Path, description = "the group's name")),
    responses((status = 200, body = GroupPaused), AnyError, NoBodyError),
)]
async fn pause(
    State(state): State<WebState>,
    GroupInPath(group): GroupInPath,
    _: NoBody,
) -> Result<Json<GroupPaused>, ApiError> {
    let paused = state.scheduler.pause_group(&group).await?;
    let message = format!("Paused {paused} job(s) in group: {group}");
    Ok(Json(GroupPaused { success: true, paused, message }))
}

/// Resumes the jobs of a group.
#[utoipa::path(
    post, operation_id = "resume_group", path = "/api/groups/{group}/resume", tag = "groups",
    params(("group" = String, Path, description = "the group's name")),
    responses((status = 200, body = GroupResumed), AnyError, NoBodyError),
)]
async fn resume(
    State(state): State<WebState>,
    GroupInPath(group): GroupInPath,
    _: NoBody,
) -> Result<Json<GroupResumed>, ApiError> {
    let resumed = state.scheduler.resume_group(&group).await?;
    let message = format!("Resumed {resumed} job(s) in group: {group}");
    Ok(Json(GroupResumed { success: true, resumed, message }))
}

/// Cancels the jobs of a group: they are deleted, and what runs is cancelled.
#[utoipa::path(
    delete, operation_id = "cancel_group", path = "/api/groups/{group}", tag = "groups",
    params(("group" = String, Path, description = "the group's name")),
    responses((status = 200, body = GroupCancelled), AnyError, NoBodyError),
)]
async fn cancel(
    State(state): State<WebState>,
    GroupInPath(group): GroupInPath,
    _: NoBody,
) -> Result<Json<GroupCancelled>, ApiError> {
    let cancelled = state.scheduler.cancel_group(&group).await?;
    let message = format!("Cancelled {cancelled} job(s) in group: {group}");
    Ok(Json(GroupCancelled { success: true, cancelled, message }))
}
