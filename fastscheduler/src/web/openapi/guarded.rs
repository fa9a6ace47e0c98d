//! What the guard asks of every request, and answers in a handler's stead.

use utoipa::openapi::security::{ApiKey, ApiKeyValue, HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::openapi::{Components, HttpMethod, OpenApi, RefOr, SecurityRequirement};

use super::operations;
use crate::web::error::{FORBIDDEN, NOT_JSON, UNAUTHORIZED, refusal};
use crate::web::guard::{is_for_monitors, is_public};
use crate::web::login::{LOGIN, LOGOUT};

/// The names of the two ways to say who one is.
const TOKEN: &str = "token";
const SESSION: &str = "session";

/// Adds it to all operations; `is_open` if the scheduler needs no token.
pub(super) fn describe(document: &mut OpenApi, is_open: bool) {
    for (path, method, operation) in operations(document) {
        let mut answers = Vec::new();
        if !is_open && !is_public(path) {
            operation.security = Some([TOKEN, SESSION].map(requirement).to_vec());
            answers.push((UNAUTHORIZED, "A token is needed, and there is none, or a wrong one."));
        }
        if is_change(&method) {
            answers
                .push((FORBIDDEN, "Another site asks for it, or it is asked for with the read-only token."));
            if !matches!(path, LOGIN | LOGOUT) {
                answers.push((NOT_JSON, "The body is one that a form of any site may send."));
            }
        } else if is_open && !is_for_monitors(path) {
            answers
                .push((FORBIDDEN, "It was asked by a name that is neither one of its machine nor allowed."));
        }
        for (status, description) in answers {
            let responses = &mut operation.responses.responses;
            responses.entry(status.as_str().to_owned()).or_insert_with(|| RefOr::T(refusal(description)));
        }
    }
    if !is_open {
        let components = document.components.get_or_insert_with(Components::new);
        components.add_security_scheme(
            TOKEN,
            SecurityScheme::Http(HttpBuilder::new().scheme(HttpAuthScheme::Bearer).build()),
        );
    }
}

/// Says which cookie a login gives, if the scheduler needs a token.
pub(super) fn name_session(document: &mut OpenApi, cookie: &str) {
    let Some(components) = &mut document.components else { return };
    if components.security_schemes.contains_key(TOKEN) {
        let cookie = ApiKeyValue::with_description(cookie, "What a login gives to a browser.");
        components.add_security_scheme(SESSION, SecurityScheme::ApiKey(ApiKey::Cookie(cookie)));
    }
}

fn is_change(method: &HttpMethod) -> bool {
    !matches!(method, HttpMethod::Get | HttpMethod::Head | HttpMethod::Options)
}

fn requirement(scheme: &str) -> SecurityRequirement {
    SecurityRequirement::new(scheme, [""; 0])
}
