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
                && elapsed.saturating_sub(found.elapsed) < SECOND
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
