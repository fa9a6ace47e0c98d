//! What is answered when something is wrong: the one place that decides
//! HTTP statuses.
//!
//! Every error is JSON with a sentence in `detail`.

mod answers;
mod fields;

use std::any::Any;
use std::error::Error;

use axum::Json;
use axum::extract::OriginalUri;
use axum::extract::rejection::{BytesRejection, QueryRejection, RawPathParamsRejection};
use axum::http::header::{RETRY_AFTER, WWW_AUTHENTICATE};
use axum::http::{HeaderValue, Method, StatusCode};
use axum::response::{IntoResponse, Response};

pub(super) use self::answers::{
    AnyError, BodyError, ErrorBody, FORBIDDEN, NOT_JSON, NoBodyError, OneError, QueryError, UNAUTHORIZED,
    refusal,
};
pub(super) use self::fields::{of_complaint, of_schedule};
use crate::job::causes::with_causes_if;
use crate::job::{JobId, RunId, one_line};
use crate::registry::RegistryError;
use crate::scheduler::SchedulerError;
use crate::storage::StorageError;

/// The longest sentence, in characters: a value of a request that it repeats
/// may be as long as the request.
const LONGEST_DETAIL: usize = 500;

/// In how many seconds a client may ask again for what is not possible now.
const SOON: &str = "5";

/// A status and a body.
#[derive(Debug)]
pub(super) struct ApiError {
    status: StatusCode,
    body: Box<ErrorBody>,
}

impl ApiError {
    fn new(status: StatusCode, detail: impl Into<String>) -> Self {
        let detail = shortened(detail.into());
        let body = ErrorBody { detail, field: None, error: None, job_id: None, run_id: None, success: None };
        Self { status, body: Box::new(body) }
    }

    /// The same of this field or parameter, if it is known which one is wrong.
    pub(super) fn of_field(mut self, field: Option<impl Into<String>>) -> Self {
        self.body.field = field.map(|field| shortened(field.into())).or(self.body.field);
        self
    }

    /// The same of this field or parameter.
    pub(super) fn of(self, field: &str) -> Self {
        self.of_field(Some(field))
    }

    /// A value that is not allowed.
    pub(super) fn not_allowed(detail: impl Into<String>) -> Self {
        Self::new(answers::NOT_ALLOWED, detail)
    }

    /// A request that cannot be read: a field is missing, unknown or ill-typed.
    pub(super) fn unreadable(detail: impl Into<String>) -> Self {
        Self::new(answers::UNREADABLE, detail)
    }

    /// A body that is not JSON by its content type.
    pub(super) fn not_json(content_type: &str) -> Self {
        let detail = if content_type.is_empty() {
            "the request has no content type; send `application/json`".to_owned()
        } else {
            format!("the content type is `{content_type}`; send `application/json`")
        };
        Self::new(answers::NOT_JSON, detail)
    }

    /// A body beyond the limit.
    pub(super) fn too_large() -> Self {
        Self::new(answers::TOO_LARGE, "the body is larger than 1 MiB")
    }

    /// A login beyond its limit.
    pub(super) fn login_too_large() -> Self {
        Self::new(answers::TOO_LARGE, "a login is larger than 8 KiB; send the token only")
    }

    pub(super) fn unknown_job(id: &str) -> Self {
        let id = shortened(id.to_owned());
        let mut error = Self::new(answers::UNKNOWN, format!("Job {id} not found"));
        error.body.error = Some("Job not found".to_owned());
        error.body.job_id = Some(id);
        error.body.success = Some(false);
        error
    }

    pub(super) fn unknown_run(id: &str) -> Self {
        let id = shortened(id.to_owned());
        let mut error = Self::new(answers::UNKNOWN, format!("Run {id} not found"));
        error.body.error = Some("Run not found".to_owned());
        error.body.run_id = Some(id);
        error.body.success = Some(false);
        error
    }

    /// A path that is none of ours.
    pub(super) fn unknown_path(path: &str) -> Self {
        Self::new(answers::UNKNOWN, format!("`{path}` is not a path of this API"))
    }

    /// A file that is not there.
    pub(super) fn unknown_file(name: &str) -> Self {
        Self::new(answers::UNKNOWN, format!("there is no file `{name}`"))
    }

