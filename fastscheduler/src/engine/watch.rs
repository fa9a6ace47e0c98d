//! What the watchdog does when it looks: it wakes who could do what is stuck.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};

use super::Engine;
use super::outcomes::Backlog;
use super::pullers::{Found, Help};
use super::watchdog::{SOON, Watched};

impl Watched for Engine {
    fn look(self: Arc<Self>) {
        if let Err(panic) = catch_unwind(AssertUnwindSafe(|| self.move_on())) {
            self.has_panicked("the watchdog", panic);
        }
    }
}

impl Engine {
    /// Looks whether work is stuck, and moves it on.
    fn move_on(self: &Arc<Self>) {
        self.watchdog.look_began();
        let now = self.clock.now();
        let Some(Found { is_work_left, is_stuck, help }) = self.pullers.look(now) else { return };
        let is_helped = match help {
            Help::NotNeeded => false,
            Help::Woken => true,
            Help::Wanted => self.spawn_helper(),
        };
        let are_outcomes_left = self.check_outcomes(now, is_stuck);
        let dispatch_by = self.watchdog.dispatch_by();
        if dispatch_by.is_some_and(|by| by <= now) {
            // This also ends its wait for a timer, which nobody may be polling.
            self.slots.nudge();
            self.watchdog.dispatcher.wake();
        }
        self.watchdog.looked(now, is_helped);
        // If the runtime was dropped, no tasks are left that could help.
        if self.lifecycle.has_tasks() {
            if is_work_left || are_outcomes_left {
                self.watch();
            } else if let Some(by) = dispatch_by {
                self.watch_from(by);
            }
        }
    }

    /// Schedules a check of whether waiting work was taken.
    pub(super) fn watch(&self) {
        self.watch_from(self.clock.now());
    }

    fn watch_from(&self, earliest: DateTime<Utc>) {
        self.watchdog.set(&**self.clock, self.lifecycle.runtime(), earliest);
    }

    /// Expects the dispatcher to check the queue soon. Whoever woke it may be
    /// about to keep the worker busy.
    pub(crate) fn expect_dispatch(&self) {
        self.expect_dispatch_after(TimeDelta::zero());
    }

    pub(super) fn expect_dispatch_after(&self, pause: TimeDelta) {
        if self.watchdog.is_enabled() {
            self.expect_dispatch_at(self.clock.now() + pause);
        } else if self.pullers.are_eager() {
            // Only one of two woken tasks fits into the worker's slot.
            self.watchdog.dispatcher.wake();
            self.watchdog.recorder.wake();
        }
    }

    /// Expects the dispatcher to check the queue at that instant.
    pub(super) fn expect_dispatch_at(&self, at: DateTime<Utc>) {
        if self.watchdog.is_enabled() {
            let by = at.checked_add_signed(SOON).unwrap_or(at);
            self.watchdog.expect_dispatch(by);
            self.watch_from(by);
        }
    }

    /// Returns whether outcomes wait to be recorded, and wakes the recorder if
    /// they are stuck.
    fn check_outcomes(&self, now: DateTime<Utc>, is_stuck: bool) -> bool {
        match self.outcomes.backlog(now) {
            Backlog::None => return false,
            Backlog::Unannounced if is_stuck => drop(self.outcomes.announce(now)),
            Backlog::Announced(ago) if ago >= SOON => self.watchdog.recorder.wake(),
            Backlog::Unannounced | Backlog::Announced(_) => {}
        }
        true
    }
}
