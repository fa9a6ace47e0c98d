//! Cancelling jobs.

use std::time::Duration;

use fastscheduler::prelude::*;
use fastscheduler::storage::{MemoryStorage, Storage as _};
use fastscheduler::testing::{self, ManualClock};
use fastscheduler::{JobContext, JobStatus, RunStatus, SkipReason};
use fastscheduler_tests::fires::second;
use fastscheduler_tests::held::Held;
use fastscheduler_tests::{advance, on_manual_clock, outline, runs};
use tokio::sync::mpsc;

async fn started() -> (Scheduler, ManualClock, MemoryStorage) {
    let (builder, clock) = on_manual_clock();
    let storage = MemoryStorage::default();
    let (begun, _begins) = mpsc::unbounded_channel();
    let scheduler = builder.storage(storage.clone()).state(Begun(begun)).build().await.unwrap();
    scheduler.start().await.unwrap();
    (scheduler, clock, storage)
}

#[job]
async fn quick() {}

#[tokio::test]
async fn cancel_removes_the_job_and_keeps_its_history() {
    let (scheduler, clock, _) = started().await;
    let id = scheduler.add(every(10).seconds().call("quick")).await.unwrap();
    advance(&scheduler, &clock, 12).await;
    scheduler.cancel_job(&id).await.unwrap();
    assert_eq!(scheduler.job(&id).await.unwrap(), None);
    advance(&scheduler, &clock, 60).await;
    assert_eq!(outline(&scheduler).await[0], (RunStatus::Completed, 10));
    assert!(scheduler.cancel_job(&id).await.is_err());
}

#[tokio::test]
async fn cancel_leaves_a_record_that_names_the_fire_that_will_not_come() {
    let (scheduler, clock, _) = started().await;
    let id = scheduler.add(every(10).seconds().call("quick")).await.unwrap();
    advance(&scheduler, &clock, 12).await;
    scheduler.cancel_job(&id).await.unwrap();
    let all = runs(&scheduler).await;
    assert_eq!(all.len(), 2);
    let skipped = all[1].skipped.clone().unwrap();
    assert_eq!((skipped.reason, skipped.count), (SkipReason::Cancelled, 1));
    assert_eq!((skipped.first, skipped.last), (second(20), second(20)));
    assert_eq!(skipped.closed.unwrap().until, second(12));
}

#[tokio::test]
async fn cancel_of_a_paused_job_accounts_for_the_fires_while_it_was_paused() {
    let (scheduler, clock, _) = started().await;
    let id = scheduler.add(every(10).seconds().call("quick")).await.unwrap();
    scheduler.pause_job(&id).await.unwrap();
    advance(&scheduler, &clock, 35).await;
    scheduler.cancel_job(&id).await.unwrap();
    let skipped = runs(&scheduler).await[0].skipped.clone().unwrap();
    assert_eq!((skipped.first, skipped.last, skipped.count), (second(10), second(30), 3));
}

#[tokio::test]
async fn cancel_cancels_the_running_attempt_which_is_recorded_and_no_dead_letter() {
    let (scheduler, clock, storage) = started().await;
    let (mut held, job) = Held::new();
    let id = scheduler.add(every(10).seconds().retries(5).run("held", job)).await.unwrap();
    clock.advance(Duration::from_secs(10));
    let context = held.begins().await;
    scheduler.cancel_job(&id).await.unwrap();
    assert!(context.is_cancelled());
    advance(&scheduler, &clock, 60).await;
    let all = runs(&scheduler).await;
    let ended: Vec<_> = all.iter().filter(|run| run.skipped.is_none()).collect();
    assert_eq!(ended.len(), 1);
    assert_eq!(
        (ended[0].status, ended[0].error.as_deref()),
        (RunStatus::Failed, Some("cancelled: the job was cancelled"))
    );
    assert!(scheduler.dead_letters(10).await.unwrap().is_empty());
    assert!(!held.has_begun());
    let stored = storage.load().await.unwrap();
    assert!(stored.jobs.is_empty() && stored.open.is_empty() && stored.tombstones.is_empty(), "{stored:?}");
}

#[derive(Clone)]
struct Begun(mpsc::UnboundedSender<JobContext>);

#[job]
fn asks_now_and_then(begun: State<Begun>, context: JobContext) -> &'static str {
    begun.0.0.send(context.clone()).unwrap();
    while !context.is_cancelled() {
        std::thread::yield_now();
    }
    "let go"
}

