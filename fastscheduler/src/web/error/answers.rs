//! What an answer to a wrong request looks like, and what the OpenAPI document says
//! of each: the statuses are those that [`ApiError`](super::ApiError) answers with.

use std::collections::BTreeMap;

use axum::http::StatusCode;
use serde::Serialize;
use utoipa::openapi::{ContentBuilder, Ref, RefOr, Response, ResponseBuilder};
use utoipa::{IntoResponses, ToSchema};

/// A value that is not allowed.
pub(in crate::web) const NOT_ALLOWED: StatusCode = StatusCode::BAD_REQUEST;
/// Nobody is known by what was sent.
pub(in crate::web) const UNAUTHORIZED: StatusCode = StatusCode::UNAUTHORIZED;
/// Whoever asks may not.
pub(in crate::web) const FORBIDDEN: StatusCode = StatusCode::FORBIDDEN;
/// There is none of that name.
pub(in crate::web) const UNKNOWN: StatusCode = StatusCode::NOT_FOUND;
/// What it is about is not in the state that it needs.
pub(in crate::web) const CONFLICT: StatusCode = StatusCode::CONFLICT;
/// A body is beyond its limit.
pub(in crate::web) const TOO_LARGE: StatusCode = StatusCode::PAYLOAD_TOO_LARGE;
/// A body is not JSON by its content type.
pub(in crate::web) const NOT_JSON: StatusCode = StatusCode::UNSUPPORTED_MEDIA_TYPE;
/// It cannot be read: a field is missing, unknown or ill-typed.
pub(in crate::web) const UNREADABLE: StatusCode = StatusCode::UNPROCESSABLE_ENTITY;
/// It is not possible now.
pub(in crate::web) const UNAVAILABLE: StatusCode = StatusCode::SERVICE_UNAVAILABLE;

/// What is answered when something is wrong.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Error)]
pub(in crate::web) struct ErrorBody {
    /// One sentence: what is wrong, and what would be right.
    pub(super) detail: String,
    /// The field or parameter that is wrong, if it is one, as `schedule_config.time`. That of
    /// an argument is `kwargs` and its parameter's name, however it was given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) field: Option<String>,
    /// What is wrong, in a few words.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) error: Option<String>,
    /// The job that was asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) job_id: Option<String>,
    /// The run that was asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) run_id: Option<String>,
    /// `false`, where a success would have said `true`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) success: Option<bool>,
}

/// Declares what may be wrong with some requests: each status, and when it is answered.
macro_rules! errors {
    ($($(#[$doc:meta])* $name:ident { $($status:ident: $description:literal,)+ })+) => {$(
        $(#[$doc])*
        pub(in crate::web) struct $name;

        impl IntoResponses for $name {
            fn responses() -> BTreeMap<String, RefOr<Response>> {
                let answers = [$(($status, $description)),+];
                answers.map(|(status, when)| (status.as_str().to_owned(), RefOr::T(refusal(when)))).into()
            }
        }
    )+};
}

errors! {
    /// What may be wrong with any request.
    AnyError {
        NOT_ALLOWED: "A value that is not allowed.",
        UNAVAILABLE: "The store cannot be reached, or the scheduler was stopped; nothing was changed.",
    }
    /// What may be wrong with a request about one job or run.
    OneError {
        UNKNOWN: "There is none of that id.",
        CONFLICT: "It is not in the state that the request needs.",
    }
    /// What may be wrong with a query.
    QueryError {
        UNREADABLE: "A parameter cannot be read; `detail` names it.",
    }
    /// What may be wrong with a body that is not needed.
    NoBodyError {
        TOO_LARGE: "There is a body, and it is larger than 1 MiB.",
        UNREADABLE: "There is a body, which says that it is JSON and cannot be read.",
    }
    /// What may be wrong with a body.
    BodyError {
        TOO_LARGE: "The body is larger than 1 MiB.",
        NOT_JSON: "The body is not JSON by its content type.",
        UNREADABLE: "The body cannot be read, or a field is missing, unknown or ill-typed; `detail` names it.",
    }
}

/// The description of an answer with an [`ErrorBody`].
pub(in crate::web) fn refusal(when: &str) -> Response {
    let body = ContentBuilder::new().schema(Some(Ref::from_schema_name(ErrorBody::name()))).build();
    ResponseBuilder::new().description(when).content("application/json", body).build()
}
