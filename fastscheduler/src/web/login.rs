//! Logging in with a browser, which can send no token of its own accord.

use std::time::Duration;

use axum::Extension;
use axum::body::Bytes;
use axum::extract::rejection::BytesRejection;
use axum::extract::{DefaultBodyLimit, State};
use axum::http::header::{CONTENT_TYPE, ORIGIN, SET_COOKIE};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{Html, IntoResponse, Redirect, Response};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::error::{self, ApiError, ErrorBody};
use super::outside::{self, HasSlash};
use super::own_server::OwnServer;
use super::rights::{LOGIN_LASTS, SessionCookie, rights_of_token};
use super::state::WebState;
use crate::clock::{Clock as _, SystemClock};

pub(super) const LOGIN: &str = "/login";
pub(super) const LOGOUT: &str = "/logout";

/// How long the answer to a wrong login takes once there have been many.
const DELAY: Duration = Duration::from_secs(1);

/// The largest body of a login, in bytes.
const LOGIN_LIMIT: usize = 8 * 1024;

/// `{message}` stands for what went wrong.
const PAGE: &str = include_str!("page/login.html");

pub(super) fn routes() -> OpenApiRouter<WebState> {
    // Anybody may send one.
    let login = OpenApiRouter::new().routes(routes!(page, log_in)).layer(DefaultBodyLimit::max(LOGIN_LIMIT));
    login.routes(routes!(log_out))
}

/// What a login says.
#[derive(ToSchema)]
struct Login {
    /// The token, or the read-only one.
    #[schema(min_length = 1)]
    token: String,
}

impl Login {
    /// Reads a form, which may have fields that are not ours.
    fn read(form: &[u8]) -> Option<Self> {
        let (_, token) = form_urlencoded::parse(form).find(|(name, _)| name == "token")?;
        Some(Self { token: token.into_owned() })
    }
}

/// The page on which a browser logs in.
#[utoipa::path(
    get, operation_id = "show_login", path = LOGIN, tag = "login",
    responses((status = 200, body = String, content_type = "text/html")),
)]
async fn page() -> Html<String> {
    Html(PAGE.replace("{message}", ""))
}

/// Gives the sender of a form a session for the token, as a cookie.
#[utoipa::path(
    post, operation_id = "log_in", path = LOGIN, tag = "login",
    request_body(content = Login, content_type = "application/x-www-form-urlencoded"),
    responses(
        (status = 303, description = "It is the token; on to the page of jobs."),
        (status = 401, description = "It is not.", body = String, content_type = "text/html"),
        (status = 429, description = "It is not, and there have been ten wrong ones in the last minute. The right token is still let in.", body = String, content_type = "text/html"),
        (status = 413, description = "The body is larger than 8 KiB.", body = ErrorBody),
    ),
)]
async fn log_in(
    State(state): State<WebState>,
    own_server: Option<Extension<OwnServer>>,
    cookie: SessionCookie,
    headers: HeaderMap,
    body: Result<Bytes, BytesRejection>,
) -> Result<Response, ApiError> {
    let body = body.map_err(|rejection| match rejection.status() {
        StatusCode::PAYLOAD_TOO_LARGE => ApiError::login_too_large(),
        _ => rejection.into(),
    })?;
    let is_form =
        headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).is_some_and(|content_type| {
            content_type.to_ascii_lowercase().starts_with("application/x-www-form-urlencoded")
        });
    let login = Login::read(&body).filter(|_| is_form);
    let rights =
        login.and_then(|login| rights_of_token(state.scheduler.access(), login.token.trim().as_bytes()));
    let Some(rights) = rights else {
        return Ok(refuse(&state).await);
    };
    let begun = state.sessions.begin(rights, state.scheduler.now());
    let secret = begun.map_err(|error| error::failed(&error))?;
    let cookie = set_cookie(&cookie, &headers, &secret, LOGIN_LASTS.num_seconds());
    let has_slash = if own_server.is_some() { HasSlash::Yes } else { state.has_slash() };
    Ok(([(SET_COOKIE, cookie)], Redirect::to(outside::home(has_slash))).into_response())
}

/// Answers a wrong login, and keeps whoever guesses waiting.
async fn refuse(state: &WebState) -> Response {
    let (status, message) = if state.wrong_logins.count(state.scheduler.now()) {
        SystemClock.sleep(DELAY).await;
        let message = "That is not the token, and there have been too many wrong ones in the last minute.";
        (StatusCode::TOO_MANY_REQUESTS, message)
    } else {
        (StatusCode::UNAUTHORIZED, "That is not the token.")
    };
    (status, Html(PAGE.replace("{message}", message))).into_response()
}

/// Ends the session of who asks.
#[utoipa::path(
    post, operation_id = "log_out", path = LOGOUT, tag = "login",
    responses((status = 303, description = "There is no session any more; on to the login.")),
)]
async fn log_out(State(state): State<WebState>, cookie: SessionCookie, headers: HeaderMap) -> Response {
    if let Some(secret) = cookie.value(&headers) {
        state.sessions.end(secret);
    }
    ([(SET_COOKIE, set_cookie(&cookie, &headers, "", 0))], Redirect::to("login")).into_response()
}

/// A cookie which no script can read and which is not sent with the requests of
/// other sites. It names no path: a browser takes that of the login, as it sees it.
fn set_cookie(cookie: &SessionCookie, headers: &HeaderMap, value: &str, seconds: i64) -> String {
    let says = |name: &str, text: &str| {
        headers.get(name).and_then(|value| value.to_str().ok()).is_some_and(|value| value.starts_with(text))
    };
    // A proxy in front knows whether the browser came by HTTPS, and so does the browser.
    let is_secure = says("x-forwarded-proto", "https") || says(ORIGIN.as_str(), "https://");
    let secure = if is_secure { "; Secure" } else { "" };
    format!("{}={value}; Max-Age={seconds}; SameSite=Strict; HttpOnly{secure}", cookie.name())
}
