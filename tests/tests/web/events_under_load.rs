//! `GET /events?stream=changes` while much happens, though not too much to be told.

use std::time::Duration;

use fastscheduler::prelude::*;
use fastscheduler::testing::ManualClock;
use fastscheduler_tests::site::{EventStream, PATIENCE, Sent, Site};
use fastscheduler_tests::{advance, started};
use tokio::task::JoinHandle;
use tokio::time::{MissedTickBehavior, interval, timeout};

const CHANGES: &str = "/scheduler/events?stream=changes";

/// How many runs begin together.
const AT_ONCE: u64 = 200;

/// Between them. A second has more than a snapshot stands for, and a tenth of
/// it, which is a batch, less. It is real time, since that of batches is.
const BETWEEN: Duration = Duration::from_millis(50);

/// A scheduler with three dead letters, that is about to be busy.
async fn with_dead_letters() -> (Scheduler, ManualClock) {
    let (scheduler, clock) = started().await;
    let id = scheduler.add(every(1).seconds().retries(0).call("fails")).await.unwrap();
    advance(&scheduler, &clock, 3).await;
    scheduler.cancel_job(&id).await.unwrap();
    for _ in 0..AT_ONCE {
        scheduler.add(every(1).seconds().call("quick")).await.unwrap();
    }
    (scheduler, clock)
}

/// Runs jobs until it is aborted.
fn load(scheduler: &Scheduler, clock: &ManualClock) -> JoinHandle<()> {
    let (scheduler, clock) = (scheduler.clone(), clock.clone());
    tokio::spawn(async move {
        let mut ticks = interval(BETWEEN);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            ticks.tick().await;
            advance(&scheduler, &clock, 1).await;
        }
    })
}

/// The next event of that name, which others than that may precede for a while.
async fn comes(events: &mut EventStream, name: &str, is_it: impl Fn(&Sent) -> bool) -> Sent {
    let found = events.find(|event| event.name == name && is_it(event));
    timeout(PATIENCE, found).await.unwrap_or_else(|_| panic!("no such `{name}` came"))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn after_a_snapshot_in_between_changes_are_told_again_under_load() {
    let (scheduler, clock) = with_dead_letters().await;
    let site = Site::of(&scheduler).await;
    let mut events = site.listen(CHANGES, &[]).await;
    comes(&mut events, "snapshot", |event| event.json()["dead_letter_count"] == 3).await;
    let load = load(&scheduler, &clock);
    comes(&mut events, "run", |_| true).await;
    assert_eq!(site.ask("DELETE", "/scheduler/api/dead-letters", &[], "").await.json()["cleared"], 3);
    comes(&mut events, "snapshot", |event| event.json()["dead_letter_count"] == 0).await;
    comes(&mut events, "run", |_| true).await;
    assert!(!load.is_finished());
    load.abort();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_client_that_comes_back_after_too_much_gets_a_snapshot_and_then_changes_under_load() {
    let (scheduler, clock) = with_dead_letters().await;
    let site = Site::of(&scheduler).await;
    let mut events = site.listen(CHANGES, &[]).await;
    comes(&mut events, "snapshot", |_| true).await;
    advance(&scheduler, &clock, 1).await;
    let seen = comes(&mut events, "run", |_| true).await.id.unwrap();
    drop(events);
    // Far more than is told one by one.
    advance(&scheduler, &clock, 30).await;
    let load = load(&scheduler, &clock);
    let mut again = site.listen(CHANGES, &[("last-event-id", &seen)]).await;
    comes(&mut again, "snapshot", |_| true).await;
    comes(&mut again, "run", |_| true).await;
    assert!(!load.is_finished());
    load.abort();
}
