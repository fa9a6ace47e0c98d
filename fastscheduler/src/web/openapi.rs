//! The OpenAPI document of the handlers, and a page that shows it.

use std::sync::Arc;

use axum::Json;
use axum::Router;
use axum::extract::{OriginalUri, Path};
use axum::http::Uri;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::get;
use utoipa::OpenApi;
use utoipa::openapi::{OpenApi as Document, ServerBuilder};
use utoipa_swagger_ui::Config;

use super::error::{self, ApiError};
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
    )
)]
pub(super) struct Base;

/// Serves the document and the page.
pub(super) fn routes(document: Document) -> Router<WebState> {
    let document = Arc::new(document);
    // Beside the page, wherever both are nested.
    let config = Arc::new(Config::from("../openapi.json"));
    Router::new()
        .route(DOCUMENT, get(move |OriginalUri(uri)| async move { show(&document, &uri) }))
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
            get(move |Path(name): Path<String>| async move { file(&name, config) }),
        )
}

/// The document, with the prefix that it was asked for under.
fn show(document: &Document, uri: &Uri) -> Response {
    let prefix = uri.path().strip_suffix(DOCUMENT).unwrap_or_default();
    let mut document = document.clone();
    document.servers =
        Some(vec![ServerBuilder::new().url(if prefix.is_empty() { "/" } else { prefix }).build()]);
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
