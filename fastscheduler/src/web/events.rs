//! The request for what happens, as server-sent events; `streams` makes them.

use axum::extract::State;
use axum::http::{HeaderMap, header};
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::error::{AnyError, ApiError, QueryError};
use super::extract::QueryParameters;
use super::state::WebState;
use super::words;

pub(super) fn routes() -> OpenApiRouter<WebState> {
    OpenApiRouter::new().routes(routes!(listen))
}

/// Which form of events is asked for.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct Parameters {
    /// `changes` for what happens; the whole state about every second if it is left out.
    #[param(inline, value_type = Option<FormOfEvents>)]
    stream: Option<String>,
    /// `none` for a stream of changes without snapshots.
    #[param(inline, value_type = Option<Snapshots>)]
    snapshot: Option<String>,
}

/// Which snapshots a stream of changes has.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum Snapshots {
    None,
}

/// A form of events.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum FormOfEvents {
    Changes,
}

fn form(word: &str) -> Result<FormOfEvents, ApiError> {
    words::read(word).map_err(|forms| {
        ApiError::not_allowed(format!("`stream` is `{word}`; use {forms}, or leave it out")).of("stream")
    })
}

/// What happens, as server-sent events. The answer ends with the scheduler.
///
/// Without `stream`, each event is the whole state, at once and then about every second. With
/// `stream=changes` the first is a `snapshot`, and then come `job`, `run`, `stats`, `removed` and
/// `dead_letter` as things happen; a `dead_letter` is the last run of its fire once more. When the scheduler
/// stops, the last is `shutdown`.
///
/// With `stream=changes` and `snapshot=none` the first is an `overview`, as of `/api/overview`, and others
/// follow when there is something new in it, at most one a second. Where a `snapshot` would come, since the
/// client reads too slowly or its `Last-Event-ID` is too old, an event `reload` comes instead: whatever the
/// client shows it is to ask for again. Changes go on after that.
#[utoipa::path(
    get, operation_id = "listen", path = "/events", tag = "monitoring",
    params(
        Parameters,
        ("last-event-id" = Option<String>, Header, description = "where a stream of changes goes on"),
    ),
    responses((status = 200, content_type = "text/event-stream"), AnyError, QueryError),
)]
async fn listen(
    State(state): State<WebState>,
    QueryParameters(parameters): QueryParameters<Parameters>,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    let place = state.streams.place().ok_or_else(|| {
        ApiError::busy(format!(
            "all {} streams of events that there may be are open; try again later, or raise `max_event_streams`",
            state.streams.most()
        ))
    })?;
    let scheduler = &state.scheduler;
    let form = parameters.stream.as_deref().map(form).transpose()?;
    let snapshots: Option<Snapshots> =
        parameters.snapshot.as_deref().map(|word| words::choice("snapshot", word)).transpose()?;
    let last = headers.get("last-event-id").and_then(|id| id.to_str().ok());
    let body = match (form, snapshots) {
        (None, None) => state.streams.samples(scheduler, place),
        (Some(FormOfEvents::Changes), None) => state.streams.changes(last, scheduler, place),
        (Some(FormOfEvents::Changes), Some(Snapshots::None)) => {
            state.streams.overviews(last, scheduler, place)
        }
        (None, Some(Snapshots::None)) => {
            return Err(
                ApiError::not_allowed("`snapshot` is for `stream=changes`; leave it out").of("snapshot")
            );
        }
    };
    let headers = [
        (header::CONTENT_TYPE, "text/event-stream"),
        (header::CACHE_CONTROL, "no-store"),
        // Proxies that know it pass events on at once.
        (header::HeaderName::from_static("x-accel-buffering"), "no"),
    ];
    Ok((headers, body).into_response())
}
