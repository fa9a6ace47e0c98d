//! The OpenAPI document of the handlers, and a page that shows it.

mod guarded;
mod links;

use std::sync::Arc;

use axum::Json;
use axum::Router;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::get;
use utoipa::OpenApi;
use utoipa::openapi::path::Operation;
use utoipa::openapi::{HttpMethod, OpenApi as Document, RefOr, ServerBuilder};
use utoipa_swagger_ui::Config;

use super::error::{self, ApiError};
use super::extract::FileInPath;
use super::rights::SessionCookie;
use super::state::WebState;

/// Where the document is.
const DOCUMENT: &str = "/api/openapi.json";

/// Where the page is that shows it.
const PAGE: &str = "/api/docs";

/// What the document says besides what the handlers say.
#[derive(OpenApi)]
#[openapi(
    info(
        title = "fastscheduler",
        description = "Jobs, their runs, and what is to come of them.",
        license(name = "MIT", identifier = "MIT"),
    ),
    tags(
        (name = "jobs", description = "Creating, showing and controlling jobs."),
        (name = "groups", description = "Jobs that belong together."),
        (name = "runs", description = "What ran, runs, or was skipped."),
        (name = "dead letters", description = "Fires that failed for good."),
        (name = "schedules", description = "When something is due."),
        (name = "functions", description = "What jobs may run."),
        (name = "monitoring", description = "The scheduler as a whole."),
        (name = "login", description = "How a browser says who it is."),
    )
)]
pub(super) struct Base;

/// Serves the document and the page; `is_open` if the scheduler needs no token.
pub(super) fn routes(document: Document, is_open: bool) -> Router<WebState> {
    let document = Arc::new(finished(document, is_open));
    // Beside the page, wherever both are nested.
    // Without the bar on top, which chooses between documents and has a style in its logo.
    let config = Arc::new(Config::from("../openapi.json").use_base_layout());
    Router::new()
        .route(DOCUMENT, get(move |cookie: SessionCookie| async move { show(&document, &cookie) }))
        .route(PAGE, get(to_page))
        .route(
            &format!("{PAGE}/"),
            get({
                let config = Arc::clone(&config);
                move || async move { file("", config) }
            }),
        )
        .route(
            &format!("{PAGE}/{{file}}"),
            get(move |FileInPath(name): FileInPath| async move { file(&name, config) }),
        )
}

/// The handlers' document, with what handlers do not say.
fn finished(mut document: Document, is_open: bool) -> Document {
    // Seen from the document, as a proxy may change the prefix.
    document.servers = Some(vec![ServerBuilder::new().url("..").build()]);
    guarded::describe(&mut document, is_open);
    links::add(&mut document);
    for (_, _, operation) in operations(&mut document) {
        let summary = operation.summary.clone().unwrap_or_default();
        for answer in operation.responses.responses.values_mut() {
            // OpenAPI 3.1 wants one with each.
            if let RefOr::T(answer) = answer
                && answer.description.is_empty()
            {
                answer.description.clone_from(&summary);
            }
        }
    }
    document
}

/// What can be asked for, with its path and method.
fn operations(document: &mut Document) -> impl Iterator<Item = (&str, HttpMethod, &mut Operation)> {
    document.paths.paths.iter_mut().flat_map(|(path, item)| {
        let methods = [
            (HttpMethod::Get, &mut item.get),
            (HttpMethod::Put, &mut item.put),
            (HttpMethod::Post, &mut item.post),
            (HttpMethod::Delete, &mut item.delete),
        ];
        methods
            .into_iter()
            .filter_map(|(method, operation)| Some((path.as_str(), method, operation.as_mut()?)))
    })
}

/// The document, with the cookie that a login gives where it is asked for.
fn show(document: &Document, cookie: &SessionCookie) -> Response {
    let mut document = document.clone();
    guarded::name_session(&mut document, cookie.name());
    Json(document).into_response()
}

async fn to_page() -> Redirect {
    // Relative, since a proxy may have taken a prefix away.
    Redirect::permanent("docs/")
}

fn file(name: &str, config: Arc<Config<'static>>) -> Response {
    match utoipa_swagger_ui::serve(name, config) {
        Ok(Some(file)) => ([(CONTENT_TYPE, file.content_type)], file.bytes.into_owned()).into_response(),
        Ok(None) => ApiError::unknown_file(name).into_response(),
        Err(error) => error::failed(&*error).into_response(),
    }
}
