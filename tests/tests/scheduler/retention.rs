//! How much history and how many dead letters are kept, and the totals.

use fastscheduler::prelude::*;
use fastscheduler::storage::MemoryStorage;
use fastscheduler::testing::ManualClock;
use fastscheduler::{HistoryQuery, RunStatus, SchedulerBuilder};
use fastscheduler_tests::fires::second;
use fastscheduler_tests::{advance, on_manual_clock, runs};

const HOUR: u64 = 3_600;
const DAY: u64 = 24 * HOUR;

async fn started(settings: impl FnOnce(SchedulerBuilder) -> SchedulerBuilder) -> (Scheduler, ManualClock) {
    let (builder, clock) = on_manual_clock();
    let scheduler = settings(builder).build().await.unwrap();
    scheduler.start().await.unwrap();
    (scheduler, clock)
}

#[tokio::test]
async fn history_keeps_the_newest_runs_up_to_max_history() {
    let (scheduler, clock) = started(|builder| builder.max_history(10)).await;
    scheduler.add(every(1).minutes().call("quick")).await.unwrap();
    advance(&scheduler, &clock, 25 * 60).await;
    let all = runs(&scheduler).await;
    assert_eq!(
        (all.len(), all[0].scheduled_for(), all[9].scheduled_for()),
        (10, second(16 * 60), second(25 * 60))
    );
}

#[tokio::test]
async fn history_of_seven_days_is_kept_unless_told_otherwise() {
    let (scheduler, clock) = started(|builder| builder).await;
    scheduler.add(every(1).hours().call("quick")).await.unwrap();
    advance(&scheduler, &clock, 10 * DAY).await;
    let all = runs(&scheduler).await;
    assert_eq!(all[0].scheduled_for(), second(3 * DAY));
    assert_eq!(all.len(), 7 * 24 + 1);
}

#[tokio::test]
async fn dead_letters_are_kept_up_to_max_dead_letters_the_newest_first() {
    let (scheduler, clock) = started(|builder| builder.max_dead_letters(3)).await;
    scheduler.add(every(1).hours().retries(0).call("fails")).await.unwrap();
    advance(&scheduler, &clock, 5 * HOUR).await;
    let letters = scheduler.dead_letters(10).await.unwrap();
    let at: Vec<_> = letters.iter().map(|letter| letter.run.scheduled_for()).collect();
    assert_eq!(at, [second(5 * HOUR), second(4 * HOUR), second(3 * HOUR)]);
}

#[tokio::test]
async fn dead_letters_are_kept_as_long_as_the_history() {
    let (scheduler, clock) = started(|builder| builder.history_retention_days(2)).await;
    scheduler.add(every(12).hours().retries(0).call("fails")).await.unwrap();
    advance(&scheduler, &clock, 5 * DAY).await;
    let letters = scheduler.dead_letters(10).await.unwrap();
    assert_eq!(letters.last().unwrap().run.scheduled_for(), second(3 * DAY));
}

#[tokio::test]
async fn a_retention_of_no_days_keeps_runs_as_long_as_max_history_allows() {
    let (scheduler, clock) = started(|builder| builder.history_retention_days(0).max_history(20)).await;
    scheduler.add(every(1).hours().call("quick")).await.unwrap();
    advance(&scheduler, &clock, 15 * HOUR).await;
    clock.set(second(15 * HOUR + 1));
    assert_eq!(runs(&scheduler).await.len(), 15);
    advance(&scheduler, &clock, 40 * DAY).await;
    assert_eq!(runs(&scheduler).await.len(), 20);
}

#[tokio::test]
async fn records_of_skipped_fires_count_as_history() {
    let (scheduler, clock) = started(|builder| builder.max_history(10)).await;
    let id = scheduler.add(every(10).seconds().call("quick")).await.unwrap();
    for _ in 0..30 {
        scheduler.pause_job(&id).await.unwrap();
        advance(&scheduler, &clock, 10).await;
        scheduler.resume_job(&id).await.unwrap();
    }
    advance(&scheduler, &clock, 10).await;
    assert_eq!(runs(&scheduler).await.len(), 10);
}

#[tokio::test]
async fn totals_are_kept_whatever_was_pruned_or_removed_or_stopped() {
    let storage = MemoryStorage::default();
    let (scheduler, clock) = started(|builder| builder.max_history(2).storage(storage.clone())).await;
    let id = scheduler.add(every(1).hours().call("quick")).await.unwrap();
    scheduler.add(once(60).retries(2).call("fails")).await.unwrap();
    advance(&scheduler, &clock, 5 * HOUR).await;
    scheduler.cancel_job(&id).await.unwrap();
    scheduler.clear_dead_letters().await.unwrap();
    let totals = scheduler.statistics().await.unwrap();
    assert_eq!((totals.total_runs, totals.total_failures, totals.total_retries), (8, 3, 2));
    assert_eq!((totals.active_jobs, totals.started_at), (0, Some(second(0))));
    let of: Vec<_> =
        totals.per_function.iter().map(|(key, of)| (key.name(), of.completed, of.failed)).collect();
    assert_eq!(of, [("fails", 0, 3), ("quick", 5, 0)]);
    scheduler.stop().await.unwrap();
    assert_eq!(scheduler.statistics().await.unwrap().started_at, None);

    let (scheduler, _clock) = started(|builder| builder.storage(storage)).await;
    let again = scheduler.statistics().await.unwrap();
    assert_eq!((again.total_runs, again.total_failures, again.per_function.len()), (8, 3, 2));
}

#[tokio::test]
async fn skipped_fires_are_no_runs_of_the_statistics() {
    let (scheduler, clock) = started(|builder| builder).await;
    let id = scheduler.add(every(10).seconds().call("quick")).await.unwrap();
    scheduler.pause_job(&id).await.unwrap();
    advance(&scheduler, &clock, 60).await;
    scheduler.resume_job(&id).await.unwrap();
    let totals = scheduler.statistics().await.unwrap();
    assert_eq!((totals.total_runs, totals.total_failures), (0, 0));
    let job = scheduler.job(&id).await.unwrap().unwrap();
    assert_eq!((job.run_count(), job.failure_count(), job.recent().count()), (0, 0, 0));
}

#[tokio::test]
async fn history_is_asked_for_by_job_function_group_status_and_time() {
    let (scheduler, clock) = started(|builder| builder).await;
    let id = scheduler.add(every(10).seconds().call("quick")).await.unwrap();
    scheduler.add(every(10).seconds().retries(0).group("bad").call("fails")).await.unwrap();
    advance(&scheduler, &clock, 30).await;
    let count = async |query: HistoryQuery| scheduler.history(query).await.unwrap().len();
    let any = HistoryQuery::default;
    assert_eq!(count(any()).await, 6);
    assert_eq!(count(HistoryQuery { job: Some(id), ..any() }).await, 3);
    for name in ["fails", "scheduler::fails"] {
        assert_eq!(count(HistoryQuery { function: Some(name.to_owned()), ..any() }).await, 3, "{name}");
    }
    assert_eq!(count(HistoryQuery { function: Some("ails".to_owned()), ..any() }).await, 0);
    assert_eq!(count(HistoryQuery { group: Some("bad".to_owned()), ..any() }).await, 3);
    assert_eq!(count(HistoryQuery { statuses: vec![RunStatus::Failed], ..any() }).await, 3);
    assert_eq!(count(HistoryQuery { before: Some(second(20)), ..any() }).await, 2);
    let newest = scheduler.history(HistoryQuery { limit: 1, job: Some(id), ..any() }).await.unwrap();
    assert_eq!(newest[0].scheduled_for(), second(30));
}
