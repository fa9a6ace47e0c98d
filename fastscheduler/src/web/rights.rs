//! Tokens, and those who have logged in with one.

use std::collections::VecDeque;
use std::fmt::Write as _;
use std::sync::{Mutex, MutexGuard, PoisonError};

use axum::http::HeaderMap;
use axum::http::header::{AUTHORIZATION, COOKIE};
use chrono::{DateTime, TimeDelta, Utc};
use subtle::ConstantTimeEq as _;

use crate::scheduler::{Access, Secret};

/// What somebody may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Rights {
    Full,
    ReadOnly,
}

/// The cookie of those who have logged in.
pub(super) const COOKIE_NAME: &str = "fastscheduler_session";

/// How long a login lasts.
pub(super) const LOGIN_LASTS: TimeDelta = TimeDelta::hours(12);

/// The most logins at once: the oldest ends for one more.
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

/// The session that a browser sends.
pub(super) fn session(headers: &HeaderMap) -> Option<&str> {
    let cookies = headers.get_all(COOKIE).iter().filter_map(|cookies| cookies.to_str().ok());
    let mut pairs =
        cookies.flat_map(|cookies| cookies.split(';')).filter_map(|pair| pair.trim().split_once('='));
    pairs.find(|(name, _)| *name == COOKIE_NAME).map(|(_, value)| value)
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
        if sessions.len() >= MOST_SESSIONS {
            sessions.pop_front();
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
        let last = (0..MOST_SESSIONS).map(|_| sessions.begin(Rights::Full, now).unwrap()).last().unwrap();
        assert_eq!(sessions.rights_of(&first, now), None, "one too many");
        assert_eq!(sessions.rights_of(&last, now), Some(Rights::Full));
        sessions.end(&last);
        assert_eq!(sessions.rights_of(&last, now), None);
        assert_eq!(sessions.lock().len(), MOST_SESSIONS - 1);
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
        let cookie = "other=1; fastscheduler_session=abc; more=x=y";
        assert_eq!(session(&headers("cookie", cookie)), Some("abc"));
        assert_eq!(session(&headers("cookie", "xfastscheduler_session=abc")), None);
    }
}
