//! The time, waiting for it, and the machine's time zone.
//!
//! The rest of the library reads the time and waits through a [`Clock`] only,
//! so that tests can set it by hand.

mod alarm;
mod system_zone;
#[cfg(target_os = "linux")]
mod timer_fd;

use std::fmt;
use std::sync::OnceLock;
use std::time::{Duration, Instant, SystemTime};

use chrono::{DateTime, Utc};
use futures_util::future::BoxFuture;

use self::alarm::ALARM;
pub(crate) use self::system_zone::{NoZone, ZoneSource, system_zone, system_zone_data_version};

/// A source of the time.
pub trait Clock: fmt::Debug + Send + Sync + 'static {
    /// The instant it is, to the microsecond.
    fn now(&self) -> DateTime<Utc>;

    /// Waits until the clock on the wall reads `at`, wherever it jumps meanwhile.
    fn sleep_until(&self, at: DateTime<Utc>) -> BoxFuture<'static, ()>;

    /// A timer for one who waits for one instant after another, on a thread that polls
    /// the runtime's tasks. It must be asked for inside of a runtime.
    ///
    /// A clock that has none returns `None`, which is the default:
    /// [`sleep_until`](Self::sleep_until) is used then.
    fn timer(&self) -> Option<Box<dyn Timer>> {
        None
    }

    /// How late a wake-up may be for the sake of doing several things at once,
    /// when there is much to do.
    fn slack(&self) -> Duration {
        Duration::ZERO
    }

    /// Waits for a length of time, whatever the clock on the wall does.
    fn sleep(&self, duration: Duration) -> BoxFuture<'static, ()>;

    /// How much time has passed since some fixed instant, whatever the clock on
    /// the wall does.
    ///
    /// It tells a wall clock that was set from time that passed. The default
    /// returns zero; then a step back is noticed only if the wall clock reads
    /// earlier than it did before.
    fn elapsed(&self) -> Duration {
        Duration::ZERO
    }

    /// Waits until the clock on the wall should be checked for having been set.
    ///
    /// A clock that can tell returns when it was set, and in any case after a few
    /// seconds. The default waits ten seconds.
    fn may_be_set(&self) -> BoxFuture<'static, ()> {
        self.sleep(LOOK_AGAIN)
    }
}

/// Waits for one instant after another.
pub trait Timer: fmt::Debug + Send {
    /// Waits until the clock on the wall reads `at`, wherever it jumps meanwhile.
    ///
    /// It may be later if the threads of the runtime are busy. The wait ends if the
    /// future is dropped.
    fn wait_until(&mut self, at: DateTime<Utc>) -> BoxFuture<'_, ()>;
}

/// How often to check whether the clock on the wall was set.
pub(crate) const LOOK_AGAIN: Duration = Duration::from_secs(10);

/// The clock of the operating system.
///
/// A thread named `fastscheduler-alarm` wakes those who wait for an instant; it
/// is started for the first and serves all runtimes of the process. On Linux the
/// scheduler itself waits with a [`timer`](Clock::timer) of the system.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

#[expect(clippy::disallowed_methods, reason = "this is the one place that reads the time and waits")]
impl Clock for SystemClock {
    fn now(&self) -> DateTime<Utc> {
        // Read for each run: by way of `Utc::now` it takes twice as long.
        let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        let micros = i64::try_from(since.as_micros()).unwrap_or(i64::MAX);
        DateTime::from_timestamp_micros(micros).unwrap_or_default()
    }

    fn sleep_until(&self, at: DateTime<Utc>) -> BoxFuture<'static, ()> {
        Box::pin(ALARM.wait_until(at))
    }

    #[cfg(target_os = "linux")]
    fn timer(&self) -> Option<Box<dyn Timer>> {
        timer_fd::TimerFd::new().map(|timer| Box::new(timer) as Box<dyn Timer>)
    }

    fn slack(&self) -> Duration {
        Duration::from_millis(1)
    }

    fn sleep(&self, duration: Duration) -> BoxFuture<'static, ()> {
        Box::pin(tokio::time::sleep(duration))
    }

    fn elapsed(&self) -> Duration {
        static SINCE: OnceLock<Instant> = OnceLock::new();
        SINCE.get_or_init(Instant::now).elapsed()
    }
}
