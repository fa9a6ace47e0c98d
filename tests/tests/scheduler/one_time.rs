//! Jobs that run one time.

use std::time::Duration;

use fastscheduler::prelude::*;
use fastscheduler::storage::{MemoryStorage, Storage as _};
use fastscheduler::testing::{self, ManualClock};
use fastscheduler::{JobStatus, Run, RunStatus, SchedulerError};
use fastscheduler_tests::fires::second;
use fastscheduler_tests::held::Held;
use fastscheduler_tests::{instant, on_manual_clock, outline, runs};

async fn started() -> (Scheduler, ManualClock, MemoryStorage) {
    let (builder, clock) = on_manual_clock();
    let storage = MemoryStorage::default();
    let scheduler = builder.storage(storage.clone()).build().await.unwrap();
    scheduler.start().await.unwrap();
    (scheduler, clock, storage)
}

#[tokio::test]
async fn one_time_jobs_leave_the_list_when_they_end_and_their_history_stays() {
    let (scheduler, clock, storage) = started().await;
    for job in [once(10), once("10s"), once(Duration::from_secs(10))] {
        scheduler.add(job.run("soon", || async {})).await.unwrap();
    }
    scheduler.add(at("2026-11-23 00:00:10").run("then", || async {})).await.unwrap();
    scheduler.add(at("2026-11-23T01:00:10+01:00").run("then, with an offset", || async {})).await.unwrap();
    assert_eq!(scheduler.jobs().await.unwrap().len(), 5);
    testing::advance(&scheduler, &clock, Duration::from_secs(10)).await.unwrap();
    assert_eq!(outline(&scheduler).await, [(RunStatus::Completed, 10); 5]);
    assert!(scheduler.jobs().await.unwrap().is_empty());
    assert!(storage.load().await.unwrap().open.is_empty());
}

#[tokio::test]
async fn a_date_with_a_fraction_of_a_second_runs_at_it_and_not_before() {
    let (scheduler, clock, storage) = started().await;
    scheduler.add(at("2026-11-23T00:00:10.900Z").run("with an offset", || async {})).await.unwrap();
    scheduler.add(at("2026-11-23 00:00:10.9000019").run("in the zone", || async {})).await.unwrap();
    let past = scheduler.add(at("2026-11-22T23:59:59.999Z").run("past", || async {})).await.unwrap_err();
    assert!(past.to_string().starts_with("`2026-11-22 23:59:59.999Z` is in the past"), "{past}");
    let ended = async |by: u64| {
        testing::advance(&scheduler, &clock, Duration::from_micros(by)).await.unwrap();
        runs(&scheduler).await.iter().map(Run::scheduled_for).collect::<Vec<_>>()
    };
    assert!(ended(10_899_999).await.is_empty());
    assert_eq!(ended(1).await, [instant("2026-11-23T00:00:10.900Z")]);
    assert_eq!(ended(1).await, ["2026-11-23T00:00:10.900Z", "2026-11-23T00:00:10.900001Z"].map(instant));
    testing::audit(&storage).await.unwrap().assert_clean();
}

#[tokio::test]
async fn a_one_time_job_stays_in_the_list_until_its_last_attempt_has_ended() {
    let (scheduler, clock, _) = started().await;
    let (mut held, job) = Held::new();
    let id = scheduler.add(once(10).retries(1).run("held", job)).await.unwrap();
    clock.advance(Duration::from_secs(10));
    held.begins().await;
    let job = scheduler.job(&id).await.unwrap().unwrap();
    assert_eq!((job.status(), job.next_run_at()), (JobStatus::Running, None));
    held.fail("first");
    testing::quiet(&scheduler).await.unwrap();
    let job = scheduler.job(&id).await.unwrap().unwrap();
    assert_eq!((job.status(), job.retry_count()), (JobStatus::Failed, 1));
    clock.advance(Duration::from_secs(2));
    held.begins().await;
    held.fail("second");
    testing::quiet(&scheduler).await.unwrap();
    assert_eq!(scheduler.job(&id).await.unwrap(), None);
    assert_eq!(scheduler.dead_letters(10).await.unwrap().len(), 1);
}

#[tokio::test]
async fn a_run_that_was_asked_for_keeps_a_one_time_job_in_the_list_until_it_ends() {
    let (scheduler, clock, _) = started().await;
    let (mut held, job) = Held::new();
    let id = scheduler.add(once(10).run("held", job)).await.unwrap();
    clock.advance(Duration::from_secs(5));
    scheduler.run_job_now(&id).await.unwrap();
    held.begins().await;
    clock.advance(Duration::from_secs(6));
    held.succeed();
    testing::quiet(&scheduler).await.unwrap();
    // Its one fire came due meanwhile: an overlap.
    assert_eq!(outline(&scheduler).await, [(RunStatus::Completed, 5), (RunStatus::Missed, 10)]);
    assert_eq!(scheduler.job(&id).await.unwrap(), None);
}

#[tokio::test]
async fn a_one_time_job_that_is_paused_while_it_runs_leaves_when_it_ends() {
    let (scheduler, clock, _) = started().await;
    let (mut held, job) = Held::new();
    let id = scheduler.add(once(10).run("held", job)).await.unwrap();
    clock.advance(Duration::from_secs(10));
    held.begins().await;
    scheduler.pause_job(&id).await.unwrap();
    held.succeed();
    testing::quiet(&scheduler).await.unwrap();
    assert_eq!(scheduler.job(&id).await.unwrap(), None);
}

#[tokio::test]
async fn a_one_time_job_that_is_paused_and_resumed_while_it_runs_leaves_when_it_ends() {
    let (scheduler, clock, _) = started().await;
    let (mut held, job) = Held::new();
    let id = scheduler.add(once(10).run("held", job)).await.unwrap();
    clock.advance(Duration::from_secs(10));
    held.begins().await;
    scheduler.pause_job(&id).await.unwrap();
    scheduler.resume_job(&id).await.unwrap();
    assert!(scheduler.job(&id).await.unwrap().is_some());
    held.succeed();
    testing::quiet(&scheduler).await.unwrap();
    assert_eq!(scheduler.job(&id).await.unwrap(), None);
    assert_eq!(outline(&scheduler).await, [(RunStatus::Completed, 10)]);
}

#[tokio::test]
async fn adding_a_job_whose_date_is_past_is_an_error_and_adds_nothing() {
    let (scheduler, clock, _) = started().await;
    clock.set(second(60));
    let past = at("2026-11-23 00:00:30").run("past", || async {});
    let error = scheduler.add(past).await.unwrap_err();
    assert!(matches!(error, SchedulerError::Schedule(_)));
    assert_eq!(
        error.to_string(),
        "`2026-11-23 00:00:30` is in the past; a job needs a time that is still to come"
    );
    assert!(scheduler.jobs().await.unwrap().is_empty());
}
