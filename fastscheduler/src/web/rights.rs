//! Tokens, and those who have logged in with one.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::fmt::Write as _;
use std::sync::{Mutex, MutexGuard, PoisonError};

use axum::extract::{FromRequestParts, Request};
use axum::http::header::{AUTHORIZATION, COOKIE};
use axum::http::request::Parts;
use axum::http::{Extensions, HeaderMap, Uri};
use chrono::{DateTime, TimeDelta, Utc};
use subtle::ConstantTimeEq as _;

use super::host;
use super::own_server::OwnServer;
use crate::scheduler::{Access, Secret};

/// What somebody may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Rights {
    Full,
    ReadOnly,
}

/// The name of the cookie of those who have logged in.
///
/// Browsers send the cookies of a host to all of its ports, so the name carries the
/// port: two schedulers on one host have a login each.
pub(super) struct SessionCookie(String);

impl SessionCookie {
    /// The name for requests to the address that this one is sent to.
    pub(super) fn of(request: &Request) -> Self {
        Self::named(request.extensions(), request.uri(), request.headers())
    }

    fn named(extensions: &Extensions, uri: &Uri, headers: &HeaderMap) -> Self {
        let name = "fastscheduler_session";
        let of_host = || host::authority(uri, headers).and_then(host::port);
        // Of a host a proxy may leave the port out.
        match extensions.get::<OwnServer>() {
            Some(OwnServer { port }) => Self(format!("{name}_{port}")),
            None => Self(of_host().map_or_else(|| name.to_owned(), |port| format!("{name}_{port}"))),
        }
    }

    pub(super) fn name(&self) -> &str {
        &self.0
    }

    /// What it says, if a browser sends it.
    pub(super) fn value<'a>(&self, headers: &'a HeaderMap) -> Option<&'a str> {
        let cookies = headers.get_all(COOKIE).iter().filter_map(|cookies| cookies.to_str().ok());
        let mut pairs =
            cookies.flat_map(|cookies| cookies.split(';')).filter_map(|pair| pair.trim().split_once('='));
        pairs.find(|(name, _)| *name == self.0).map(|(_, value)| value)
    }
}

impl<S: Send + Sync> FromRequestParts<S> for SessionCookie {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, Infallible> {
        Ok(Self::named(&parts.extensions, &parts.uri, &parts.headers))
    }
}

/// How long a login lasts.
pub(super) const LOGIN_LASTS: TimeDelta = TimeDelta::hours(12);

/// The most logins at once with each of the tokens: the oldest ends for one more.
const MOST_SESSIONS: usize = 100;

/// The rights of a token. All tokens are looked at, in the same time.
pub(super) fn rights_of_token(access: &Access, token: &[u8]) -> Option<Rights> {
    let is = |secret: &Option<Secret>| {
        secret.as_ref().is_some_and(|secret| bool::from(secret.bytes().ct_eq(token)))
    };
    let (is_full, is_read_only) = (is(&access.token), is(&access.read_only_token));
    match (is_full, is_read_only) {
        (true, _) => Some(Rights::Full),
        (false, true) => Some(Rights::ReadOnly),
        (false, false) => None,
    }
}

/// The token that a program sends.
pub(super) fn bearer(headers: &HeaderMap) -> Option<&[u8]> {
    let (scheme, token) = headers.get(AUTHORIZATION)?.to_str().ok()?.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim().as_bytes())
}

/// Those who have logged in. What their cookies say is random, so that a
/// cookie that got lost does not give the token away.
#[derive(Default)]
pub(super) struct Sessions(Mutex<VecDeque<Session>>);

struct Session {
    secret: String,
    rights: Rights,
    ends_at: DateTime<Utc>,
}

