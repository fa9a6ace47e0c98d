//! A queue that fails for good: a stop still ends.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use fastscheduler::prelude::*;
use fastscheduler::queue::{MemoryQueue, Queue, QueueError, Settlement};
use fastscheduler_tests::{on_manual_clock, passed_on};
use futures_util::future::BoxFuture;

/// A queue whose settlements fail when it is told to.
#[derive(Debug)]
struct Failing(MemoryQueue, Arc<AtomicBool>);

impl Queue for Failing {
    passed_on! {
        0: push claim renew remove next_due wake now
    }

    fn settle<'a>(&'a self, settlements: &'a [Settlement]) -> BoxFuture<'a, Result<(), QueueError>> {
        if self.1.load(Ordering::SeqCst) {
            return Box::pin(async { Err(QueueError::new("settle", "the network is down")) });
        }
        self.0.settle(settlements)
    }

    fn is_shared(&self) -> bool {
        false
    }
}

#[tokio::test]
async fn a_scheduler_whose_queue_is_gone_stops_all_the_same() {
    let (builder, clock) = on_manual_clock();
    let is_down = Arc::new(AtomicBool::new(false));
    let queue = Failing(MemoryQueue::new(Arc::new(clock.clone())), Arc::clone(&is_down));
    let scheduler = builder.queue(queue).build().await.unwrap();
    scheduler.start().await.unwrap();
    // What is missed is skipped, and its claim settled by who claims.
    scheduler.add(every(1).minutes().no_catch_up().run("job", || async {})).await.unwrap();
    is_down.store(true, Ordering::SeqCst);
    clock.advance(Duration::from_secs(600));
    for _ in 0..100 {
        tokio::task::yield_now().await;
    }
    let seconds = async {
        for _ in 0..20 {
            for _ in 0..50 {
                tokio::task::yield_now().await;
            }
            clock.advance(Duration::from_secs(1));
        }
    };
    tokio::select! {
        stopped = scheduler.stop_within(Duration::ZERO) => stopped.unwrap(),
        () = seconds => panic!("it does not stop"),
    }
}
