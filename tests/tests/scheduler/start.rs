//! Starts that wait, and stops that end them.

use std::time::Duration;

use fastscheduler::{Clock as _, SchedulerError, SystemClock};
use fastscheduler_tests::faulty::{Action, Faulty};
use fastscheduler_tests::on_manual_clock;

/// How long to wait for a stop to return.
const PATIENCE: Duration = Duration::from_secs(20);

#[tokio::test]
async fn a_stop_ends_the_starts_that_wait() {
    let store = Faulty::default();
    let scheduler = on_manual_clock().0.storage(store.clone()).build().await.unwrap();
    // The first waits for the store, the second for the first.
    let _held = store.holds(Action::Other);
    let starting: Vec<_> = (0..2)
        .map(|_| {
            let scheduler = scheduler.clone();
            tokio::spawn(async move { scheduler.start().await })
        })
        .collect();
    while !store.has_held() {
        tokio::task::yield_now().await;
    }
    tokio::select! {
        biased;
        stopped = scheduler.stop() => stopped.unwrap(),
        () = SystemClock.sleep_until(SystemClock.now() + PATIENCE) => panic!("the stop waits for the starts"),
    }
    for start in starting {
        let refused = start.await.unwrap().unwrap_err();
        assert!(matches!(refused, SchedulerError::Phase(_)), "{refused}");
        assert!(refused.to_string().contains("was stopped"), "{refused}");
    }
    assert!(!scheduler.is_running());
    scheduler.start().await.unwrap_err();
}