    /// The job that a request is about does not run twice at once.
    fn already_running(id: JobId) -> Self {
        let detail = format!("Job {id} is already running; wait for it, or set its overlap to `allow`");
        let mut error = Self::new(answers::CONFLICT, detail);
        error.body.error = Some(format!("Job {id} is already running"));
        error.body.success = Some(false);
        error
    }

    /// The answer to a job that does not do as it is told.
    pub(super) fn of_job(id: JobId, error: SchedulerError) -> Self {
        match error {
            SchedulerError::AlreadyRunning(_) => Self::already_running(id),
            error => error.into(),
        }
    }

    /// The sentence that says what is wrong.
    pub(super) fn into_detail(self) -> String {
        self.body.detail
    }

    /// The run that is to be cancelled has ended, or was skipped.
    fn not_running(id: RunId) -> Self {
        let detail =
            format!("run `{id}` is not under way; `/api/history?status=running` lists those that are");
        Self::new(answers::CONFLICT, detail)
    }

    /// Nobody is known by what was sent.
    pub(super) fn unauthorized() -> Self {
        let detail = "a token is needed: send `Authorization: Bearer <token>`, or log in with a browser";
        Self::new(answers::UNAUTHORIZED, detail)
    }

    /// A change that is asked for with a token that may only look.
    pub(super) fn read_only() -> Self {
        Self::new(answers::FORBIDDEN, "this token may look and change nothing; use the other one")
    }

    /// A change that a page of another site asks for, if that says where it is.
    pub(super) fn cross_site(origin: Option<&str>) -> Self {
        let origin = origin.map(|origin| format!(", `{origin}`")).unwrap_or_default();
        let detail = format!(
            "changes must come from the same site; this request comes from another{origin}. If a proxy \
             replaces the host, name its origin with `.allowed_origins(..)` or \
             `FASTSCHEDULER_ALLOWED_ORIGINS`"
        );
        Self::new(answers::FORBIDDEN, detail)
    }

    /// A host that is not served without a token.
    pub(super) fn foreign_host(host: Option<&str>) -> Self {
        let wrong = match host {
            Some(host) => format!("`{host}` is not a name of this machine"),
            None => "the request names no host".to_owned(),
        };
        let detail = format!(
            "{wrong}; use `localhost`, allow the name with `.allowed_hosts(..)` or \
             `FASTSCHEDULER_ALLOWED_HOSTS`, or give the scheduler a token"
        );
        Self::new(answers::FORBIDDEN, detail)
    }

    /// There is no room for more of these.
    pub(super) fn busy(detail: impl Into<String>) -> Self {
        Self::new(answers::UNAVAILABLE, detail)
    }

    fn unavailable(error: &dyn Error) -> Self {
        Self::new(answers::UNAVAILABLE, chain(error))
    }
}

impl From<SchedulerError> for ApiError {
    fn from(error: SchedulerError) -> Self {
        match &error {
            SchedulerError::UnknownJob(id) => Self::unknown_job(id),
            SchedulerError::UnknownDeadLetter(id) | SchedulerError::UnknownRun(id) => Self::unknown_run(id),
            SchedulerError::NotRunning(id) => Self::not_running(*id),
            SchedulerError::UnknownKey(_) => Self::new(answers::UNKNOWN, error.to_string()),
            SchedulerError::Schedule(_)
            | SchedulerError::Registry(_)
            | SchedulerError::Arguments { .. }
            | SchedulerError::ArgumentShape { .. }
            | SchedulerError::NameLength { .. }
            | SchedulerError::Length { .. }
            | SchedulerError::KeyedAlwaysNew(_)
            | SchedulerError::RetryIf(_)
            | SchedulerError::NothingToRun
            | SchedulerError::NothingToUpdate
            | SchedulerError::TimelineSpan { .. } => {
                Self::not_allowed(error.to_string()).of_field(fields::of_refusal(&error))
            }
            SchedulerError::AlreadyRunning(_)
            | SchedulerError::Orphaned(_)
            | SchedulerError::Outdated { .. }
            | SchedulerError::WaitsForItself(_)
            | SchedulerError::Storage(StorageError::Conflict(_)) => {
                Self::new(answers::CONFLICT, error.to_string())
            }
            SchedulerError::Storage(_)
            | SchedulerError::Queue(_)
            | SchedulerError::StoppedFirst(_)
            | SchedulerError::TaskFailed(_)
            | SchedulerError::Phase(_) => Self::unavailable(&error),
            SchedulerError::Setting { .. }
            | SchedulerError::Runtime
            | SchedulerError::InsideRuntime
            | SchedulerError::Listen { .. }
            | SchedulerError::Threads(_)
            | SchedulerError::Signals(_) => {
                Self::new(StatusCode::INTERNAL_SERVER_ERROR, "the server is not set up right; see its log")
            }
        }
    }
}

