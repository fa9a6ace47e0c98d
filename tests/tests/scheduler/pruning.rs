//! When old history is dropped.

use std::time::Duration;

use fastscheduler::prelude::*;
use fastscheduler::storage::{MemoryStorage, Storage};
use fastscheduler::testing::ManualClock;
use fastscheduler::{Clock as _, HistoryQuery, JobId, SchedulerBuilder, testing};
use fastscheduler_tests::counted::Counted;
use fastscheduler_tests::faulty::{Action, Faulty};
use fastscheduler_tests::fires::second;
use fastscheduler_tests::{on_manual_clock, runs};

const SECOND: Duration = Duration::from_secs(1);
const HOUR: Duration = Duration::from_secs(3_600);

/// A scheduler that keeps eight runs and dead letters, and a job that always fails,
/// whose schedule is far away.
async fn started(storage: impl Storage) -> (Scheduler, ManualClock, JobId) {
    with(storage, |builder| builder.max_history(8).max_dead_letters(8)).await
}

async fn with(
    storage: impl Storage,
    settings: impl FnOnce(SchedulerBuilder) -> SchedulerBuilder,
) -> (Scheduler, ManualClock, JobId) {
    let (builder, clock) = on_manual_clock();
    let scheduler = settings(builder.storage(storage)).build().await.unwrap();
    scheduler.start().await.unwrap();
    let id = scheduler.add(every(1000).days().retries(0).call("fails")).await.unwrap();
    (scheduler, clock, id)
}

/// Makes runs while no time passes.
async fn run(scheduler: &Scheduler, id: JobId, times: usize) {
    for _ in 0..times {
        scheduler.run_job_now(id).await.unwrap();
        testing::quiet(scheduler).await.unwrap();
    }
}

async fn settle() {
    for _ in 0..50 {
        tokio::task::yield_now().await;
    }
}

/// How many runs and dead letters the store has, which is not asked through the scheduler.
async fn stored(storage: &impl Storage) -> (usize, usize) {
    let all = HistoryQuery { limit: usize::MAX, ..HistoryQuery::default() };
    (storage.history(&all).await.unwrap().len(), storage.dead_letters(usize::MAX).await.unwrap().len())
}

#[tokio::test]
async fn old_history_is_dropped_once_a_second_and_not_after_each_run() {
    let storage = Counted::default();
    let (scheduler, clock, _) = with(storage.clone(), |builder| builder).await;
    scheduler.add(every(0.1).seconds().call("quick")).await.unwrap();
    let before = storage.prunes();
    for _ in 0..100 {
        testing::advance(&scheduler, &clock, Duration::from_millis(100)).await.unwrap();
        settle().await;
    }
    let prunes = storage.prunes() - before;
    assert!((5..=10).contains(&prunes), "{prunes} times in ten seconds");
    assert_eq!(runs(&scheduler).await.len(), 100);
}

#[tokio::test]
async fn the_store_has_at_most_a_quarter_more_than_is_kept() {
    let storage = Counted::default();
    let (scheduler, _clock, id) = started(storage.clone()).await;
    let before = storage.prunes();
    for _ in 0..30 {
        run(&scheduler, id, 1).await;
        let (runs, letters) = stored(&storage).await;
        assert!(runs <= 10 && letters <= 10, "{runs} runs, {letters} letters");
    }
    assert_eq!(storage.prunes() - before, 10);
}

#[tokio::test]
async fn who_reads_finds_no_more_than_is_kept() {
    let storage = MemoryStorage::default();
    let (scheduler, _clock, id) = started(storage.clone()).await;
    run(&scheduler, id, 10).await;
    assert_eq!(stored(&storage).await, (9, 9));
    assert_eq!(runs(&scheduler).await.len(), 8);
    run(&scheduler, id, 1).await;
    assert_eq!(scheduler.dead_letter_count().await.unwrap(), 8);
    run(&scheduler, id, 1).await;
    assert_eq!(scheduler.dead_letters(usize::MAX).await.unwrap().len(), 8);
    let oldest = runs(&scheduler).await.remove(0);
    run(&scheduler, id, 1).await;
    assert_eq!(scheduler.find_run(oldest.run_id).await.unwrap(), None);
    run(&scheduler, id, 1).await;
    assert_eq!(scheduler.clear_dead_letters().await.unwrap(), 8);
}

#[tokio::test]
async fn what_was_recorded_last_is_within_the_limits_a_second_later_whatever_the_clock_says() {
    for is_set_back in [false, true] {
        let storage = MemoryStorage::default();
        let (scheduler, clock, id) = started(storage.clone()).await;
        run(&scheduler, id, 10).await;
        settle().await;
        assert_eq!(stored(&storage).await, (9, 9));
        if is_set_back {
            clock.step(clock.now() - HOUR);
            // The job is rescheduled for that, with a record.
            clock.advance(SECOND);
            settle().await;
        }
        clock.advance(SECOND);
        settle().await;
        assert_eq!(stored(&storage).await, (8, 8), "{is_set_back}");
    }
}

#[tokio::test]
async fn what_became_too_old_is_gone_with_the_next_run() {
    let storage = MemoryStorage::default();
    let (scheduler, clock, id) = with(storage.clone(), |builder| builder.history_retention_days(1)).await;
    run(&scheduler, id, 1).await;
    clock.set(second(24 * 3_600) - SECOND);
    settle().await;
    run(&scheduler, id, 1).await;
    assert_eq!(stored(&storage).await, (2, 2));
    clock.set(second(24 * 3_600) + SECOND);
    settle().await;
    run(&scheduler, id, 1).await;
    assert_eq!(stored(&storage).await, (2, 2));
}

#[tokio::test]
async fn a_scheduler_that_stops_leaves_no_more_than_is_kept() {
    let storage = MemoryStorage::default();
    let (scheduler, _clock, id) = started(storage.clone()).await;
    run(&scheduler, id, 10).await;
    assert_eq!(stored(&storage).await, (9, 9));
    scheduler.stop().await.unwrap();
    assert_eq!(stored(&storage).await, (8, 8));
}

#[tokio::test]
async fn history_that_could_not_be_dropped_is_a_second_later() {
    let storage = Faulty::default();
    let (scheduler, clock, id) = started(storage.clone()).await;
    storage.breaks(&[Action::Prune]);
    run(&scheduler, id, 12).await;
    clock.advance(SECOND);
    settle().await;
    assert_eq!(stored(storage.inner()).await, (12, 12));
    storage.is_mended();
    clock.advance(SECOND);
    settle().await;
    assert_eq!(stored(storage.inner()).await, (8, 8));
}

#[tokio::test]
async fn where_nothing_is_kept_a_run_is_gone_once_it_is_recorded() {
    let storage = MemoryStorage::default();
    let (scheduler, _clock, id) =
        with(storage.clone(), |builder| builder.max_history(0).max_dead_letters(0)).await;
    run(&scheduler, id, 3).await;
    assert_eq!(stored(&storage).await, (0, 0));
}
