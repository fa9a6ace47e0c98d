//! A queue whose claims take a while to arrive, as those of a database do.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use chrono::{DateTime, Utc};
use fastscheduler::JobId;
use fastscheduler::queue::{Claim, Claimer, Depth, Entry, MemoryQueue, Queue, QueueError, Settlement};
use fastscheduler::testing::ManualClock;
use futures_util::future::BoxFuture;
use tokio::sync::Notify;

/// A queue in memory that makes claims at once, and answers when it is told to.
/// Clones are the same queue.
#[derive(Debug, Clone)]
pub struct SlowQueue(Arc<State>);

#[derive(Debug)]
struct State {
    inner: MemoryQueue,
    claimed: Notify,
    go_on: Notify,
    is_fast: AtomicBool,
    settled: AtomicUsize,
}

impl SlowQueue {
    #[must_use]
    pub fn new(clock: &ManualClock) -> Self {
        Self(Arc::new(State {
            inner: MemoryQueue::new(Arc::new(clock.clone())),
            claimed: Notify::new(),
            go_on: Notify::new(),
            is_fast: AtomicBool::new(false),
            settled: AtomicUsize::new(0),
        }))
    }

    /// Waits until claims are on their way.
    pub async fn claimed(&self) {
        self.0.claimed.notified().await;
    }

    /// Lets them arrive.
    pub fn go_on(&self) {
        self.0.go_on.notify_one();
    }

    /// Lets them and all others arrive.
    pub fn is_fast(&self) {
        self.0.is_fast.store(true, Ordering::SeqCst);
        self.go_on();
    }

    /// How many claims were settled.
    #[must_use]
    pub fn settled(&self) -> usize {
        self.0.settled.load(Ordering::SeqCst)
    }
}

impl Queue for SlowQueue {
    fn push<'a>(&'a self, entries: &'a [Entry]) -> BoxFuture<'a, Result<(), QueueError>> {
        self.0.inner.push(entries)
    }

    fn claim<'a>(&'a self, claimer: &'a Claimer) -> BoxFuture<'a, Result<Vec<Claim>, QueueError>> {
        Box::pin(async move {
            let claims = self.0.inner.claim(claimer).await?;
            if !claims.is_empty() && !self.0.is_fast.load(Ordering::SeqCst) {
                self.0.claimed.notify_one();
                self.0.go_on.notified().await;
            }
            Ok(claims)
        })
    }

    fn settle<'a>(&'a self, settlements: &'a [Settlement]) -> BoxFuture<'a, Result<(), QueueError>> {
        self.0.settled.fetch_add(settlements.len(), Ordering::SeqCst);
        self.0.inner.settle(settlements)
    }

    fn renew<'a>(
        &'a self,
        claims: &'a [Claim],
        lease: Option<Duration>,
    ) -> BoxFuture<'a, Result<Vec<Claim>, QueueError>> {
        self.0.inner.renew(claims, lease)
    }

    fn remove(&self, job: JobId, revision: u64) -> BoxFuture<'_, Result<(), QueueError>> {
        self.0.inner.remove(job, revision)
    }

    fn next_due(&self, after: DateTime<Utc>) -> BoxFuture<'_, Result<Option<DateTime<Utc>>, QueueError>> {
        self.0.inner.next_due(after)
    }

    fn now(&self) -> BoxFuture<'_, Result<DateTime<Utc>, QueueError>> {
        self.0.inner.now()
    }

    fn wake(&self) -> BoxFuture<'_, ()> {
        self.0.inner.wake()
    }

    fn depth(&self, now: DateTime<Utc>) -> BoxFuture<'_, Result<Option<Depth>, QueueError>> {
        self.0.inner.depth(now)
    }

    fn is_shared(&self) -> bool {
        self.0.inner.is_shared()
    }
}