impl Sessions {
    /// Begins a session, and answers what the cookie says.
    ///
    /// # Errors
    ///
    /// If the system has no random numbers.
    pub(super) fn begin(&self, rights: Rights, now: DateTime<Utc>) -> Result<String, getrandom::Error> {
        let mut random = [0; 32];
        getrandom::fill(&mut random)?;
        let mut secret = String::with_capacity(2 * random.len());
        for byte in random {
            // To a text, which does not fail.
            let _ = write!(secret, "{byte:02x}");
        }
        let mut sessions = self.lock();
        sessions.retain(|session| now < session.ends_at);
        let is_alike = |session: &Session| session.rights == rights;
        if sessions.iter().filter(|session| is_alike(session)).count() >= MOST_SESSIONS
            && let Some(oldest) = sessions.iter().position(is_alike)
        {
            sessions.remove(oldest);
        }
        sessions.push_back(Session { secret: secret.clone(), rights, ends_at: now + LOGIN_LASTS });
        Ok(secret)
    }

    pub(super) fn rights_of(&self, secret: &str, now: DateTime<Utc>) -> Option<Rights> {
        let is = |session: &Session| bool::from(session.secret.as_bytes().ct_eq(secret.as_bytes()));
        let sessions = self.lock();
        // All of the list, whichever it is.
        let found =
            sessions.iter().fold(None, |found, session| if is(session) { Some(session) } else { found });
        found.filter(|session| now < session.ends_at).map(|session| session.rights)
    }

    pub(super) fn end(&self, secret: &str) {
        self.lock().retain(|session| !bool::from(session.secret.as_bytes().ct_eq(secret.as_bytes())));
    }

    fn lock(&self) -> MutexGuard<'_, VecDeque<Session>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_session_lasts_for_its_time_and_the_number_of_them_is_bounded() {
        let now = DateTime::UNIX_EPOCH;
        let sessions = Sessions::default();
        let first = sessions.begin(Rights::ReadOnly, now).unwrap();
        assert_eq!(first.len(), 64);
        assert_eq!(sessions.rights_of(&first, now), Some(Rights::ReadOnly));
        assert_eq!(sessions.rights_of(&first, now + LOGIN_LASTS), None);
        assert_eq!(sessions.rights_of(&first[1..], now), None);
        assert_eq!(sessions.rights_of("", now), None);
        let begin = |rights| (0..MOST_SESSIONS).map(|_| sessions.begin(rights, now).unwrap()).last().unwrap();
        let last = begin(Rights::Full);
        assert_eq!(sessions.rights_of(&first, now), Some(Rights::ReadOnly), "of another right");
        begin(Rights::ReadOnly);
        assert_eq!(sessions.rights_of(&first, now), None, "one too many");
        assert_eq!(sessions.rights_of(&last, now), Some(Rights::Full));
        sessions.end(&last);
        assert_eq!(sessions.rights_of(&last, now), None);
        assert_eq!(sessions.lock().len(), 2 * MOST_SESSIONS - 1);
    }

    #[test]
    fn tokens_and_sessions_are_found_in_headers() {
        let headers = |name: &'static str, value: &'static str| -> HeaderMap {
            [(name.parse().unwrap(), value.parse().unwrap())].into_iter().collect()
        };
        assert_eq!(bearer(&headers("authorization", "Bearer abc")), Some(&b"abc"[..]));
        assert_eq!(bearer(&headers("authorization", "bearer  abc ")), Some(&b"abc"[..]));
        assert_eq!(bearer(&headers("authorization", "Basic abc")), None);
        assert_eq!(bearer(&headers("authorization", "abc")), None);
        let cookie = "other=1; fastscheduler_session=abc; fastscheduler_session_80=def; more=x=y";
        for (host, value) in [("a.example", "abc"), ("a.example:80", "def"), ("[::1]:80", "def")] {
            let mut headers = headers("cookie", cookie);
            headers.insert("host", host.parse().unwrap());
            let of_host = SessionCookie::named(&Extensions::new(), &Uri::default(), &headers);
            assert_eq!(of_host.value(&headers), Some(value), "{host}");
        }
        let cookie = SessionCookie::named(&Extensions::new(), &Uri::default(), &HeaderMap::new());
        assert_eq!(cookie.value(&headers("cookie", "xfastscheduler_session=abc")), None);
    }
}
