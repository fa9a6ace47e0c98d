//! Jobs whose schedule has a first and a last date.

use std::time::Duration;

use fastscheduler::prelude::*;
use fastscheduler::schedule::Fold;
use fastscheduler::storage::MemoryStorage;
use fastscheduler::testing::{self, ManualClock};
use fastscheduler::{JobUpdate, Run, RunStatus, SchedulerError, SkipReason};
use fastscheduler_tests::fires::second;
use fastscheduler_tests::{Process, World, instant, monday, on_manual_clock, outline, runs};

const HOUR: Duration = Duration::from_secs(3_600);

async fn started() -> (Scheduler, ManualClock, MemoryStorage) {
    let (builder, clock) = on_manual_clock();
    let storage = MemoryStorage::default();
    let scheduler = builder.storage(storage.clone()).timezone("UTC").build().await.unwrap();
    scheduler.start().await.unwrap();
    (scheduler, clock, storage)
}

#[tokio::test]
async fn a_job_fires_from_its_first_date_to_its_last_and_ends_as_a_one_time_job_does() {
    let (scheduler, clock, storage) = started().await;
    let job = every(10).seconds().from("2026-11-23 00:00:05").until("2026-11-23 00:00:25");
    let id = scheduler.add(job.run("often", || async {})).await.unwrap();
    assert_eq!(scheduler.job(&id).await.unwrap().unwrap().next_run_at(), Some(second(5)));
    let upcoming = scheduler.upcoming(&id, 10).await.unwrap();
    assert_eq!(upcoming, [second(5), second(15), second(25)]);
    testing::advance(&scheduler, &clock, Duration::from_secs(24)).await.unwrap();
    assert!(scheduler.job(&id).await.unwrap().is_some());
    testing::advance(&scheduler, &clock, Duration::from_secs(100)).await.unwrap();
    assert_eq!(outline(&scheduler).await, [5, 15, 25].map(|at| (RunStatus::Completed, at)));
    assert_eq!(scheduler.job(&id).await.unwrap(), None);
    testing::audit(&storage).await.unwrap().assert_clean();
}

#[tokio::test]
async fn a_window_that_is_over_is_recorded_and_no_error() {
    let (scheduler, clock, storage) = started().await;
    let job = daily().at("09:00").from("2026-01-01").until("2026-01-31");
    let id = scheduler.add(job.run("past", || async {})).await.unwrap();
    assert_eq!(scheduler.job(&id).await.unwrap(), None);
    let all = runs(&scheduler).await;
    let skipped = all[0].skipped.as_deref().unwrap();
    assert_eq!((all.len(), skipped.reason, skipped.count), (1, SkipReason::CatchUp, 1));
    assert_eq!(skipped.last, instant("2026-01-31T09:00:00Z"));
    testing::advance(&scheduler, &clock, HOUR * 48).await.unwrap();
    assert_eq!(runs(&scheduler).await.len(), 1);
    let never = daily().at("09:00").from("2026-01-01 10:00").until("2026-01-01 11:00");
    let error = scheduler.add(never.run("never", || async {})).await.unwrap_err();
    assert!(matches!(error, SchedulerError::Schedule(_)), "{error}");
    testing::audit(&storage).await.unwrap().assert_clean();
}

#[tokio::test]
async fn an_update_moves_the_last_date_and_an_interval_stays_on_its_grid() {
    let (scheduler, clock, storage) = started().await;
    let job = every(10).seconds().until("2026-11-23 00:00:25");
    let id = scheduler.add(job.run("often", || async {})).await.unwrap();
    testing::advance(&scheduler, &clock, Duration::from_secs(13)).await.unwrap();
    scheduler.update_job(&id, JobUpdate::new().until("2026-11-23 00:00:40")).await.unwrap();
    testing::advance(&scheduler, &clock, Duration::from_secs(10)).await.unwrap();
    scheduler.update_job(&id, JobUpdate::new().until(None::<&str>).retries(1)).await.unwrap();
    testing::advance(&scheduler, &clock, Duration::from_secs(30)).await.unwrap();
    let fired: Vec<_> =
        runs(&scheduler).await.iter().filter(|run| run.skipped.is_none()).map(Run::scheduled_for).collect();
    assert_eq!(fired, [10, 20, 30, 40, 50].map(second));
    // Its last date is over by now, so it ends.
    scheduler.update_job(&id, JobUpdate::new().until("2026-11-23 00:00:50")).await.unwrap();
    assert_eq!(scheduler.job(&id).await.unwrap(), None);
    testing::advance(&scheduler, &clock, Duration::from_secs(30)).await.unwrap();
    testing::audit(&storage).await.unwrap().assert_clean();
}

