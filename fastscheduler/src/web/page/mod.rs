//! A plain page that shows the jobs and the last failures.
//!
//! Its files are compiled in. It has no script or style of its own in the
//! markup, and puts what it shows into text only.

use std::borrow::Cow;

use axum::extract::{OriginalUri, State};
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE, ETAG, IF_NONE_MATCH};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::get;
use axum::{Extension, Router};

use super::error::ApiError;
use super::extract::FileInPath;
use super::outside;
use super::own_server::OwnServer;
use super::state::WebState;

/// A file of the page.
struct File {
    name: &'static str,
    content_type: &'static str,
    content: &'static [u8],
}

/// `{base}` stands for where the files are.
const PAGE: &str = include_str!("index.html");

/// What ends a login.
const LOGOUT: &str = r#"<form method="post" action="{base}logout"><button>Log out</button></form>"#;

const ASSETS: [File; 2] = [
    File {
        name: "page.js",
        content_type: "text/javascript; charset=utf-8",
        content: include_bytes!("page.js"),
    },
    File { name: "page.css", content_type: "text/css; charset=utf-8", content: include_bytes!("page.css") },
];

pub(super) fn routes() -> Router<WebState> {
    Router::new()
        .route("/", get(page))
        .route(&format!("/{}", outside::INDEX), get(page))
        .route("/assets/{file}", get(asset))
}

/// The page. Its addresses are relative, so that it works wherever it is nested.
async fn page(
    State(state): State<WebState>,
    OriginalUri(uri): OriginalUri,
    own_server: Option<Extension<OwnServer>>,
    headers: HeaderMap,
) -> Response {
    let base = match outside::last_segment(uri.path(), &headers) {
        None => String::new(),
        // Of our own server the page has a slash at its end.
        Some(last) if own_server.is_some() => {
            return Redirect::permanent(&outside::with_slash(&last, &headers)).into_response();
        }
        Some(last) => format!("{last}/"),
    };
    // Where nobody logs in there is nothing to log out of.
    let logout = if state.scheduler.access().is_open() { "" } else { LOGOUT };
    let content = PAGE.replace("{logout}", logout).replace("{base}", &escaped(&base));
    answer(&headers, "text/html; charset=utf-8", content.into_bytes().into())
}

/// A text in an attribute: a prefix may have parameters, whose values are not ours.
fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('"', "&quot;").replace('<', "&lt;").replace('>', "&gt;")
}

async fn asset(FileInPath(name): FileInPath, headers: HeaderMap) -> Response {
    match ASSETS.iter().find(|file| file.name == name) {
        Some(file) => answer(&headers, file.content_type, file.content.into()),
        None => ApiError::unknown_file(&name).into_response(),
    }
}

/// The content, unless it is known already.
fn answer(headers: &HeaderMap, content_type: &'static str, content: Cow<'static, [u8]>) -> Response {
    let tag = format!("\"{:08x}-{:x}\"", crc32fast::hash(&content), content.len());
    // Asked again each time, which costs a request and no content.
    let caching = [(ETAG, tag.clone()), (CACHE_CONTROL, "no-cache".to_owned())];
    let known = headers.get(IF_NONE_MATCH).and_then(|known| known.to_str().ok()).unwrap_or_default();
    if known.split(',').any(|known| known.trim().trim_start_matches("W/") == tag) {
        return (StatusCode::NOT_MODIFIED, caching).into_response();
    }
    (caching, [(CONTENT_TYPE, content_type)], content).into_response()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_prefix_cannot_leave_its_attribute() {
        assert_eq!(escaped("a\"><script>&/"), "a&quot;&gt;&lt;script&gt;&amp;/");
    }
}
