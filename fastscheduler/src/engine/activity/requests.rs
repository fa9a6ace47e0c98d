//! Fires of a job that callers asked for.

use std::sync::MutexGuard;

use chrono::{DateTime, TimeDelta, Utc};

use super::{Activity, State};
use crate::engine::open::{Open, OpenState};
use crate::job::Entry;

impl Activity {
    /// Reserves a fire of its own, if `may_begin` says so of whether an attempt
    /// is under way or was asked for. Each gets an instant that no other has.
    pub(crate) fn request(
        &self,
        now: DateTime<Utc>,
        may_begin: impl FnOnce(bool) -> bool,
        entry: impl FnOnce(DateTime<Utc>) -> Entry,
    ) -> Option<Entry> {
        let mut activity = self.state();
        let is_busy = activity.open.iter().any(|open| open.is_running() || open.is_asked_for());
        if activity.is_gone || !may_begin(is_busy) {
            return None;
        }
        let rare = activity.rare.get_or_insert_default();
        let after_last = rare.requested_at.map(|last| last + TimeDelta::microseconds(1));
        let at = after_last.map_or(now, |after_last| after_last.max(now));
        rare.requested_at = Some(at);
        // The clock may have been set back since the last one.
        let entry = Entry { due_at: now, ..entry(at) };
        let state = OpenState::Waiting(Box::new(entry.clone()));
        let (trigger, places_successor) = (entry.trigger, false);
        activity.open.push(Open {
            trigger,
            scheduled_for: at,
            since: now,
            places_successor,
            state,
            retry: None,
        });
        Some(entry)
    }

    /// Whether [`request`](Self::request) knows the instants that are taken.
    pub(crate) fn knows_requests(&self) -> bool {
        let rare = |state: MutexGuard<'_, State>| {
            state.rare.as_ref().is_some_and(|rare| rare.requested_at.is_some())
        };
        self.known_state().is_some_and(rare)
    }

    /// A fire of its own has that instant, and those to come have later ones.
    pub(crate) fn was_requested(&self, at: DateTime<Utc>) {
        let mut activity = self.state();
        let requested_at = &mut activity.rare.get_or_insert_default().requested_at;
        *requested_at = (*requested_at).max(Some(at));
    }
}
