//! What all handlers work with.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use axum::http::HeaderMap;

use super::outside::HasSlash;
use super::rights::{Rights, SessionCookie, Sessions, bearer, rights_of_token};
use super::streams::Streams;
use super::wrong_logins::WrongLogins;
use crate::schedule::Zone;
use crate::scheduler::Scheduler;

/// What all handlers work with: a handle, cheap to clone.
#[derive(Clone)]
pub(super) struct WebState(Arc<Parts>);

pub(super) struct Parts {
    pub(super) scheduler: Scheduler,
    /// The zone of jobs that name none.
    pub(super) zone: Zone,
    /// Those who listen to events.
    pub(super) streams: Streams,
    /// Those who have logged in.
    pub(super) sessions: Sessions,
    /// Those who have not, of late.
    pub(super) wrong_logins: WrongLogins,
    /// Whether the page was asked for with a slash at its end.
    saw_slash: AtomicBool,
}

impl WebState {
    pub(super) fn new(scheduler: &Scheduler, most_streams: usize) -> Self {
        let zone = scheduler.zone().into();
        Self(Arc::new(Parts {
            scheduler: scheduler.clone(),
            zone,
            streams: Streams::new(scheduler, zone, most_streams),
            sessions: Sessions::default(),
            wrong_logins: WrongLogins::default(),
            saw_slash: AtomicBool::new(false),
        }))
    }
}

impl Parts {
    /// What somebody may do who has a token or has logged in.
    pub(super) fn rights_of(&self, headers: &HeaderMap, cookie: &SessionCookie) -> Option<Rights> {
        // A token that is wrong is refused, whatever the cookies say.
        if let Some(token) = bearer(headers) {
            return rights_of_token(self.scheduler.access(), token);
        }
        self.sessions.rights_of(cookie.value(headers)?, self.scheduler.now())
    }

    /// Takes note that the page is served with a slash at its end.
    pub(super) fn saw_slash(&self) {
        self.saw_slash.store(true, Ordering::Relaxed);
    }

    pub(super) fn has_slash(&self) -> HasSlash {
        if self.saw_slash.load(Ordering::Relaxed) { HasSlash::Yes } else { HasSlash::Unknown }
    }
}

impl std::ops::Deref for WebState {
    type Target = Parts;

    fn deref(&self) -> &Parts {
        &self.0
    }
}
