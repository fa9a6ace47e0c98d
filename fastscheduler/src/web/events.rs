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
}

/// A form of events.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum FormOfEvents {
    Changes,
}

fn form(word: &str) -> Result<FormOfEvents, ApiError> {
    words::read(word)
        .map_err(|forms| ApiError::not_allowed(format!("`stream` is `{word}`; use {forms}, or leave it out")))
}

/// What happens, as server-sent events. The answer ends with the scheduler.
///
/// Without `stream`, each event is the whole state, at once and then about every second. With
/// `stream=changes` the first is a `snapshot`, and then come `job`, `run`, `stats`, `removed` and
/// `dead_letter` as things happen; a `dead_letter` is the last run of its fire once more. When the scheduler stops, the last is `shutdown`.
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
    let body = match form {
        None => state.streams.samples(scheduler, place),
        Some(FormOfEvents::Changes) => {
            let last = headers.get("last-event-id").and_then(|id| id.to_str().ok());
            state.streams.changes(last, scheduler, place)
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
