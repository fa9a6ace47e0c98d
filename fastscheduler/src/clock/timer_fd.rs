//! A timer of the system that the runtime's driver waits for, as it does for a socket.
//!
//! When it goes off, the worker that sleeps in the driver wakes and polls whoever
//! waits. The [alarm](super::alarm) wakes three threads for the same: its own, a
//! worker, and another worker, which tokio wakes to look for more.

use std::os::fd::OwnedFd;
use std::panic::{AssertUnwindSafe, catch_unwind};

use chrono::{DateTime, Utc};
use futures_util::future::BoxFuture;
use rustix::time::{
    Itimerspec, TimerfdClockId, TimerfdFlags, TimerfdTimerFlags, Timespec, timerfd_create, timerfd_settime,
};
use tokio::io::Interest;
use tokio::io::unix::AsyncFd;
use tokio::runtime::Handle;

use super::{Clock as _, SystemClock, Timer};

/// A timer of this runtime.
#[derive(Debug)]
pub(super) struct TimerFd(AsyncFd<OwnedFd>);

impl TimerFd {
    /// `None` outside a runtime with a driver for I/O, or if the system refuses one.
    pub(super) fn new() -> Option<Self> {
        // Registering panics in a runtime without a driver for I/O, and that would end
        // the program.
        if cfg!(panic = "abort") {
            return None;
        }
        Handle::try_current().ok()?;
        let flags = TimerfdFlags::NONBLOCK | TimerfdFlags::CLOEXEC;
        let fd = timerfd_create(TimerfdClockId::Realtime, flags).ok()?;
        #[expect(deprecated, reason = "an `OwnedFd` has one descriptor for life; what replaces it is unsafe")]
        let register = || AsyncFd::with_interest(fd, Interest::READABLE);
        catch_unwind(AssertUnwindSafe(register)).ok()?.ok().map(Self)
    }

    /// Sets it to an instant of the wall clock. What it was set to before is over.
    fn set(&self, at: DateTime<Utc>) -> rustix::io::Result<()> {
        let it_value = Timespec { tv_sec: at.timestamp(), tv_nsec: at.timestamp_subsec_nanos().into() };
        let it_interval = Timespec { tv_sec: 0, tv_nsec: 0 };
        timerfd_settime(self.0.get_ref(), TimerfdTimerFlags::ABSTIME, &Itimerspec { it_interval, it_value })?;
        Ok(())
    }

    /// Waits until the timer may have gone off; `false` if the runtime has ended.
    async fn goes_off(&self) -> bool {
        match self.0.readable().await {
            // This may be left over from an earlier wait that was dropped.
            Ok(mut ready) => {
                ready.clear_ready();
                true
            }
            Err(_) => false,
        }
    }
}

impl Timer for TimerFd {
    fn wait_until(&mut self, at: DateTime<Utc>) -> BoxFuture<'_, ()> {
        Box::pin(async move {
            while SystemClock.now() < at {
                if self.set(at).is_err() || !self.goes_off().await {
                    return SystemClock.sleep_until(at).await;
                }
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use std::pin::pin;
    use std::task::{Context, Waker};

    use chrono::TimeDelta;
    use tokio::runtime::Builder;

    use super::*;

    fn after(milliseconds: i64) -> DateTime<Utc> {
        SystemClock.now() + TimeDelta::milliseconds(milliseconds)
    }

    fn is_pending(wait: impl Future<Output = ()>) -> bool {
        pin!(wait).poll(&mut Context::from_waker(Waker::noop())).is_pending()
    }

    #[tokio::test]
    async fn it_goes_off_at_its_instant_and_not_before() {
        let mut timer = TimerFd::new().unwrap();
        for milliseconds in [5, 1, 0, 3] {
            let at = after(milliseconds);
            timer.wait_until(at).await;
            assert!(SystemClock.now() >= at, "{milliseconds} ms");
        }
        timer.wait_until(DateTime::<Utc>::MIN_UTC).await;
    }

    #[tokio::test]
    async fn a_wait_that_was_dropped_leaves_nothing_to_the_next() {
        let mut timer = TimerFd::new().unwrap();
        for early in [3_600_000, 1, 0] {
            assert!(early == 0 || is_pending(timer.wait_until(after(early))), "{early} ms");
            // It has gone off by then, if it was to go off soon.
            SystemClock.sleep_until(after(3)).await;
            let at = after(5);
            timer.wait_until(at).await;
            assert!(SystemClock.now() >= at, "after {early} ms");
        }
    }

    #[test]
    fn without_a_driver_for_io_there_is_none() {
        assert!(TimerFd::new().is_none());
        let runtime = Builder::new_current_thread().enable_time().build().unwrap();
        assert!(runtime.block_on(async { TimerFd::new() }).is_none());
    }

    #[test]
    fn one_whose_runtime_has_ended_waits_all_the_same() {
        let runtime = Builder::new_current_thread().enable_io().build().unwrap();
        let mut timer = runtime.block_on(async { TimerFd::new() }).unwrap();
        drop(runtime);
        let at = after(5);
        Builder::new_current_thread().build().unwrap().block_on(timer.wait_until(at));
        assert!(SystemClock.now() >= at);
    }
}
