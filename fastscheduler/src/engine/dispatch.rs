//! Waiting for what is due, and claiming it.

use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};

use super::Engine;
use super::failure::{AFTER_FAILURE, describe};
use crate::clock::Timer;
use crate::job::Lane;
use crate::queue::{Claimer, QueueError};

/// The most entries claimed in one go, so that pullers start early.
const BATCH: usize = 256;

/// What is in trouble when nothing can be claimed.
const QUEUE: &str = "claims from the queue";

/// What the dispatcher remembers from one claim to the next.
struct Dispatcher {
    claimer: Claimer,
    /// The lane that claims first.
    first: Lane,
    /// Since when fires of each lane have been waiting for a slot.
    short_since: [Option<DateTime<Utc>>; 2],
    /// When it last claimed something.
    claimed_at: Option<DateTime<Utc>>,
    /// Whether the queue failed the last time.
    has_failed: bool,
    /// The clock's timer, if it has one.
    timer: Option<Box<dyn Timer>>,
}

/// How much was claimed, and whether that was all that is due.
struct Claimed {
    count: usize,
    is_all: bool,
}

impl Engine {
    /// Claims what is due until claiming ends.
    pub(super) async fn dispatch(self: Arc<Self>) {
        // Also when the queue panics: nobody must wait for claims that never come.
        let _last = self.lifecycle.claims();
        let mut dispatcher = Dispatcher {
            claimer: Claimer {
                instance: Arc::clone(&self.setup.instance),
                functions: Arc::clone(self.table.functions()),
                room_async: 0,
                room_blocking: 0,
                lease: self.leases.length(),
            },
            first: Lane::Async,
            short_since: [None; 2],
            claimed_at: None,
            has_failed: false,
            timer: self.clock.timer(),
        };
        while !self.lifecycle.is_stopping() {
            self.watchdog.dispatch_began();
            // Before the claim: what comes due after it is to be waited for.
            let seen_until = self.clock.now();
            self.clock.note_reading(seen_until);
            let claiming = self.slots.claiming();
            let claimed = self.claim_due(&mut dispatcher, seen_until).await;
            drop(claiming);
            dispatcher.first = other(dispatcher.first);
            let waited = match claimed {
                Ok(Claimed { count, is_all }) => {
                    if count > 0 {
                        dispatcher.claimed_at = Some(seen_until);
                    }
                    if is_all { self.wait_for_due(&mut dispatcher, seen_until).await } else { Ok(()) }
                }
                Err(error) => Err(error),
            };
            if let Err(error) = waited {
                tracing::error!(error = &error as &dyn std::error::Error, "the queue failed; trying again");
                self.note_trouble(QUEUE, Some(describe(&error)));
                dispatcher.has_failed = true;
                tokio::select! {
                    () = self.clock.sleep(AFTER_FAILURE) => {}
                    () = self.lifecycle.stopping() => {}
                }
            } else if std::mem::take(&mut dispatcher.has_failed) {
                self.note_trouble(QUEUE, None);
            }
        }
    }

    /// Claims for one lane, then for the other what room is left, so that the
    /// lanes together stay within the room and neither starves the other.
    async fn claim_due(
        &self,
        dispatcher: &mut Dispatcher,
        now: DateTime<Utc>,
    ) -> Result<Claimed, QueueError> {
        let mut claimed = Claimed { count: 0, is_all: true };
        self.slots.ask_for_more();
        for lane in [dispatcher.first, other(dispatcher.first)] {
            let room = self.slots.room(lane).min(BATCH);
            let short_since = &mut dispatcher.short_since[lane as usize];
            if room == 0 {
                short_since.get_or_insert(now);
                continue;
            }
            let who = &mut dispatcher.claimer;
            (who.room_async, who.room_blocking) = if lane == Lane::Async { (room, 0) } else { (0, room) };
            let claims = self.queue.claim(who).await?;
            claimed.count += claims.len();
            let is_full = claims.len() == room;
            self.begin(lane, claims, *short_since).await;
            if is_full {
                short_since.get_or_insert(now);
                claimed.is_all = false;
            } else {
                *short_since = None;
            }
        }
        self.slots.note_short(dispatcher.short_since);
        if dispatcher.short_since == [None; 2] {
            self.slots.ask_no_more();
        }
        Ok(claimed)
    }

    async fn wait_for_due(
        &self,
        dispatcher: &mut Dispatcher,
        seen_until: DateTime<Utc>,
    ) -> Result<(), QueueError> {
        let next = self.queue.next_due(seen_until).await?;
        let slack = self.clock.slack();
        // A wait for the slack ends at the next tick of the timer, and is worth
        // it for several fires only.
        let soon = slack / 4;
        let Dispatcher { claimed_at, has_failed, timer, .. } = dispatcher;
        let is_soon = |at: DateTime<Utc>| {
            claimed_at.is_some_and(|claimed_at| (claimed_at..claimed_at + soon).contains(&at))
        };
        let time = async {
            match next {
                // Under load: a wake-up costs as much as many runs, so let more come due.
                Some(due_at) if is_soon(due_at) => {
                    // This sleep uses the runtime's timer, which is not polled
                    // while the worker in charge of it is busy.
                    self.expect_dispatch_after(TimeDelta::from_std(slack).unwrap_or_default());
                    self.clock.sleep(slack).await;
                }
                Some(due_at) => match timer {
                    // The driver of the runtime is not polled either while the worker
                    // in charge of it is busy.
                    Some(timer) => {
                        self.expect_dispatch_at(due_at);
                        timer.wait_until(due_at).await;
                    }
                    None => self.clock.sleep_until(due_at).await,
                },
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            () = time => {}
            woken = self.queue.wake() => woken?,
            () = self.slots.more() => {}
            // Then the failure is over.
            () = async { self.clock.sleep(AFTER_FAILURE).await }, if *has_failed => {}
            () = self.lifecycle.stopping() => {}
        }
        Ok(())
    }
}

fn other(lane: Lane) -> Lane {
    match lane {
        Lane::Async => Lane::Blocking,
        Lane::Blocking => Lane::Async,
    }
}
