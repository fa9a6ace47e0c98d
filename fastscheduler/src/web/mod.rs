//! The scheduler over HTTP: a REST interface, to be nested in an axum
//! application.
//!
//! It works with [`Scheduler`] alone, as any user might. A request is read by
//! `extract`, handled in the file of its noun, and answered in the shapes of
//! `shapes`; whatever is wrong becomes an answer in `error`, the one place
//! that decides HTTP statuses.
//!
//! # Examples
//!
//! An application whose server ends with the scheduler, at SIGINT or SIGTERM:
//!
//! ```
//! use axum::Router;
//! use fastscheduler::prelude::*;
//! use fastscheduler::storage::MemoryStorage;
//!
//! # tokio::runtime::Runtime::new()?.block_on(async {
//! let scheduler = Scheduler::builder().storage(MemoryStorage::default()).build().await?;
//! let application = Router::new()
//!     .route("/", axum::routing::get(|| async { "hello" }))
//!     .nest_service("/scheduler", fastscheduler::web::router(&scheduler));
//! let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
//!
//! let server = axum::serve(listener, application).with_graceful_shutdown(scheduler.stopping());
//! let server = tokio::spawn(server.into_future());
//! # let stopping = scheduler.clone();
//! # let stop = move || {
//! #     let scheduler = stopping.clone();
//! #     async move { Ok(scheduler.stop().await?) }
//! # };
//! # scheduler.add(now().run("stop", stop)).await?;
//! scheduler.run_until_shutdown().await?;
//! server.await??;
//! # anyhow::Ok(()) })?;
//! # anyhow::Ok(())
//! ```

#![allow(unused_qualifications, reason = "the attributes of OpenAPI expand to such paths")]

mod activity;
mod bodies;
mod bulk;
mod control;
mod create;
mod dead_letters;
mod dead_letters_retried;
mod error;
mod events;
mod exact;
mod examples;
mod extract;
mod functions;
mod groups;
mod guard;
mod headers;
mod health;
mod history;
mod host;
mod instances;
mod job_filter;
mod jobs;
mod login;
mod metrics;
mod named;
mod openapi;
mod outside;
mod overview;
mod own_server;
mod page;
mod rights;
mod run_details;
mod runs;
mod schedules;
mod server;
mod settings;
mod shapes;
mod state;
mod status;
mod streams;
mod timeline;
mod update;
mod words;
mod wrong_logins;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::middleware::{from_fn, from_fn_with_state};
use tower_http::catch_panic::CatchPanicLayer;
use utoipa::OpenApi as _;
use utoipa_axum::router::OpenApiRouter;

use crate::scheduler::Scheduler;
use state::WebState;

/// The largest body of a request, in bytes.
const BODY_LIMIT: usize = 1024 * 1024;

/// The routes of a scheduler, to be nested at any prefix: `api/…` and so on.
///
/// Nest it with `nest_service("/scheduler", …)`: then the page is at
/// `/scheduler` and at `/scheduler/`. With `nest`, axum does not pass
/// `/scheduler/` on, and the page is at `/scheduler` only.
///
/// Without a token it is served under the names of this machine and under
/// addresses; see [`allowed_hosts`](crate::SchedulerBuilder::allowed_hosts).
///
/// It neither starts nor stops the scheduler. Streams of events end when the
/// scheduler stops, so a server should begin its graceful shutdown with
/// [`Scheduler::stopping`]. It then waits for the requests that are still
/// running, however long their clients take; a `timeout` around that bounds it.
///
/// # Examples
///
/// See the [module](self).
pub fn router(scheduler: &Scheduler) -> Router {
    routes(scheduler, scheduler.web_limits().streams)
}

/// The routes, with so many streams of events at once.
fn routes(scheduler: &Scheduler, most_streams: usize) -> Router {
    let state = WebState::new(scheduler, most_streams);
    let (api, document) = OpenApiRouter::with_openapi(openapi::Base::openapi())
        .merge(jobs::routes())
        .merge(create::routes())
        .merge(update::routes())
        .merge(control::routes())
        .merge(bulk::routes())
        .merge(groups::routes())
        .merge(history::routes())
        .merge(dead_letters::routes())
        .merge(dead_letters_retried::routes())
        .merge(status::routes())
        .merge(instances::routes())
        .merge(overview::routes())
        .merge(activity::routes())
        .merge(functions::routes())
        .merge(schedules::routes())
        .merge(timeline::routes())
        .merge(events::routes())
        .merge(health::routes())
        .merge(metrics::routes())
        .merge(login::routes())
        // Routes that are in the OpenAPI document are merged above this line.
        .split_for_parts();
    api.merge(openapi::routes(document, scheduler.access().is_open()))
        .merge(page::routes())
        // Routes that are not, such as pages, are merged above this line.
        .fallback(error::unknown_route)
        .method_not_allowed_fallback(error::wrong_method)
        .layer(DefaultBodyLimit::max(BODY_LIMIT))
        // What looks at every request or answer is layered here, outside of the handlers.
        .layer(from_fn_with_state(state.clone(), guard::check))
        .layer(CatchPanicLayer::custom(error::panicked))
        .layer(from_fn(host::refuse_two))
        .layer(from_fn(bodies::read_to_the_end))
        .layer(from_fn(headers::add))
        .with_state(state)
}
