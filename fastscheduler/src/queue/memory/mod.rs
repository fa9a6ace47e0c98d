//! The queue of one process: the reference that others are compared with.
//!
//! Each job's entries and claims are in its [`JobState`](job::JobState); the
//! [`Line`](line::Line) of each lane says in which order they come due.

mod claim;
mod job;
mod jobs;
mod line;
mod node;
mod state;
#[cfg(test)]
mod tests;
mod wheel;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use chrono::{DateTime, Utc};
use futures_util::future::BoxFuture;
use tokio::sync::Notify;

use self::state::State;
use super::{Claim, Claimer, Depth, Entry, Queue, QueueError, Settlement};
use crate::clock::{Clock, SystemClock};
use crate::job::JobId;

/// A queue in memory, for one process.
///
/// Its claims need no lease: they end with the process. It tells instants apart
/// to the microsecond.
///
/// Of a job that has neither an entry nor a claim it keeps what it must refuse
/// until [`remove`](Queue::remove) says that the job is gone. What came to its
/// end without such word, as a fire that runs once and was settled without a
/// successor, it forgets after a minute: until then it refuses a push of that
/// fire by somebody who read the storage before.
#[derive(Debug)]
pub struct MemoryQueue {
    clock: Arc<dyn Clock>,
    state: Mutex<State>,
    changed: Notify,
}

impl MemoryQueue {
    /// An empty queue on a clock of its own.
    #[must_use]
    pub fn new(clock: Arc<dyn Clock>) -> Self {
        Self { clock, state: Mutex::default(), changed: Notify::new() }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // No operation leaves the state half-changed when it panics.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Changes the state, and wakes a claimer if it must hear of that.
    fn change<T>(&self, change: impl FnOnce(&mut State) -> T) -> T {
        let mut state = self.state();
        let result = change(&mut state);
        let is_news = state.take_news();
        drop(state);
        if is_news {
            self.changed.notify_one();
        }
        result
    }
}

impl Default for MemoryQueue {
    fn default() -> Self {
        Self::new(Arc::new(SystemClock))
    }
}

impl Queue for MemoryQueue {
    fn push<'a>(&'a self, entries: &'a [Entry]) -> BoxFuture<'a, Result<(), QueueError>> {
        Box::pin(async move {
            self.change(|state| entries.iter().for_each(|entry| state.push(entry)));
            Ok(())
        })
    }

    fn claim<'a>(&'a self, claimer: &'a Claimer) -> BoxFuture<'a, Result<Vec<Claim>, QueueError>> {
        Box::pin(async move {
            let now = self.clock.now().timestamp_micros();
            Ok(self.change(|state| state.claim(claimer, now)))
        })
    }

    fn settle<'a>(&'a self, settlements: &'a [Settlement]) -> BoxFuture<'a, Result<(), QueueError>> {
        Box::pin(async move {
            let now = self.clock.now().timestamp_micros();
            self.change(|state| settlements.iter().for_each(|settlement| state.settle(settlement, now)));
            Ok(())
        })
    }

    fn renew<'a>(
        &'a self,
        claims: &'a [Claim],
        lease: Option<Duration>,
    ) -> BoxFuture<'a, Result<Vec<Claim>, QueueError>> {
        Box::pin(async move {
            let now = self.clock.now().timestamp_micros();
            let lost = |state: &mut State| {
                claims.iter().filter(|claim| !state.renew(claim, lease, now)).cloned().collect()
            };
            Ok(self.change(lost))
        })
    }

    fn remove(&self, job: JobId, revision: u64) -> BoxFuture<'_, Result<(), QueueError>> {
        Box::pin(async move {
            self.change(|state| state.remove(job, revision));
            Ok(())
        })
    }

    fn next_due(&self, after: DateTime<Utc>) -> BoxFuture<'_, Result<Option<DateTime<Utc>>, QueueError>> {
        Box::pin(async move {
            let next = self.change(|state| state.next_due(after.timestamp_micros()));
            Ok(next.and_then(DateTime::from_timestamp_micros))
        })
    }

    fn wake(&self) -> BoxFuture<'_, ()> {
        Box::pin(self.changed.notified())
    }

    fn now(&self) -> BoxFuture<'_, Result<DateTime<Utc>, QueueError>> {
        Box::pin(async move { Ok(self.clock.now()) })
    }

    fn depth(&self, now: DateTime<Utc>) -> BoxFuture<'_, Result<Option<Depth>, QueueError>> {
        Box::pin(async move { Ok(Some(self.state().depth(now.timestamp_micros()))) })
    }

    fn is_shared(&self) -> bool {
        false
    }
}
