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

use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex, OnceLock, Weak};
use std::task::{Context, Wake, Waker};

use chrono::{DateTime, TimeDelta, Utc};
use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use tokio::runtime::Handle;

use super::lock;
use super::twins::Twins;
use crate::clock::Clock;

/// How long waiting work may stay untaken before the watchdog steps in.
pub(super) const SOON: TimeDelta = TimeDelta::milliseconds(1);

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
    /// When that ends, until the look begins.
    set_for: Option<DateTime<Utc>>,
    pause: TimeDelta,
    looked_at: DateTime<Utc>,
}

impl std::fmt::Debug for Timer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Timer").field("pause", &self.pause).finish_non_exhaustive()
    }
}

/// What the watchdog has a look at.
pub(super) trait Watched: Send + Sync {
    /// Looks whether work is stuck, and moves it on.
    fn look(self: Arc<Self>);
}

/// Has a look, if what is watched is still there.
struct Call<W>(Weak<W>);

impl<W: Watched> Wake for Call<W> {
    fn wake(self: Arc<Self>) {
        if let Some(watched) = self.0.upgrade() {
            watched.look();
        }
    }
}

impl Watchdog {
    /// Enables it.
    pub(super) fn begin<W: Watched + 'static>(&self, watched: &Arc<W>) {
        self.look.get_or_init(|| Waker::from(Arc::new(Call(Arc::downgrade(watched)))));
    }

    pub(super) fn is_enabled(&self) -> bool {
        self.look.get().is_some()
    }

    /// Notes that the dispatcher is checking the queue.
    pub(super) fn dispatch_began(&self) {
        self.dispatch_by.store(0, Ordering::Release);
    }

    /// Notes by when the dispatcher should check the queue.
    pub(super) fn expect_dispatch(&self, by: DateTime<Utc>) {
        let by = by.timestamp_micros();
        // An earlier deadline is not postponed.
        let earlier = |known| (known == 0 || by < known).then_some(by);
        let _ = self.dispatch_by.fetch_update(Ordering::AcqRel, Ordering::Relaxed, earlier);
    }

    /// By when the dispatcher is expected to check the queue, if it is.
    pub(super) fn dispatch_by(&self) -> Option<DateTime<Utc>> {
        let by = self.dispatch_by.load(Ordering::Acquire);
        DateTime::from_timestamp_micros(by).filter(|_| by != 0)
    }

    /// Schedules a look soon, but not before `earliest`, unless one is scheduled by
    /// then. A clock's timer may need the runtime.
    pub(super) fn set(&self, clock: &dyn Clock, runtime: Option<&Handle>, earliest: DateTime<Utc>) {
        let Some(look) = self.look.get() else { return };
        let _runtime = runtime.map(Handle::enter);
        let mut timer = lock(&self.timer);
        for _ in 0..TRIES {
            let now = clock.now();
            if (now - timer.looked_at).abs() > FORGOTTEN {
                timer.pause = SOON;
            }
            let at = earliest.max(now + timer.pause);
            if timer.set_for.is_some_and(|set_for| set_for <= at) {
                return;
            }
            let mut sleep = clock.sleep_until(at);
            if sleep.poll_unpin(&mut Context::from_waker(look)).is_pending() {
                timer.sleep = Some(sleep);
                timer.set_for = Some(at);
                return;
            }
        }
    }

    /// Says that the look begins: whatever comes after this schedules another one.
    pub(super) fn look_began(&self) {
        lock(&self.timer).set_for = None;
    }

    /// Says that it has looked, and whether it had to step in: then it looks again
    /// soon, and less often otherwise.
    pub(super) fn looked(&self, now: DateTime<Utc>, has_stepped_in: bool) {
        let mut timer = lock(&self.timer);
        timer.looked_at = now;
        timer.pause = if has_stepped_in { SOON } else { (timer.pause * 2).clamp(SOON, LONGEST_PAUSE) };
    }
}
