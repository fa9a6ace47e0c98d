//! Reading requests, with our own answers to what cannot be read.

use std::convert::Infallible;

use axum::body::Bytes;
use axum::extract::{FromRequest, FromRequestParts, Query, RawPathParams, Request};
use axum::http::header::{CONTENT_LENGTH, CONTENT_TYPE};
use axum::http::request::Parts;
use serde::de::{DeserializeOwned, IgnoredAny};
use serde_json::Value;

use super::BODY_LIMIT;
use super::error::{ApiError, of_complaint};
use super::exact;
use super::words::choice;
use crate::job::{ARGUMENTS_DEPTH_LIMIT, nesting};

/// A body in JSON.
pub(super) struct JsonBody<T>(pub(super) T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequest<S> for JsonBody<T> {
    type Rejection = ApiError;

    async fn from_request(request: Request, state: &S) -> Result<Self, ApiError> {
        let content_type = content_type(&request);
        if !is_json(content_type) {
            return Err(ApiError::not_json(content_type));
        }
        let body = bytes(request, state).await?;
        if let Some(other) = other_than_object(&body) {
            return Err(ApiError::unreadable(format!("the body is {other}; send a JSON object")));
        }
        let mut json = serde_json::Deserializer::from_slice(&body);
        let value = serde_path_to_error::deserialize(&mut json).map_err(|error| {
            let (path, reason) = (error.path().to_string(), error.inner());
            unreadable(&body, reason, in_field(&path, reason))
                .of_field(of_complaint(&path, &reason.to_string()))
        })?;
        json.end().map_err(|error| ApiError::unreadable(error.to_string()))?;
        exact::check_arguments(&body)?;
        Ok(Self(value))
    }
}

/// The error for a body that could not be parsed. If it is valid JSON but nested
/// too deep to be parsed, its arguments are to blame: nothing else in a request is
/// nested.
fn unreadable(body: &[u8], error: &serde_json::Error, sentence: String) -> ApiError {
    let depth = nesting::depth(body);
    let is_json = || serde_json::from_slice::<IgnoredAny>(body).is_ok();
    if error.is_syntax() && depth > nesting::READABLE && is_json() {
        return ApiError::not_allowed(format!(
            "the body is nested {depth} deep; arguments may be nested at most {ARGUMENTS_DEPTH_LIMIT} deep"
        ));
    }
    ApiError::unreadable(sentence)
}

/// What a body is that is JSON and no object.
fn other_than_object(body: &[u8]) -> Option<&'static str> {
    match body.iter().find(|byte| !byte.is_ascii_whitespace())? {
        b'{' => None,
        // Not read: serde would take the fields of an object from it, by their order.
        b'[' => Some("a list"),
        _ => match serde_json::from_slice(body).ok()? {
            Value::Null => Some("null"),
            Value::Bool(_) => Some("a boolean"),
            Value::Number(_) => Some("a number"),
            Value::String(_) => Some("a text"),
            Value::Array(_) | Value::Object(_) => None,
        },
    }
}

/// The body of a request that takes none. One that is sent is ignored, but the
/// request is refused if it could not be read.
pub(super) struct NoBody;

impl<S: Send + Sync> FromRequest<S> for NoBody {
    type Rejection = ApiError;

    async fn from_request(request: Request, state: &S) -> Result<Self, ApiError> {
        let is_json = is_json(content_type(&request));
        let body = bytes(request, state).await?;
        // Many clients say that they send JSON, and send nothing.
        if is_json && !body.is_empty() {
            serde_json::from_slice::<Value>(&body)
                .map_err(|error| unreadable(&body, &error, error.to_string()))?;
        }
        Ok(Self)
    }
}

fn content_type(request: &Request) -> &str {
    let content_type = request.headers().get(CONTENT_TYPE).map(|value| value.to_str().unwrap_or_default());
    content_type.unwrap_or_default()
}

/// All of a body, unless it is beyond the limit.
async fn bytes<S: Send + Sync>(request: Request, state: &S) -> Result<Bytes, ApiError> {
    let length = request.headers().get(CONTENT_LENGTH).and_then(|length| length.to_str().ok()?.parse().ok());
    if length.is_some_and(|length: usize| length > BODY_LIMIT) {
        // It need not be sent to be refused.
        return Err(ApiError::too_large());
    }
    Ok(Bytes::from_request(request, state).await?)
}

/// Reads a part of a body; `path` says where in it that stands.
pub(super) fn read_part<T: DeserializeOwned>(value: Value, path: &str) -> Result<T, ApiError> {
    serde_path_to_error::deserialize(value).map_err(|error| {
        let within = error.path().to_string();
        let path = if within == "." { path.to_owned() } else { format!("{path}.{within}") };
        let field = of_complaint(&path, &error.inner().to_string());
        ApiError::unreadable(in_field(&path, error.inner())).of_field(field)
    })
}

/// What is wrong, and with which field if that is known.
fn in_field(path: &str, reason: &serde_json::Error) -> String {
    if path == "." || path == "?" { reason.to_string() } else { format!("`{path}`: {reason}") }
}

fn is_json(content_type: &str) -> bool {
    let essence = content_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    essence == "application/json" || (essence.starts_with("application/") && essence.ends_with("+json"))
}

/// The parameters after the `?`.
pub(super) struct QueryParameters<T>(pub(super) T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequestParts<S> for QueryParameters<T> {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ApiError> {
        let Query(query) = Query::from_request_parts(parts, state).await?;
        Ok(Self(query))
    }
}

/// The parameters after the `?`, of which some may be given more than once.
pub(super) struct Repeated(Vec<(String, String)>);

impl Repeated {
    /// All values of a parameter.
    pub(super) fn all(&self, name: &str) -> impl Iterator<Item = &str> {
        self.0.iter().filter(move |(parameter, _)| parameter == name).map(|(_, value)| value.as_str())
    }

    /// All values of a parameter, each of which is one of the words of `T`.
    pub(super) fn choices<T: DeserializeOwned>(&self, name: &str) -> Result<Vec<T>, ApiError> {
        self.all(name).map(|word| choice(name, word)).collect()
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Repeated {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, Infallible> {
        let query = parts.uri.query().unwrap_or_default();
        Ok(Self(form_urlencoded::parse(query.as_bytes()).into_owned().collect()))
    }
}

/// Declares extractors, each of which takes the value of the path's parameter of
/// that name.
macro_rules! path_values {
    ($($(#[$doc:meta])* $name:ident = $parameter:literal;)+) => { $(
        $(#[$doc])*
        pub(super) struct $name(pub(super) String);

        impl<S: Send + Sync> FromRequestParts<S> for $name {
            type Rejection = ApiError;

            async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ApiError> {
                path_value(parts, state, $parameter).await.map(Self)
            }
        }
    )+ };
}

path_values! {
    /// The id of a job.
    JobInPath = "job_id";
    /// The id of a run.
    RunInPath = "run_id";
    /// The name of a group.
    GroupInPath = "group";
    /// The name of a file.
    FileInPath = "file";
}

/// The value of a parameter of our own route. The prefix that an application nests
/// the routes at may have parameters too, which come before ours.
async fn path_value<S: Send + Sync>(parts: &mut Parts, state: &S, name: &str) -> Result<String, ApiError> {
    let values = RawPathParams::from_request_parts(parts, state).await?;
    let value = values.iter().filter(|(parameter, _)| *parameter == name).last();
    let (_, value) = value.expect("the route has this parameter");
    Ok(value.to_owned())
}
