//! Keeps a busy worker of the runtime from holding up work that another worker
//! could do.
//!
//! While a worker polls a function that does not return, nobody takes what
//! waits in its slot, and a puller does not pass on what it has collected.
//! Nothing on the runtime would notice. So the clock calls the watchdog soon
//! after something was handed out, and the watchdog checks whether it is still
//! there. It runs where the clock calls it, which for the system's clock is the
//! alarm's thread: any worker can take a task that is woken from there.
//!
//! Each check wakes a thread, so only one is scheduled at a time, and while all
//! is well they become less frequent.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::sync::{Arc, Mutex, OnceLock, Weak};
use std::task::{Context, Wake, Waker};

use chrono::{DateTime, TimeDelta, Utc};
use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use tokio::runtime::Handle;

use super::pullers::{Found, Help};
use super::twins::Twins;
use super::{Engine, lock};

/// How long waiting work may stay untaken before the watchdog steps in.
const SOON: TimeDelta = TimeDelta::milliseconds(1);

/// The longest time until the next check.
const LONGEST_PAUSE: TimeDelta = TimeDelta::milliseconds(16);

/// After this long without a check, the pause starts over at [`SOON`].
const FORGOTTEN: TimeDelta = TimeDelta::milliseconds(100);

/// How often to set the timer: on a busy machine, its instant may have passed by
/// the time it is polled.
const TRIES: usize = 8;

#[derive(Debug, Default)]
pub(super) struct Watchdog {
    /// What the clock calls; unset where no other worker could help.
    look: OnceLock<Waker>,
    is_set: AtomicBool,
    timer: Mutex<Timer>,
    /// When the dispatcher should have checked the queue, in microseconds since
    /// 1970; 0 if nobody waits for that.
    dispatch_by: AtomicI64,
    pub(super) dispatcher: Arc<Twins>,
    pub(super) recorder: Arc<Twins>,
}

#[derive(Default)]
struct Timer {
    sleep: Option<BoxFuture<'static, ()>>,
    pause: TimeDelta,
    looked_at: DateTime<Utc>,
}

impl std::fmt::Debug for Timer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Timer").field("pause", &self.pause).finish_non_exhaustive()
    }
}

/// Calls the watchdog of an engine.
struct Call(Weak<Engine>);

impl Wake for Call {
    fn wake(self: Arc<Self>) {
        if let Some(engine) = self.0.upgrade()
            && let Err(panic) = catch_unwind(AssertUnwindSafe(|| engine.look()))
        {
            engine.has_panicked("the watchdog", panic);
        }
    }
}

impl Watchdog {
    /// Enables it.
    pub(super) fn begin(&self, engine: &Arc<Engine>) {
        self.look.get_or_init(|| Waker::from(Arc::new(Call(Arc::downgrade(engine)))));
    }

    /// Notes that the dispatcher is checking the queue.
    pub(super) fn dispatch_began(&self) {
        self.dispatch_by.store(0, Ordering::Release);
    }
}

impl Engine {
    /// Schedules a check of whether waiting work was taken.
    pub(super) fn watch(&self) {
        let Some(look) = self.watchdog.look.get() else { return };
        if self.watchdog.is_set.swap(true, Ordering::AcqRel) {
            return;
        }
        // A clock's timer may need a runtime.
        let _runtime = self.runtime.get().map(Handle::enter);
        let mut timer = lock(&self.watchdog.timer);
        for _ in 0..TRIES {
            let now = self.clock.now();
            if (now - timer.looked_at).abs() > FORGOTTEN {
                timer.pause = SOON;
            }
            let mut sleep = self.clock.sleep_until(now + timer.pause);
            if sleep.poll_unpin(&mut Context::from_waker(look)).is_pending() {
                timer.sleep = Some(sleep);
                return;
            }
        }
        drop(timer);
        self.watchdog.is_set.store(false, Ordering::Release);
    }

    /// Expects the dispatcher to check the queue soon. Whoever woke it may be
    /// about to keep the worker busy.
    pub(crate) fn expect_dispatch(&self) {
        self.expect_dispatch_after(TimeDelta::zero());
    }

    pub(super) fn expect_dispatch_after(&self, pause: TimeDelta) {
        if self.watchdog.look.get().is_some() {
            let by = (self.clock.now() + pause + SOON).timestamp_micros();
            // An earlier deadline is not postponed.
            let _ = self.watchdog.dispatch_by.compare_exchange(0, by, Ordering::AcqRel, Ordering::Relaxed);
            self.watch();
        } else if self.pullers.are_eager() {
            // Only one of two woken tasks fits into the worker's slot.
            self.watchdog.dispatcher.wake();
            self.watchdog.recorder.wake();
        }
    }

    fn look(self: &Arc<Self>) {
        // Before the check: whatever comes after it schedules another one.
        self.watchdog.is_set.swap(false, Ordering::AcqRel);
        let now = self.clock.now();
        let Some(Found { is_work_left, is_stuck, help }) = self.pullers.look(now) else { return };
        let is_helped = match help {
            Help::NotNeeded => false,
            Help::Woken => true,
            Help::Wanted => self.spawn_helper(),
        };
        let are_outcomes_left = self.check_outcomes(now, is_stuck);
        let dispatch_by = self.watchdog.dispatch_by.load(Ordering::Acquire);
        if dispatch_by != 0 && dispatch_by <= now.timestamp_micros() {
            // This also ends its wait for a timer, which nobody may be polling.
            self.room_more.notify_one();
            self.watchdog.dispatcher.wake();
        }
        let mut timer = lock(&self.watchdog.timer);
        timer.looked_at = now;
        timer.pause = if is_helped { SOON } else { (timer.pause * 2).clamp(SOON, LONGEST_PAUSE) };
        drop(timer);
        // If the runtime was dropped, no tasks are left that could help.
        if (is_work_left || are_outcomes_left || dispatch_by != 0) && !self.tasks.is_empty() {
            self.watch();
        }
    }

    /// Returns whether outcomes wait to be recorded, and wakes the recorder if
    /// they are stuck.
    fn check_outcomes(&self, now: DateTime<Utc>, is_stuck: bool) -> bool {
        let (are_any, notified_at) = {
            let ended = lock(&self.ended);
            (!ended.list.is_empty(), ended.notified_at)
        };
        match notified_at {
            None if are_any && is_stuck => drop(self.notify_recorder(now)),
            Some(notified_at) if (now - notified_at).abs() >= SOON => self.watchdog.recorder.wake(),
            None | Some(_) => {}
        }
        are_any
    }
}
