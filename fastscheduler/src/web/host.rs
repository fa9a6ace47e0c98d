//! The host that a request is for.
//!
//! A page of another site may have a name that was made to point at this machine.
//! It would be of one origin with us, so without a token a scheduler is served
//! under names that nobody else can give away only: those of this machine, those
//! that its owner allows, and addresses, which are no names.

use std::net::IpAddr;

use axum::extract::Request;
use axum::http::header::HOST;
use axum::http::uri::Authority;
use axum::http::{HeaderMap, Uri};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use super::error::ApiError;

/// Stands for any host in the list of those that are allowed.
const ANY: &str = "*";

/// Who runs the server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Server {
    /// We do: it listens to this machine only, unless there is a token.
    Own,
    /// The application that the scheduler is nested in.
    Applications,
}

/// The host that a request is for, with its port: that of its target, as over
/// HTTP/2, or else its header.
pub(super) fn authority<'a>(uri: &'a Uri, headers: &'a HeaderMap) -> Option<&'a str> {
    let header = || headers.get(HOST).map(|host| host.to_str().unwrap_or("?"));
    uri.authority().map(Authority::as_str).or_else(header)
}

/// The port of a host.
pub(super) fn port(host: &str) -> Option<&str> {
    parts(host).1
}

/// Refuses a host that is not served without a token.
pub(super) fn check(host: Option<&str>, server: Server, allowed: &[String]) -> Result<(), ApiError> {
    let is_allowed = |host: &str| {
        let (name, _) = parts(host);
        let is = |allowed: &String| {
            allowed == ANY || allowed.eq_ignore_ascii_case(host) || allowed.eq_ignore_ascii_case(name)
        };
        is_this_machine(name)
            || (server == Server::Applications && address(name).is_some())
            || allowed.iter().any(is)
    };
    match host {
        Some(host) if is_allowed(host) => Ok(()),
        None if allowed.iter().any(|allowed| allowed == ANY) => Ok(()),
        _ => Err(ApiError::foreign_host(host)),
    }
}

/// Refuses a request that names two hosts: a proxy may go by another one than we.
pub(super) async fn refuse_two(request: Request, next: Next) -> Response {
    if request.headers().get_all(HOST).iter().nth(1).is_some() {
        return ApiError::not_allowed("the request has two `Host` headers; send one").into_response();
    }
    next.run(request).await
}

/// The name or address of a host, without a dot at its end, and its port.
fn parts(host: &str) -> (&str, Option<&str>) {
    let (name, port) = match host.rsplit_once(':') {
        Some((name, port)) if !name.is_empty() && port.bytes().all(|byte| byte.is_ascii_digit()) => {
            (name, Some(port))
        }
        _ => (host, None),
    };
    (name.strip_suffix('.').unwrap_or(name), port.filter(|port| !port.is_empty()))
}

/// Whether a name or address means this machine only.
fn is_this_machine(name: &str) -> bool {
    let name_in_lower_case = name.to_ascii_lowercase();
    name_in_lower_case == "localhost"
        || name_in_lower_case.ends_with(".localhost")
        || address(name).is_some_and(|address| address.is_loopback())
}

fn address(name: &str) -> Option<IpAddr> {
    match name.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
        Some(address) => address.parse().ok().map(IpAddr::V6),
        None => name.parse().ok().map(IpAddr::V4),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_this_machine_are_told_from_others() {
        for host in [
            "localhost",
            "LOCALHOST:80",
            "localhost.:1",
            "a.localhost:8000",
            "127.0.0.1:8000",
            "127.9.9.9",
            "[::1]:8000",
            "[::1]",
        ] {
            assert!(check(Some(host), Server::Own, &[]).is_ok(), "{host}");
        }
        for host in [
            "",
            "example.com",
            "localhost.example.com:80",
            "127.0.0.1.example.com",
            "10.0.0.1:8000",
            "[2001:db8::1]:80",
            "127.0.0.1@evil",
            "evil@127.0.0.1",
            "?",
            ":80",
            "0.0.0.0",
        ] {
            assert!(check(Some(host), Server::Own, &[]).is_err(), "{host}");
        }
        assert!(check(None, Server::Own, &[]).is_err());
    }

    #[test]
    fn an_application_is_asked_by_any_address_and_by_the_names_of_this_machine() {
        for host in ["localhost:80", "10.0.0.1:8000", "[2001:db8::1]:80", "0.0.0.0", "127.0.0.1"] {
            assert!(check(Some(host), Server::Applications, &[]).is_ok(), "{host}");
        }
        for host in ["", "example.com", "10.0.0.1.example.com", "10.0.0:80", "::1", "[10.0.0.1]"] {
            assert!(check(Some(host), Server::Applications, &[]).is_err(), "{host}");
        }
        assert!(check(None, Server::Applications, &[]).is_err());
    }

    #[test]
    fn a_host_is_allowed_with_any_port_or_with_its_own() {
        let allowed = ["a.example", "b.example:81"].map(str::to_owned);
        for server in [Server::Own, Server::Applications] {
            for host in ["a.example", "A.example.", "a.example:80", "b.example:81"] {
                assert!(check(Some(host), server, &allowed).is_ok(), "{host}");
            }
            for host in ["b.example", "b.example:80", "c.a.example", "a.example.evil.example"] {
                assert!(check(Some(host), server, &allowed).is_err(), "{host}");
            }
            assert!(check(None, server, &allowed).is_err());
            for host in [Some("c.example"), Some("?"), None] {
                assert!(check(host, server, &["*".to_owned()]).is_ok(), "{host:?}");
            }
        }
    }
}