impl ApiError {
    /// The answer to a job that cannot be created; `function` is as it was asked for.
    /// That to an unknown one is the original's to the letter, and so has no `field`.
    pub(super) fn not_created(error: SchedulerError, function: &str) -> Self {
        match error {
            SchedulerError::Registry(RegistryError::Unknown { .. }) => Self::not_allowed(format!(
                "Failed to create job. Make sure function {function} is registered."
            )),
            error => error.into(),
        }
    }
}

impl From<BytesRejection> for ApiError {
    fn from(rejection: BytesRejection) -> Self {
        if rejection.status() == answers::TOO_LARGE {
            Self::too_large()
        } else {
            Self::new(answers::NOT_ALLOWED, "the body ended before it was complete")
        }
    }
}

impl From<RawPathParamsRejection> for ApiError {
    fn from(_rejection: RawPathParamsRejection) -> Self {
        // Only what is not UTF-8 is no text.
        Self::new(answers::NOT_ALLOWED, "the path is not UTF-8")
    }
}

impl From<QueryRejection> for ApiError {
    fn from(rejection: QueryRejection) -> Self {
        let cause = rejection.source().map_or_else(|| rejection.to_string(), chain);
        let field = of_complaint("", &cause);
        Self::unreadable(format!("the query cannot be read: {cause}")).of_field(field)
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let mut response = (self.status, Json(self.body)).into_response();
        if self.status == answers::UNAVAILABLE {
            response.headers_mut().insert(RETRY_AFTER, HeaderValue::from_static(SOON));
        }
        if self.status == answers::UNAUTHORIZED {
            response.headers_mut().insert(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        response
    }
}

/// The answer to a path that is none of ours.
pub(super) async fn unknown_route(OriginalUri(uri): OriginalUri) -> ApiError {
    ApiError::unknown_path(uri.path())
}

/// The answer to what should not have failed; why is for the log.
pub(super) fn failed(error: &dyn Error) -> ApiError {
    tracing::error!(error = chain(error), "a request failed");
    ApiError::new(StatusCode::INTERNAL_SERVER_ERROR, "the server failed; see its log")
}

/// The answer to a method that a path does not have; the header `Allow` names
/// those it has.
pub(super) async fn wrong_method(method: Method, OriginalUri(uri): OriginalUri) -> ApiError {
    ApiError::new(StatusCode::METHOD_NOT_ALLOWED, format!("`{}` does not take `{method}`", uri.path()))
}

/// The answer when a handler panicked.
#[expect(clippy::needless_pass_by_value, reason = "it is what the layer gives")]
pub(super) fn panicked(payload: Box<dyn Any + Send>) -> Response {
    let text = payload.downcast_ref::<&str>().copied().or_else(|| payload.downcast_ref().map(String::as_str));
    tracing::error!(panic = one_line(text.unwrap_or("no text")), "a request handler panicked");
    ApiError::new(StatusCode::INTERNAL_SERVER_ERROR, "the server failed; see its log").into_response()
}

/// An error and what it comes from, in one sentence.
fn chain(error: &dyn Error) -> String {
    // What is transparent says it twice.
    with_causes_if(error, |text, cause| !text.ends_with(cause))
}

fn shortened(mut text: String) -> String {
    if let Some((cut, _)) = text.char_indices().nth(LONGEST_DETAIL) {
        text.truncate(cut);
        text.push('…');
    }
    text
}
