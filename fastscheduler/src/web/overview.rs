//! The scheduler at a glance.

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::error::{AnyError, ApiError};
use super::shapes::OverviewShape;
use super::state::WebState;

pub(super) fn routes() -> OpenApiRouter<WebState> {
    OpenApiRouter::new().routes(routes!(show))
}

/// The scheduler at a glance: what failed, what is late, what did not run, and what runs next.
///
/// It is found at most once a second for all who ask.
#[utoipa::path(
    get, operation_id = "show_overview", path = "/api/overview", tag = "monitoring",
    responses(
        (status = 200, body = OverviewShape<'_>, example = json!({
            "now": "2026-11-30T03:07:23Z", "timezone": "Europe/Berlin", "version": "0.1.0", "tzdata": "2026f",
            "running": true, "started_at": "2026-11-27T02:10:00Z",
            "jobs": {
                "total": 128, "by_status": {"scheduled": 117, "running": 4, "paused": 5, "failed": 2},
                "failing": 2, "retrying": 1, "late": 1, "behind": 1, "orphaned": 0, "paused": 5,
            },
            "runs": {"total": 482_310, "failures": 1_204, "retries": 980, "running": 4, "waiting": 1},
            "dead_letters": 7,
            "failing": [{
                "job_id": "job_17", "job_name": "nightly_backup",
                "since": "2026-11-30T01:39:12Z", "error": "disk quota exceeded",
            }],
            "late": [{
                "job_id": "job_4", "job_name": "rates_import", "since": "2026-11-30T03:06:36Z",
                "why": {
                    "code": "no_slot", "limit": "max_workers", "slots": 10,
                    "text": "no slot is free: all 10 of `max_workers` are taken",
                },
            }],
            "behind": [{"job_id": "job_9", "job_name": "orders_sync", "due": 11}],
            "next": [{"job_id": "job_2", "job_name": "thumbnails", "at": "2026-11-30T03:07:25Z"}],
            "not_run": {
                "seconds": 3600, "total": 14, "by_reason": {"overlap": 11, "paused": 3}, "is_partial": false,
            },
            "problems": [{
                "code": "store_failing", "since": "2026-11-30T03:05:00Z", "job": null,
                "values": {"error": "No space left on device"},
                "text": "the store or the queue fails: No space left on device",
            }],
        })),
        AnyError,
    ),
)]
async fn show(State(state): State<WebState>) -> Result<Response, ApiError> {
    let overview = state.scheduler.overview().await?;
    Ok(Json(OverviewShape::new(&overview)).into_response())
}
