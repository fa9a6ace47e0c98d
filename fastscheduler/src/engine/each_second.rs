//! An answer for everybody, found at most once a second and only while somebody asks.

use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use tokio::sync::Mutex;

use crate::clock::Clock;

const SECOND: Duration = Duration::from_secs(1);

/// The newest answer.
#[derive(Debug)]
pub(crate) struct EachSecond<T>(Mutex<Option<Found<T>>>);

#[derive(Debug)]
struct Found<T> {
    answer: Arc<T>,
    at: DateTime<Utc>,
    elapsed: Duration,
}

impl<T> Default for EachSecond<T> {
    fn default() -> Self {
        Self(Mutex::new(None))
    }
}

impl<T> EachSecond<T> {
    /// The answer, which is younger than a second by the clock. `find` gets the one
    /// before. Who asks meanwhile waits for it.
    ///
    /// A clock without slack, as a manual one, may stand still while things happen: by
    /// such a clock each answer is found anew.
    pub(crate) async fn get<E>(
        &self,
        clock: &dyn Clock,
        find: impl AsyncFnOnce(Option<&T>) -> Result<T, E>,
    ) -> Result<Arc<T>, E> {
        let mut found = self.0.lock().await;
        let (at, elapsed) = (clock.now(), clock.elapsed());
        // Not all clocks tell how much time has passed.
        let is_fresh = |found: &&Found<T>| {
            !clock.slack().is_zero()
                && elapsed.abs_diff(found.elapsed) < SECOND
                && (at - found.at).abs() < TimeDelta::seconds(1)
        };
        if let Some(fresh) = found.as_ref().filter(is_fresh) {
            return Ok(Arc::clone(&fresh.answer));
        }
        let answer = Arc::new(find(found.as_ref().map(|before| &*before.answer)).await?);
        *found = Some(Found { answer: Arc::clone(&answer), at, elapsed });
        Ok(answer)
    }
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;

    use futures_util::FutureExt as _;
    use futures_util::future::BoxFuture;

    use super::*;

    /// A clock that reads seconds, with a slack.
    #[derive(Debug)]
    struct Reads(f64, Duration);

    impl Clock for Reads {
        fn now(&self) -> DateTime<Utc> {
            DateTime::UNIX_EPOCH + TimeDelta::from_std(self.elapsed()).unwrap()
        }

        fn sleep_until(&self, _at: DateTime<Utc>) -> BoxFuture<'static, ()> {
            Box::pin(std::future::pending())
        }

        fn sleep(&self, _duration: Duration) -> BoxFuture<'static, ()> {
            Box::pin(std::future::pending())
        }

        fn elapsed(&self) -> Duration {
            Duration::from_secs_f64(self.0)
        }

        fn slack(&self) -> Duration {
            self.1
        }
    }

    fn ask(found: &EachSecond<u32>, clock: &Reads) -> u32 {
        let next = async |before: Option<&u32>| Ok::<_, Infallible>(before.map_or(1, |before| before + 1));
        *found.get(clock, next).now_or_never().unwrap().unwrap()
    }

    #[test]
    fn an_answer_is_for_everybody_who_asks_within_a_second() {
        let found = EachSecond::default();
        for (at, expected) in [(5.0, 1), (5.0, 1), (5.999, 1), (6.0, 2), (6.5, 2), (60.0, 3), (2.0, 4)] {
            assert_eq!(ask(&found, &Reads(at, Duration::from_millis(1))), expected, "at {at}");
        }
    }

    #[test]
    fn by_a_clock_that_may_stand_still_each_answer_is_found_anew() {
        let found = EachSecond::default();
        for expected in 1..4 {
            assert_eq!(ask(&found, &Reads(5.0, Duration::ZERO)), expected);
        }
    }
}
