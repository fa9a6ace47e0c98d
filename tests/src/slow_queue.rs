//! A queue whose claims take a while to arrive, as those of a database do.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use fastscheduler::queue::{Claim, Claimer, MemoryQueue, Queue, QueueError, Settlement};
use fastscheduler::testing::ManualClock;
use futures_util::future::BoxFuture;
use tokio::sync::Notify;

use crate::passed_on;

/// A queue in memory that makes claims at once, and answers when it is told to.
/// Clones are the same queue.
#[derive(Debug, Clone)]
pub struct SlowQueue {
    inner: Arc<MemoryQueue>,
    state: Arc<State>,
}

#[derive(Debug, Default)]
struct State {
    claimed: Notify,
    go_on: Notify,
    is_fast: AtomicBool,
    settled: AtomicUsize,
}

impl SlowQueue {
    #[must_use]
    pub fn new(clock: &ManualClock) -> Self {
        let inner = Arc::new(MemoryQueue::new(Arc::new(clock.clone())));
        Self { inner, state: Arc::default() }
    }

    /// Waits until claims are on their way.
    pub async fn claimed(&self) {
        self.state.claimed.notified().await;
    }

    /// Lets them arrive.
    pub fn go_on(&self) {
        self.state.go_on.notify_one();
    }

    /// Lets them and all others arrive.
    pub fn is_fast(&self) {
        self.state.is_fast.store(true, Ordering::SeqCst);
        self.go_on();
    }

    /// How many claims were settled.
    #[must_use]
    pub fn settled(&self) -> usize {
        self.state.settled.load(Ordering::SeqCst)
    }
}

impl Queue for SlowQueue {
    passed_on! {
        inner: push renew remove next_due now wake depth is_shared
    }

    fn claim<'a>(&'a self, claimer: &'a Claimer) -> BoxFuture<'a, Result<Vec<Claim>, QueueError>> {
        Box::pin(async move {
            let claims = self.inner.claim(claimer).await?;
            if !claims.is_empty() && !self.state.is_fast.load(Ordering::SeqCst) {
                self.state.claimed.notify_one();
                self.state.go_on.notified().await;
            }
            Ok(claims)
        })
    }

    fn settle<'a>(&'a self, settlements: &'a [Settlement]) -> BoxFuture<'a, Result<(), QueueError>> {
        self.state.settled.fetch_add(settlements.len(), Ordering::SeqCst);
        self.inner.settle(settlements)
    }
}
