//! Groups of jobs.

use std::collections::BTreeMap;

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use utoipa::openapi::{RefOr, Schema};
use utoipa::{IntoParams, PartialSchema, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::error::{AnyError, ApiError, NoBodyError};
use super::examples;
use super::extract::{GroupInPath, NoBody, Repeated};
use super::jobs::shapes;
use super::shapes::JobShape;
use super::state::WebState;
use super::words::{one_of, words};
use crate::job::JobStatus;
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
    /// With `with=counts`: how many jobs each of them has, in the same order.
    #[serde(skip_serializing_if = "Option::is_none")]
    counts: Option<Vec<GroupCounts>>,
}

/// What is asked for, in parameters that may be repeated.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
struct GroupParameters {
    /// What the answer has besides the names.
    #[param(inline, required = false)]
    with: Vec<With>,
}

/// What the answer has besides the names.
#[derive(Deserialize, PartialEq, Eq)]
#[serde(rename_all = "snake_case")]
enum With {
    /// How many jobs each group has.
    Counts,
}

impl PartialSchema for With {
    fn schema() -> RefOr<Schema> {
        one_of("`counts`: how many jobs each group has.", words::<Self>().iter().copied())
    }
}

impl ToSchema for With {}

/// How many jobs a group has.
#[derive(Serialize, ToSchema)]
struct GroupCounts {
    group: String,
    /// In all.
    total: usize,
    /// Of each status. One that none has is left out.
    #[schema(value_type = BTreeMap<String, usize>, example = json!({"paused": 1, "scheduled": 4}))]
    by_status: BTreeMap<JobStatus, usize>,
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
    get, operation_id = "list_groups", path = "/api/groups", tag = "groups", params(GroupParameters),
    responses((status = 200, body = GroupList, example = json!({
        "groups": ["default", "mail"],
        "counts": [
            {"group": "default", "total": 0, "by_status": {}},
            {"group": "mail", "total": 5, "by_status": {"paused": 1, "scheduled": 4}},
        ],
    })), AnyError),
)]
async fn list(State(state): State<WebState>, query: Repeated) -> Result<Json<GroupList>, ApiError> {
    let parameters = GroupParameters { with: query.choices("with")? };
    let by_group = state.scheduler.group_counts().await?;
    let groups = by_group.keys().cloned().collect();
    let counts =
        parameters.with.contains(&With::Counts).then(|| by_group.into_iter().map(GroupCounts::new).collect());
    Ok(Json(GroupList { groups, counts }))
}

impl GroupCounts {
    fn new((group, by_status): (String, BTreeMap<JobStatus, usize>)) -> Self {
        Self { group, total: by_status.values().sum(), by_status }
    }
}

/// The jobs of a group, the soonest first; none if there is no such group.
#[utoipa::path(
    get, operation_id = "list_group_jobs", path = "/api/groups/{group}/jobs", tag = "groups",
    params(("group" = String, Path, description = "the group's name")),
    responses((status = 200, body = GroupJobs<'_>, example = examples::group_jobs), AnyError),
)]
async fn jobs(State(state): State<WebState>, GroupInPath(group): GroupInPath) -> Result<Response, ApiError> {
    let query = JobQuery { groups: vec![group.clone()], ..JobQuery::default() };
    let page = state.scheduler.find_jobs(&query).await?;
    let jobs = shapes(&state, &page.jobs);
    Ok(Json(GroupJobs { jobs, group }).into_response())
}

/// Pauses the jobs of a group.
#[utoipa::path(
    post, operation_id = "pause_group", path = "/api/groups/{group}/pause", tag = "groups",
    params(("group" = String, Path, description = "the group's name")),
    responses((status = 200, body = GroupPaused, example = json!({
        "success": true, "paused": 4, "message": "Paused 4 job(s) in group: mail",
    })), AnyError, NoBodyError),
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
    responses((status = 200, body = GroupResumed, example = json!({
        "success": true, "resumed": 4, "message": "Resumed 4 job(s) in group: mail",
    })), AnyError, NoBodyError),
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
    responses((status = 200, body = GroupCancelled, example = json!({
        "success": true, "cancelled": 4, "message": "Cancelled 4 job(s) in group: mail",
    })), AnyError, NoBodyError),
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
