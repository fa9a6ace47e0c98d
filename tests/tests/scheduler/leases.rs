//! Claims in a queue that other instances share: they end unless they are renewed.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use fastscheduler::RunStatus;
use fastscheduler::prelude::*;
use fastscheduler::queue::{Claim, MemoryQueue, Queue, QueueError};
use fastscheduler::storage::MemoryStorage;
use fastscheduler::testing::{self, ManualClock};
use fastscheduler_tests::{monday, passed_on, runs};
use futures_util::future::BoxFuture;
use tokio::sync::Notify;

/// A queue that says that it is shared, and may be out of reach for renewals.
#[derive(Debug)]
struct SharedQueue {
    inner: MemoryQueue,
    is_out_of_reach: Arc<AtomicBool>,
    is_silent: Arc<AtomicBool>,
}

impl Queue for SharedQueue {
    passed_on! {
        inner: push claim settle remove next_due wake now
    }

    fn renew<'a>(
        &'a self,
        claims: &'a [Claim],
        lease: Option<Duration>,
    ) -> BoxFuture<'a, Result<Vec<Claim>, QueueError>> {
        if self.is_silent.load(Ordering::SeqCst) {
            return Box::pin(std::future::pending());
        }
        if self.is_out_of_reach.load(Ordering::SeqCst) {
            return Box::pin(async { Err(QueueError::new("renew claims", "the network is down")) });
        }
        self.inner.renew(claims, lease)
    }
}

struct World {
    scheduler: Scheduler,
    clock: ManualClock,
    is_out_of_reach: Arc<AtomicBool>,
    is_silent: Arc<AtomicBool>,
    begun: Arc<AtomicUsize>,
    go_on: Arc<Notify>,
}

/// A job that began at the first second and waits to go on.
async fn with_a_running_job() -> World {
    let clock = ManualClock::new(monday());
    let is_out_of_reach = Arc::new(AtomicBool::new(false));
    let inner = MemoryQueue::new(Arc::new(clock.clone()));
    let is_silent = Arc::new(AtomicBool::new(false));
    let queue = SharedQueue {
        inner,
        is_out_of_reach: Arc::clone(&is_out_of_reach),
        is_silent: Arc::clone(&is_silent),
    };
    let scheduler = Scheduler::builder()
        .storage(MemoryStorage::default())
        .clock(clock.clone())
        .queue(queue)
        .build()
        .await
        .unwrap();
    let (begun, go_on) = (Arc::new(AtomicUsize::new(0)), Arc::new(Notify::new()));
    let job = {
        let (begun, go_on) = (Arc::clone(&begun), Arc::clone(&go_on));
        move || {
            begun.fetch_add(1, Ordering::SeqCst);
            let go_on = Arc::clone(&go_on);
            async move { go_on.notified().await }
        }
    };
    scheduler.add(once(1).run("long", job)).await.unwrap();
    scheduler.start().await.unwrap();
    let world = World { scheduler, clock, is_out_of_reach, is_silent, begun, go_on };
    world.pass(1).await;
    assert_eq!(world.begun.load(Ordering::SeqCst), 1);
    world
}

impl World {
    /// Lets seconds pass, and after each whatever wants to run do so.
    async fn pass(&self, seconds: u32) {
        for _ in 0..seconds {
            self.clock.advance(Duration::from_secs(1));
            for _ in 0..20 {
                tokio::task::yield_now().await;
            }
        }
    }
}

#[tokio::test]
async fn an_instance_renews_its_claims_for_as_long_as_their_attempts_run() {
    let world = with_a_running_job().await;
    world.pass(600).await;
    assert_eq!(world.begun.load(Ordering::SeqCst), 1);
    world.go_on.notify_one();
    testing::quiet(&world.scheduler).await.unwrap();
    let statuses: Vec<_> = runs(&world.scheduler).await.iter().map(|run| run.status).collect();
    assert_eq!(statuses, [RunStatus::Completed]);
}

#[tokio::test]
async fn a_claim_whose_renewal_failed_is_cancelled_locally_before_its_lease_ends() {
    let world = with_a_running_job().await;
    world.is_out_of_reach.store(true, Ordering::SeqCst);
    world.pass(29).await;
    let job = world.scheduler.jobs().await.unwrap().remove(0);
    assert_ne!(job.status().to_string(), "running");
    assert!(runs(&world.scheduler).await.is_empty(), "who takes it over has the last word");
}

#[tokio::test]
async fn a_claim_whose_renewal_is_not_answered_is_cancelled_before_its_lease_ends() {
    let world = with_a_running_job().await;
    world.is_silent.store(true, Ordering::SeqCst);
    world.pass(29).await;
    let job = world.scheduler.jobs().await.unwrap().remove(0);
    assert_ne!(job.status().to_string(), "running");
}

#[tokio::test]
async fn a_claim_that_ran_out_is_taken_over_as_the_next_attempt() {
    let world = with_a_running_job().await;
    world.is_out_of_reach.store(true, Ordering::SeqCst);
    world.pass(31).await;
    assert_eq!(world.begun.load(Ordering::SeqCst), 2);
    world.is_out_of_reach.store(false, Ordering::SeqCst);
    world.go_on.notify_one();
    testing::quiet(&world.scheduler).await.unwrap();
    let runs = runs(&world.scheduler).await;
    let attempts: Vec<_> = runs.iter().map(|run| (run.run_id.attempt, run.status)).collect();
    assert_eq!(attempts, [(1, RunStatus::Failed), (2, RunStatus::Completed)]);
    assert_eq!(runs[0].error.as_deref(), Some("its process ended before it did"));
    assert!(world.scheduler.jobs().await.unwrap().is_empty());
}
