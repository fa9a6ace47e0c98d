//! Calls whose callers go away before the answer: what they told the store holds.

use std::time::Duration;

use fastscheduler::prelude::*;
use fastscheduler::testing::{self, ManualClock};
use fastscheduler::{JobId, SchedulerError};
use fastscheduler_tests::faulty::{Action, Faulty};
use fastscheduler_tests::{on_manual_clock, runs};
use futures_util::FutureExt as _;

const MINUTE: Duration = Duration::from_secs(60);

/// A scheduler with a job for each minute.
async fn started() -> (Scheduler, ManualClock, Faulty, JobId) {
    let (scheduler, clock, store) = built().await;
    scheduler.start().await.unwrap();
    let id = scheduler.add(every(1).minutes().run("job", || async {})).await.unwrap();
    (scheduler, clock, store, id)
}

async fn built() -> (Scheduler, ManualClock, Faulty) {
    let store = Faulty::default();
    let (builder, clock) = on_manual_clock();
    (builder.storage(store.clone()).build().await.unwrap(), clock, store)
}

/// Makes a call that the store does and does not answer, goes away, and has it
/// answered.
async fn give_up<T>(store: &Faulty, action: Action, call: impl Future<Output = T>) {
    let answer = store.holds(action);
    assert!(Box::pin(call).now_or_never().is_none(), "the store does not answer");
    answer.notify_one();
    for _ in 0..20 {
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn a_job_whose_caller_went_away_while_it_was_added_runs() {
    let (scheduler, clock, store) = built().await;
    scheduler.start().await.unwrap();
    give_up(&store, Action::Add, scheduler.add(every(1).minutes().run("job", || async {}))).await;
    testing::advance(&scheduler, &clock, MINUTE).await.unwrap();
    assert_eq!(runs(&scheduler).await.len(), 1);
}

#[tokio::test]
async fn a_job_whose_caller_went_away_before_the_start_runs() {
    let (scheduler, clock, store) = built().await;
    give_up(&store, Action::Add, scheduler.add(every(1).minutes().run("job", || async {}))).await;
    scheduler.start().await.unwrap();
    testing::advance(&scheduler, &clock, MINUTE).await.unwrap();
    assert_eq!(runs(&scheduler).await.len(), 1);
}

#[tokio::test]
async fn a_pause_whose_caller_went_away_holds() {
    let (scheduler, clock, store, id) = started().await;
    give_up(&store, Action::Revise, scheduler.pause_job(id)).await;
    scheduler.pause_job(id).await.unwrap();
    testing::advance(&scheduler, &clock, MINUTE).await.unwrap();
    assert_eq!(runs(&scheduler).await.len(), 0);
}

#[tokio::test]
async fn a_cancellation_whose_caller_went_away_holds() {
    let (scheduler, clock, store, id) = started().await;
    give_up(&store, Action::Remove, scheduler.cancel_job(id)).await;
    let known = runs(&scheduler).await.len();
    testing::advance(&scheduler, &clock, MINUTE).await.unwrap();
    assert_eq!(runs(&scheduler).await.len(), known);
    let unknown = scheduler.run_job_now(id).await.unwrap_err();
    assert!(matches!(unknown, SchedulerError::UnknownJob(_)), "{unknown}");
}

#[tokio::test]
async fn a_run_whose_caller_went_away_runs_and_keeps_no_other_from_running() {
    let (scheduler, _clock, store, id) = started().await;
    give_up(&store, Action::Open, scheduler.run_job_now(id)).await;
    testing::quiet(&scheduler).await.unwrap();
    assert_eq!(runs(&scheduler).await.len(), 1);
    scheduler.run_job_now(id).await.unwrap();
    testing::quiet(&scheduler).await.unwrap();
    assert_eq!(runs(&scheduler).await.len(), 2);
}

#[tokio::test]
async fn a_start_whose_caller_went_away_can_be_made_again() {
    let (scheduler, clock, store) = built().await;
    scheduler.add(every(1).minutes().run("job", || async {})).await.unwrap();
    give_up(&store, Action::Other, scheduler.start()).await;
    assert!(!scheduler.is_running());
    scheduler.start().await.unwrap();
    testing::advance(&scheduler, &clock, MINUTE).await.unwrap();
    assert_eq!(runs(&scheduler).await.len(), 1);
    scheduler.stop().await.unwrap();
}

#[tokio::test]
async fn a_stop_during_the_start_stops() {
    let (scheduler, _clock, store) = built().await;
    let answer = store.holds(Action::Other);
    let (started, stopped, ()) = tokio::join!(scheduler.start(), scheduler.stop(), async {
        tokio::task::yield_now().await;
        answer.notify_one();
    });
    started.unwrap();
    stopped.unwrap();
    assert!(!scheduler.is_running());
}