#[tokio::test]
async fn an_interval_with_a_last_date_stays_on_its_grid_when_its_zone_or_fold_changes() {
    for update in [JobUpdate::new().tz("Asia/Tokyo"), JobUpdate::new().fold(Fold::Second)] {
        let (scheduler, clock, _storage) = started().await;
        let job = every(10).seconds().until("2027-06-30T00:00:00Z");
        let id = scheduler.add(job.run("often", || async {})).await.unwrap();
        testing::advance(&scheduler, &clock, Duration::from_secs(13)).await.unwrap();
        scheduler.update_job(&id, update).await.unwrap();
        assert_eq!(scheduler.job(&id).await.unwrap().unwrap().next_run_at(), Some(second(20)));
    }
}

/// The window is a time of day in the old zone, which the new one reaches at another.
#[tokio::test]
async fn another_zone_of_the_scheduler_that_leaves_a_window_without_a_fire_keeps_the_job_as_it_was() {
    let storage = MemoryStorage::default();
    let (builder, clock) = on_manual_clock();
    let scheduler = builder.storage(storage.clone()).build().await.unwrap();
    scheduler.register_function("work", || async {}).unwrap();
    let job = daily().at("09:00").from("2027-01-01T08:30:00Z").until("2027-01-01T09:30:00Z");
    let id = scheduler.add(job.call("work")).await.unwrap();
    let before = scheduler.job(&id).await.unwrap().unwrap().next_run_at();
    drop(scheduler);
    let (builder, _) = on_manual_clock();
    let builder = builder.storage(storage).clock(clock).timezone("Asia/Tokyo");
    let scheduler = builder.build().await.unwrap();
    scheduler.register_function("work", || async {}).unwrap();
    scheduler.start().await.unwrap();
    let after = scheduler.job(&id).await.unwrap().unwrap();
    assert_eq!((after.next_run_at(), before), (before, Some(instant("2027-01-01T09:00:00Z"))));
}

#[tokio::test]
async fn a_schedule_that_fires_once_takes_no_window_with_it() {
    let (scheduler, _clock, _storage) = started().await;
    let id = scheduler.add(daily().at("09:00").until("2027-01-01").run("daily", || async {})).await.unwrap();
    let update = JobUpdate::new().schedule(once("1h")).until("2027-01-01");
    let error = scheduler.update_job(&id, update).await.unwrap_err().to_string();
    assert!(error.starts_with("`from` and `until` are for schedules that repeat"), "{error}");
    scheduler.update_job(&id, JobUpdate::new().schedule(weekly().monday().at("10:00"))).await.unwrap();
    let schedule = async || scheduler.job(&id).await.unwrap().unwrap().definition().schedule.to_string();
    assert_eq!(schedule().await, "Every Mon at 10:00, until 2027-01-01");
    scheduler.update_job(&id, JobUpdate::new().schedule(once("1h"))).await.unwrap();
    assert_eq!(schedule().await, "One-time job");
}

#[tokio::test]
async fn a_job_that_is_resumed_after_its_last_date_ends() {
    let (scheduler, clock, storage) = started().await;
    let job = every(10).seconds().until("2026-11-23 00:00:25");
    let id = scheduler.add(job.run("often", || async {})).await.unwrap();
    scheduler.pause_job(&id).await.unwrap();
    testing::advance(&scheduler, &clock, Duration::from_secs(100)).await.unwrap();
    scheduler.run_job_now(&id).await.unwrap();
    testing::advance(&scheduler, &clock, Duration::from_secs(1)).await.unwrap();
    assert!(scheduler.job(&id).await.unwrap().is_some(), "it is paused, and may be given another date");
    scheduler.resume_job(&id).await.unwrap();
    assert_eq!(scheduler.job(&id).await.unwrap(), None);
    let all = runs(&scheduler).await;
    let skipped: Vec<_> = all.iter().filter_map(|run| run.skipped.as_deref()).collect();
    assert_eq!(
        skipped.iter().map(|skip| (skip.reason, skip.count)).collect::<Vec<_>>(),
        [(SkipReason::Paused, 2)]
    );
    assert_eq!(all.len(), 2, "and the one that was asked for");
    testing::audit(&storage).await.unwrap().assert_clean();
}

#[test]
fn fires_that_were_missed_before_the_last_date_are_caught_up_with_and_the_job_ends() {
    let world = World::default();
    let process = world.start();
    let job = every(1).hours().until("2026-11-23 05:30:00").call("quick");
    let id = process.add(job);
    process.advance(HOUR * 2);
    process.stop(Duration::ZERO);
    world.pass(HOUR * 10);
    let process: Process = world.start();
    process.settle();
    assert_eq!(process.job(id), None);
    let ran: Vec<_> = process
        .runs()
        .into_iter()
        .filter(|run| run.skipped.is_none())
        .map(|run| run.scheduled_for())
        .collect();
    assert_eq!(ran, [1, 2, 5].map(|hour| monday() + HOUR * hour));
    process.stop(Duration::ZERO);
    world.audit(0);
}
