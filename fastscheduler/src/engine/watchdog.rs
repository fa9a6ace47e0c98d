//! Seeing to it that a busy worker of the runtime holds up nothing that
//! another worker could do.
//!
//! While a worker polls a function that does not return, nobody takes what
//! waits in its slot, and a puller does not pass on what it has left. Nobody
//! on the runtime would notice. So the clock calls, soon after something was
//! handed out, and the watchdog looks whether it is still there. It looks
//! where the clock calls from, which for the system's clock is the thread of
//! the alarm: what is woken from there can be taken by any worker.
//!
//! That costs a wake-up of a thread, so one look is set at a time, and as
//! long as all is well the looks come more seldom.

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

/// How long what waits may take to be taken, before it is looked after.
const SOON: TimeDelta = TimeDelta::milliseconds(1);

/// The longest time until the next look.
const LONGEST_PAUSE: TimeDelta = TimeDelta::milliseconds(16);

/// After so long without a look nothing is known of how it goes.
const FORGOTTEN: TimeDelta = TimeDelta::milliseconds(100);

/// An instant may be over before it is waited for, if the machine is busy.
const TRIES: usize = 8;

#[derive(Debug, Default)]
pub(super) struct Watchdog {
    /// What the clock calls; none where no other worker could help.
    look: OnceLock<Waker>,
    is_set: AtomicBool,
    timer: Mutex<Timer>,
    /// When the dispatcher should have looked at the queue, in microseconds
    /// since 1970; 0 if nobody counts on that.
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
        if let Some(engine) = self.0.upgrade() {
            engine.look();
        }
    }
}

impl Watchdog {
    /// Watches from now on.
    pub(super) fn begin(&self, engine: &Arc<Engine>) {
        self.look.get_or_init(|| Waker::from(Arc::new(Call(Arc::downgrade(engine)))));
    }

    /// The dispatcher is looking.
    pub(super) fn is_dispatching(&self) {
        self.dispatch_by.store(0, Ordering::Release);
    }
}

impl Engine {
    /// Looks soon whether what waits was taken.
    pub(super) fn watch(&self) {
        let Some(look) = self.watchdog.look.get() else { return };
        if self.watchdog.is_set.swap(true, Ordering::AcqRel) {
            return;
        }
        // A clock may need it to wait.
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

    /// Counts on the dispatcher to look at the queue within so long from now
    /// on. Whoever has woken it may be about to keep its worker busy.
    pub(crate) fn expect_dispatch(&self) {
        self.expect_dispatch_after(TimeDelta::zero());
    }

    pub(super) fn expect_dispatch_after(&self, pause: TimeDelta) {
        if self.watchdog.look.get().is_some() {
            let by = (self.clock.now() + pause + SOON).timestamp_micros();
            // What was expected before is not put off.
            let _ = self.watchdog.dispatch_by.compare_exchange(0, by, Ordering::AcqRel, Ordering::Relaxed);
            self.watch();
        } else if self.pullers.are_eager() {
            // Two tasks do not fit into one slot.
            self.watchdog.dispatcher.wake();
            self.watchdog.recorder.wake();
        }
    }

    fn look(self: &Arc<Self>) {
        // Before the look: what comes after it sets another one.
        self.watchdog.is_set.swap(false, Ordering::AcqRel);
        let now = self.clock.now();
        let Some(Found { is_work_left, is_stuck, help }) = self.pullers.look(now) else { return };
        let is_helped = match help {
            Help::NotNeeded => false,
            Help::Woken => true,
            Help::Wanted => self.send_for_help(),
        };
        let are_outcomes_left = self.outcomes_wait(now, is_stuck);
        let dispatch_by = self.watchdog.dispatch_by.load(Ordering::Acquire);
        if dispatch_by != 0 && dispatch_by <= now.timestamp_micros() {
            // Also one that waits for a timer, which nobody may be watching.
            self.room_more.notify_one();
            self.watchdog.dispatcher.wake();
        }
        let mut timer = lock(&self.watchdog.timer);
        timer.looked_at = now;
        timer.pause = if is_helped { SOON } else { (timer.pause * 2).clamp(SOON, LONGEST_PAUSE) };
        drop(timer);
        // A runtime that was dropped has no tasks left that could help.
        if (is_work_left || are_outcomes_left || dispatch_by != 0) && !self.tasks.is_empty() {
            self.watch();
        }
    }

    /// Whether outcomes wait to be recorded; those that nobody sees to are
    /// seen to.
    fn outcomes_wait(&self, now: DateTime<Utc>, is_stuck: bool) -> bool {
        let (are_any, told_at) = {
            let ended = lock(&self.ended);
            (!ended.list.is_empty(), ended.told_at)
        };
        match told_at {
            None if are_any && is_stuck => drop(self.tell_recorder(now)),
            Some(told_at) if (now - told_at).abs() >= SOON => self.watchdog.recorder.wake(),
            None | Some(_) => {}
        }
        are_any
    }
}
