//! A clock that is set by hand.

use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, SubsecRound as _, Utc};
use futures_util::future::BoxFuture;
use tokio::sync::watch;

use crate::clock::{Clock, LOOK_AGAIN};

/// A clock that stands still until it is set. Clones are the same clock.
#[derive(Debug, Clone)]
pub struct ManualClock(Arc<watch::Sender<Times>>);

#[derive(Debug, Clone, Copy)]
struct Times {
    /// What the clock on the wall reads.
    wall: DateTime<Utc>,
    /// How much time has passed; a step of the wall clock does not count.
    elapsed: Duration,
}

impl ManualClock {
    /// A clock that reads `at`.
    #[must_use]
    pub fn new(at: DateTime<Utc>) -> Self {
        Self(Arc::new(watch::Sender::new(Times { wall: at.trunc_subsecs(6), elapsed: Duration::ZERO })))
    }

    /// Lets time pass; whoever waits for an instant up to then goes on.
    pub fn advance(&self, by: Duration) {
        self.0.send_modify(|times| {
            times.wall += by;
            times.elapsed += by;
        });
    }

    /// Lets time pass until the clock reads `at`, or steps back if that is over.
    pub fn set(&self, at: DateTime<Utc>) {
        self.0.send_modify(|times| {
            times.elapsed += (at - times.wall).to_std().unwrap_or(Duration::ZERO);
            times.wall = at;
        });
    }

    /// Steps the clock on the wall, as an administrator does: no time passes.
    pub fn step(&self, to: DateTime<Utc>) {
        self.0.send_modify(|times| times.wall = to);
    }
}

impl Clock for ManualClock {
    fn now(&self) -> DateTime<Utc> {
        self.0.borrow().wall
    }

    fn sleep_until(&self, at: DateTime<Utc>) -> BoxFuture<'static, ()> {
        wait(self.0.subscribe(), move |times| times.wall >= at)
    }

    fn sleep(&self, duration: Duration) -> BoxFuture<'static, ()> {
        let until = self.0.borrow().elapsed + duration;
        wait(self.0.subscribe(), move |times| times.elapsed >= until)
    }

    fn elapsed(&self) -> Duration {
        self.0.borrow().elapsed
    }

    fn may_be_set(&self) -> BoxFuture<'static, ()> {
        let known = *self.0.borrow();
        wait(self.0.subscribe(), move |times| {
            times.elapsed >= known.elapsed + LOOK_AGAIN || times.began_at() != known.began_at()
        })
    }
}

impl Times {
    /// What the wall clock would have read at the beginning. It changes only when
    /// the wall clock is set.
    fn began_at(self) -> DateTime<Utc> {
        self.wall - self.elapsed
    }
}

fn wait(
    mut times: watch::Receiver<Times>,
    is_over: impl Fn(&Times) -> bool + Send + 'static,
) -> BoxFuture<'static, ()> {
    Box::pin(async move {
        if times.wait_for(is_over).await.is_err() {
            // Nobody can set the clock any more: the time never comes.
            std::future::pending::<()>().await;
        }
    })
}
