//! Who may do what: looked at before any handler is.
//!
//! In this order: without a token, the scheduler is asked by a name that only this
//! machine has or that is allowed; a change is not asked for by another site; and
//! who asks has a token, or is logged in. Each stands by itself: a request that no
//! browser sent passes the first two, and still needs the third.

use axum::extract::{Request, State};
use axum::http::header::{ACCEPT, CONTENT_TYPE, ORIGIN};
use axum::http::{HeaderMap, HeaderValue, Method};
use axum::middleware::Next;
use axum::response::{IntoResponse, Redirect, Response};

use super::error::ApiError;
use super::own_server::OwnServer;
use super::rights::{Rights, SessionCookie};
use super::state::WebState;
use super::{host, login, outside};

/// Paths for monitors, which ask by whatever name they know.
pub(super) fn is_for_monitors(path: &str) -> bool {
    matches!(path, "/healthz" | "/readyz")
}

/// Paths that need no token: those of monitors, and what a login takes.
pub(super) fn is_public(path: &str) -> bool {
    is_for_monitors(path) || matches!(path, login::LOGIN | login::LOGOUT) || path.starts_with("/assets/")
}

/// Answers a request that must not be handled, and hands on any other.
pub(super) async fn check(State(state): State<WebState>, request: Request, next: Next) -> Response {
    let path = outside::original(&request).path();
    // Of two slashes after a prefix axum drops one, and would serve what is behind them.
    if path.contains("//") {
        return ApiError::unknown_path(path).into_response();
    }
    match may_pass(&state, &request) {
        Ok(()) => next.run(request).await,
        Err(refusal) => refusal,
    }
}

#[expect(clippy::result_large_err, reason = "it is the answer")]
fn may_pass(state: &WebState, request: &Request) -> Result<(), Response> {
    let (headers, path) = (request.headers(), request.uri().path());
    let access = state.scheduler.access();
    let is_open = access.is_open();
    let authority = host::authority(request.uri(), headers);
    if is_open && !is_for_monitors(path) {
        let server = match request.extensions().get::<OwnServer>() {
            Some(_) => host::Server::Own,
            None => host::Server::Applications,
        };
        host::check(authority, server, &access.allowed_hosts).map_err(IntoResponse::into_response)?;
    }
    let is_change = !matches!(*request.method(), Method::GET | Method::HEAD | Method::OPTIONS);
    if is_change {
        check_origin(headers, authority, &access.allowed_origins).map_err(IntoResponse::into_response)?;
        // Those two are forms, of our own pages.
        if !matches!(path, login::LOGIN | login::LOGOUT) {
            check_no_form(headers).map_err(IntoResponse::into_response)?;
        }
    }
    if path == "/" && outside::original(request).path().ends_with('/') {
        state.saw_slash();
    }
    if is_open || is_public(path) {
        return Ok(());
    }
    match state.rights_of(headers, &SessionCookie::of(request)) {
        Some(Rights::Full) => Ok(()),
        Some(Rights::ReadOnly) if !is_change => Ok(()),
        Some(Rights::ReadOnly) => Err(ApiError::read_only().into_response()),
        None if (path == "/" || path.strip_prefix('/') == Some(outside::INDEX))
            && !is_change
            && accepts_html(headers) =>
        {
            Err(Redirect::to(&outside::login(request)).into_response())
        }
        None => Err(ApiError::unauthorized().into_response()),
    }
}

/// A browser says where a request comes from, and a page cannot change that.
fn check_origin(headers: &HeaderMap, authority: Option<&str>, allowed: &[String]) -> Result<(), ApiError> {
    let text = |name| headers.get(name).map(|value: &HeaderValue| value.to_str().unwrap_or("?"));
    let origin = text(ORIGIN.as_str());
    let is_allowed = |origin: &str| allowed.iter().any(|allowed| allowed.eq_ignore_ascii_case(origin));
    let is_of = |authority: &str, origin: &str| {
        let own = origin.split_once("://").map(|(_, authority)| authority);
        own.is_some_and(|own| own.eq_ignore_ascii_case(authority))
    };
    let is_own = match (text("sec-fetch-site"), origin) {
        (_, Some(origin)) if is_allowed(origin) => true,
        (Some(site), _) => matches!(site, "same-origin" | "none"),
        (None, Some(origin)) => authority.is_some_and(|authority| is_of(authority, origin)),
        // No browser, or one of before 2020 that asks for no change.
        (None, None) => true,
    };
    if is_own { Ok(()) } else { Err(ApiError::cross_site(origin)) }
}

/// What a form of any site may send without asking first.
fn check_no_form(headers: &HeaderMap) -> Result<(), ApiError> {
    let content_type =
        headers.get(CONTENT_TYPE).map(|value| value.to_str().unwrap_or("?")).unwrap_or_default();
    let essence = content_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    let forms = ["application/x-www-form-urlencoded", "multipart/form-data", "text/plain"];
    if forms.contains(&&*essence) { Err(ApiError::not_json(content_type)) } else { Ok(()) }
}

fn accepts_html(headers: &HeaderMap) -> bool {
    headers
        .get(ACCEPT)
        .and_then(|accept| accept.to_str().ok())
        .is_some_and(|accept| accept.contains("text/html"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_of_other_sites_are_told_from_own_ones() {
        let allowed = ["https://ops.example".to_owned()];
        let check = |pairs: &[(&'static str, &'static str)]| {
            let pairs = pairs.iter().map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap()));
            check_origin(&pairs.collect(), Some("a.example:80"), &allowed).is_ok()
        };
        for own in [
            &[][..],
            &[("sec-fetch-site", "same-origin")],
            &[("sec-fetch-site", "none")],
            &[("origin", "http://a.example:80")],
            &[("origin", "http://A.example:80")],
            &[("origin", "https://ops.example")],
            &[("sec-fetch-site", "cross-site"), ("origin", "https://ops.example")],
            &[("sec-fetch-site", "same-origin"), ("origin", "https://a.example")],
        ] {
            assert!(check(own), "{own:?}");
        }
        for foreign in [
            &[("sec-fetch-site", "cross-site")][..],
            &[("sec-fetch-site", "same-site")],
            &[("sec-fetch-site", "same-origin, none")],
            &[("origin", "null")],
            &[("origin", "http://b.example:80")],
            &[("origin", "http://a.example")],
            &[("origin", "")],
            &[("origin", "http://ops.example")],
            &[("origin", "https://ops.example.evil.example")],
            &[("sec-fetch-site", "cross-site"), ("origin", "http://a.example:80")],
        ] {
            assert!(!check(foreign), "{foreign:?}");
        }
    }
}
