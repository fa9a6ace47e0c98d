//! What happens, as server-sent events, for many who listen at once.
//!
//! There are two forms. [`samples`] are for clients of the original: the whole
//! state, about every second. [`changes`] are a snapshot and then what changes.
//!
//! Whatever is sent is made once and shared. One task makes the samples and one
//! the changes, only while somebody listens; each [`listener`] takes what is
//! there when its client is ready for more. A client that reads slowly gets
//! the newest sample or a fresh snapshot next; nothing is queued for it.

mod changes;
mod frame;
mod happened;
mod listener;
mod ring;
mod samples;
mod state;
mod text;

use axum::extract::State;
use axum::http::{HeaderMap, header};
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use self::changes::Changes;
use self::listener::{Listener, Places};
use self::samples::Samples;
use super::error::{AnyError, ApiError, QueryError};
use super::extract::QueryParameters;
use super::state::WebState;
use super::words;
use crate::schedule::Zone;
use crate::scheduler::Scheduler;

/// The streams of one router.
pub(super) struct Streams {
    samples: Samples,
    changes: Changes,
    places: Places,
}

impl Streams {
    /// For so many at once.
    pub(super) fn new(scheduler: &Scheduler, zone: Zone, most: usize) -> Self {
        Self {
            samples: Samples::new(scheduler, zone),
            changes: Changes::new(scheduler, zone),
            places: Places::new(most),
        }
    }

    /// How many streams are open.
    pub(super) fn listener_count(&self) -> usize {
        self.places.taken()
    }
}

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
/// `stream=changes` the first is a `snapshot`, and then come `job`, `run`, `stats` and `removed` as things
/// happen. When the scheduler stops, the last is `shutdown`.
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
    let place = state.events.places.take().ok_or_else(|| {
        ApiError::busy(format!(
            "all {} streams of events that there may be are open; try again later, or raise `max_event_streams`",
            state.events.places.most()
        ))
    })?;
    let scheduler = &state.scheduler;
    let form = parameters.stream.as_deref().map(form).transpose()?;
    let body = match form {
        None => Listener::new(state.events.samples.listen(), scheduler, place).into_body(),
        Some(FormOfEvents::Changes) => {
            let last = headers.get("last-event-id").and_then(|id| id.to_str().ok());
            Listener::new(state.events.changes.listen(last), scheduler, place).into_body()
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