#[tokio::test]
async fn cancel_tells_a_blocking_function_through_its_context() {
    let (builder, clock) = on_manual_clock();
    let (begun, mut begins) = mpsc::unbounded_channel();
    let scheduler = builder.state(Begun(begun)).build().await.unwrap();
    scheduler.start().await.unwrap();
    let id = scheduler.add(once(1).call("asks_now_and_then")).await.unwrap();
    clock.advance(Duration::from_secs(1));
    let context = begins.recv().await.unwrap();
    scheduler.cancel_job(&id).await.unwrap();
    assert!(context.is_cancelled());
    testing::quiet(&scheduler).await.unwrap();
    assert_eq!(outline(&scheduler).await, [(RunStatus::Failed, 1)]);
}

#[tokio::test]
async fn cancel_drops_a_waiting_retry_and_records_that() {
    let (scheduler, clock, storage) = started().await;
    let (mut held, job) = Held::new();
    let id = scheduler.add(once(10).run("held", job)).await.unwrap();
    clock.advance(Duration::from_secs(10));
    held.begins().await;
    held.fail("first");
    testing::quiet(&scheduler).await.unwrap();
    scheduler.cancel_job(&id).await.unwrap();
    advance(&scheduler, &clock, 60).await;
    assert_eq!(outline(&scheduler).await, [(RunStatus::Failed, 10), (RunStatus::Failed, 10)]);
    assert!(!held.has_begun());
    assert!(storage.load().await.unwrap().open.is_empty());
}

#[tokio::test]
async fn cancel_by_name_means_the_name_of_a_job_or_the_name_or_full_name_of_its_function() {
    let (scheduler, _clock, _) = started().await;
    for name in ["one", "two", "quick"] {
        scheduler.add(every(1).hours().name(name).call("quick")).await.unwrap();
    }
    scheduler.add(every(1).hours().run("other", || async {})).await.unwrap();
    assert_eq!(scheduler.cancel_job_by_name("nobody").await.unwrap(), 0);
    assert_eq!(scheduler.cancel_job_by_name("one").await.unwrap(), 1);
    assert_eq!(scheduler.cancel_job_by_name("quick").await.unwrap(), 2);
    assert_eq!(scheduler.cancel_job_by_name("other").await.unwrap(), 1);
    scheduler.add(every(1).hours().name("three").call("quick")).await.unwrap();
    assert_eq!(scheduler.cancel_job_by_name("cancel::quick").await.unwrap(), 1);
    assert!(scheduler.jobs().await.unwrap().is_empty());
}

#[tokio::test]
async fn of_two_that_cancel_a_job_at_once_one_is_told_that_it_is_gone() {
    let (scheduler, _clock, _) = started().await;
    let id = scheduler.add(every(1).hours().call("quick")).await.unwrap();
    let (one, other) = tokio::join!(scheduler.cancel_job(&id), scheduler.cancel_job(&id));
    assert_eq!(usize::from(one.is_ok()) + usize::from(other.is_ok()), 1);
    assert_eq!(runs(&scheduler).await.len(), 1);
}

#[tokio::test]
async fn a_run_that_was_asked_for_and_waits_for_a_slot_leaves_a_record_when_its_job_is_cancelled() {
    let (builder, clock) = on_manual_clock();
    let (begun, _begins) = mpsc::unbounded_channel();
    let scheduler = builder.max_concurrency(1).state(Begun(begun)).build().await.unwrap();
    scheduler.start().await.unwrap();
    scheduler.add(once(1).run("endless", std::future::pending::<()>)).await.unwrap();
    let id = scheduler.add(every(1).hours().run("waits", || async {})).await.unwrap();
    clock.advance(Duration::from_secs(1));
    while !scheduler.jobs().await.unwrap().iter().any(|job| job.status() == JobStatus::Running) {
        tokio::task::yield_now().await;
    }
    let run = scheduler.run_job_now(id).await.unwrap();
    scheduler.cancel_job(id).await.unwrap();
    let all = runs(&scheduler).await;
    let record = all.iter().find(|record| record.run_id == run).expect("a record of the run");
    assert_eq!(record.error.as_deref(), Some("cancelled: the job was cancelled"));
    assert_eq!((record.status, record.started_at), (RunStatus::Failed, None));
    scheduler.stop_within(Duration::ZERO).await.unwrap();
}
