//! Doing something with many jobs, or many dead letters, at once.

use std::time::Duration;

use fastscheduler::prelude::*;
use fastscheduler::storage::{Change, Durability, MemoryStorage, Storage as _};
use fastscheduler::testing::{self, ManualClock};
use fastscheduler::{
    BulkAction, BulkOutcome, BulkTarget, DeadLetterQuery, DeadLetterTarget, HistoryQuery, JobId, JobQuery,
    JobStatus, RetryOutcome, Run, RunId, RunStatus, SchedulerError, Trigger,
};
use fastscheduler_tests::counted::Counted;
use fastscheduler_tests::faulty::{Action, Fault, Faulty};
use fastscheduler_tests::{on_manual_clock, runs};

const ACTIONS: [BulkAction; 4] = [BulkAction::Run, BulkAction::Pause, BulkAction::Resume, BulkAction::Cancel];

async fn started_with(storage: impl fastscheduler::storage::Storage) -> (Scheduler, ManualClock) {
    let (builder, clock) = on_manual_clock();
    let scheduler = builder.storage(storage).build().await.unwrap();
    scheduler.start().await.unwrap();
    (scheduler, clock)
}

async fn jobs(scheduler: &Scheduler, number: usize, function: &str) -> Vec<JobId> {
    let mut ids = Vec::new();
    for _ in 0..number {
        ids.push(scheduler.add(every(1).hours().retries(0).group("many").call(function)).await.unwrap());
    }
    ids
}

/// The jobs that refused, as they are not there.
fn unknown(outcome: &BulkOutcome) -> Vec<JobId> {
    let is_unknown = |error: &SchedulerError| matches!(error, SchedulerError::UnknownJob(_));
    assert!(outcome.refused.iter().all(|refused| is_unknown(&refused.error)), "{outcome:?}");
    outcome.refused.iter().map(|refused| refused.job).collect()
}

/// The batches that callers wait for, and that change something.
fn awaited(storage: &Counted) -> usize {
    storage
        .take()
        .iter()
        .filter(|(changes, durability)| *changes > 0 && *durability == Durability::Now)
        .count()
}

#[tokio::test]
async fn what_is_done_with_many_jobs_is_one_write() {
    let storage = Counted::default();
    let (scheduler, _clock) = started_with(storage.clone()).await;
    let ids = jobs(&scheduler, 300, "quick").await;
    let mut named = ids.clone();
    named.extend([ids[0], JobId::new(9_999), ids[1], JobId::new(9_999)]);
    for action in ACTIONS {
        drop(storage.take());
        let outcome = scheduler.bulk(action, BulkTarget::Jobs(named.clone())).await.unwrap();
        assert_eq!(outcome.done, 300, "{action:?}");
        assert_eq!(unknown(&outcome), [JobId::new(9_999)], "{action:?}");
        assert_eq!(awaited(&storage), 1, "{action:?}");
        testing::quiet(&scheduler).await.unwrap();
    }
    let manual = runs(&scheduler).await.into_iter().filter(|run| run.run_id.trigger == Trigger::Manual);
    let mut ran: Vec<JobId> =
        manual.filter(|run| run.status == RunStatus::Completed).map(|run| run.job_id()).collect();
    ran.sort_unstable();
    assert_eq!(ran, ids);
    assert_eq!(scheduler.jobs().await.unwrap(), []);
}

#[tokio::test]
async fn jobs_are_meant_by_a_query() {
    let (scheduler, _clock) = started_with(MemoryStorage::default()).await;
    jobs(&scheduler, 5, "quick").await;
    let other = scheduler.add(every(1).hours().call("quick")).await.unwrap();
    scheduler.pause_job(other).await.unwrap();
    let many = JobQuery { groups: vec!["many".to_owned()], ..JobQuery::default() };
    for (action, query, done) in [
        (BulkAction::Pause, many.clone(), 5),
        (BulkAction::Resume, JobQuery { statuses: vec![JobStatus::Paused], ..JobQuery::default() }, 6),
        (BulkAction::Pause, JobQuery { statuses: vec![JobStatus::Paused], ..JobQuery::default() }, 0),
        (BulkAction::Cancel, many, 5),
    ] {
        let outcome = scheduler.bulk(action, BulkTarget::Matching(query)).await.unwrap();
        assert_eq!((outcome.done, outcome.refused.len()), (done, 0), "{action:?}");
    }
    assert_eq!(scheduler.jobs().await.unwrap().len(), 1);
}

#[tokio::test]
async fn a_job_that_another_process_has_just_removed_is_refused_and_the_others_are_changed() {
    for action in ACTIONS {
        let storage = MemoryStorage::default();
        let (scheduler, _clock) = started_with(storage.clone()).await;
        let ids = jobs(&scheduler, 3, "quick").await;
        let removed = Change::RemoveJob { job: ids[1], tombstone: None };
        storage.apply(&[removed], Durability::Now).await.unwrap();
        let outcome = scheduler.bulk(action, BulkTarget::Jobs(ids.clone())).await.unwrap();
        assert_eq!(outcome.done, 2, "{action:?}");
        assert_eq!(unknown(&outcome), [ids[1]], "{action:?}");
        testing::quiet(&scheduler).await.unwrap();
        let ran = runs(&scheduler).await.iter().filter(|run| run.status == RunStatus::Completed).count();
        assert_eq!(ran, if action == BulkAction::Run { 2 } else { 0 }, "{action:?}");
    }
}

#[tokio::test]
async fn a_store_that_fails_leaves_all_jobs_as_they_were() {
    for (action, of_store) in [
        (BulkAction::Run, Action::Open),
        (BulkAction::Pause, Action::Revise),
        (BulkAction::Cancel, Action::Remove),
    ] {
        let storage = Faulty::default();
        let (scheduler, _clock) = started_with(storage.clone()).await;
        let ids = jobs(&scheduler, 3, "quick").await;
        storage.once(of_store, Fault::Fails);
        let failed = scheduler.bulk(action, BulkTarget::Jobs(ids.clone())).await;
        assert!(matches!(failed, Err(SchedulerError::Storage(_))), "{action:?}: {failed:?}");
        testing::quiet(&scheduler).await.unwrap();
        assert_eq!(runs(&scheduler).await, [], "{action:?}");
        assert!(scheduler.jobs().await.unwrap().iter().all(|job| !job.is_paused()), "{action:?}");
        // And they can be asked again.
        let outcome = scheduler.bulk(action, BulkTarget::Jobs(ids)).await.unwrap();
        assert_eq!((outcome.done, outcome.refused.len()), (3, 0), "{action:?}");
    }
}

#[tokio::test]
async fn jobs_that_were_asked_to_run_by_an_answer_that_was_lost_run_once() {
    let storage = Faulty::default();
    let (scheduler, _clock) = started_with(storage.clone()).await;
    let ids = jobs(&scheduler, 3, "quick").await;
    storage.once(Action::Open, Fault::AnswerIsLost);
    let failed = scheduler.bulk(BulkAction::Run, BulkTarget::Jobs(ids.clone())).await;
    assert!(matches!(failed, Err(SchedulerError::Storage(_))), "{failed:?}");
    testing::quiet(&scheduler).await.unwrap();
    let mut ran: Vec<JobId> = runs(&scheduler).await.iter().map(Run::job_id).collect();
    ran.sort_unstable();
    assert_eq!(ran, ids);
}

async fn with_letters(storage: impl fastscheduler::storage::Storage) -> (Scheduler, Vec<JobId>, Vec<RunId>) {
    let (scheduler, clock) = started_with(storage).await;
    let ids = jobs(&scheduler, 4, "fails").await;
    testing::advance(&scheduler, &clock, Duration::from_secs(3_600)).await.unwrap();
    let letters = scheduler.dead_letters(100).await.unwrap();
    let letters: Vec<RunId> = letters.iter().map(|letter| letter.run.run_id).collect();
    assert_eq!(letters.len(), 4);
    (scheduler, ids, letters)
}

/// Runs all letters of an error again.
async fn retry_all(scheduler: &Scheduler) -> RetryOutcome {
    let query =
        DeadLetterQuery { error: Some("as always".to_owned()), limit: 1, ..DeadLetterQuery::default() };
    scheduler.retry_dead_letters(DeadLetterTarget::Matching(query)).await.unwrap()
}

async fn retried(scheduler: &Scheduler) -> Vec<Run> {
    let query = HistoryQuery { triggers: vec![Trigger::Retry], ..HistoryQuery::default() };
    scheduler.history(query).await.unwrap()
}

#[tokio::test]
async fn many_letters_run_again_in_one_write_also_those_whose_jobs_are_gone() {
    let storage = Counted::default();
    let (scheduler, ids, _) = with_letters(storage.clone()).await;
    scheduler.cancel_job(ids[1]).await.unwrap();
    drop(storage.take());
    let outcome = retry_all(&scheduler).await;
    assert_eq!((outcome.retried.len(), outcome.refused.len(), awaited(&storage)), (4, 0, 1));
    testing::quiet(&scheduler).await.unwrap();
    let mut ran: Vec<RunId> = retried(&scheduler).await.iter().map(|run| run.run_id).collect();
    let mut expected = outcome.retried.clone();
    ran.sort_unstable();
    expected.sort_unstable();
    assert_eq!(ran, expected);
    let of_new_jobs = outcome.retried.iter().filter(|run| !ids.contains(&run.job)).count();
    assert_eq!((of_new_jobs, scheduler.dead_letter_count().await.unwrap()), (1, 4), "they failed again");
    assert_eq!(scheduler.jobs().await.unwrap().len(), 3, "the new job has ended");
}

#[tokio::test]
async fn a_letter_whose_job_another_process_has_just_removed_runs_as_a_new_job() {
    let storage = MemoryStorage::default();
    let (scheduler, ids, _) = with_letters(storage.clone()).await;
    let removed = Change::RemoveJob { job: ids[2], tombstone: None };
    storage.apply(&[removed], Durability::Now).await.unwrap();
    let outcome = retry_all(&scheduler).await;
    assert_eq!((outcome.retried.len(), outcome.refused.len()), (4, 0));
    assert_eq!(outcome.retried.iter().filter(|run| !ids.contains(&run.job)).count(), 1);
}

#[tokio::test]
async fn a_letter_whose_function_is_not_there_stays_and_the_others_run_again() {
    let storage = MemoryStorage::default();
    let (builder, clock) = on_manual_clock();
    let first = builder.storage(storage.clone()).build().await.unwrap();
    first
        .register_function("old::gone", || async { anyhow::Result::<()>::Err(anyhow::anyhow!("as always")) })
        .unwrap();
    first.start().await.unwrap();
    for function in ["old::gone", "fails"] {
        first.add(once(10).retries(0).call(function)).await.unwrap();
    }
    testing::advance(&first, &clock, Duration::from_secs(10)).await.unwrap();
    first.stop().await.unwrap();
    let (scheduler, _clock) = started_with(storage).await;
    let outcome = retry_all(&scheduler).await;
    assert_eq!(outcome.retried.len(), 1);
    assert!(matches!(outcome.refused[0].error, SchedulerError::Orphaned(_)), "{outcome:?}");
    let left = scheduler.dead_letters(9).await.unwrap();
    assert!(left.iter().any(|letter| letter.run.run_id == outcome.refused[0].run), "it stays");
}

#[tokio::test]
async fn named_letters_run_again_once_and_those_that_are_gone_are_refused() {
    let (scheduler, _, letters) = with_letters(MemoryStorage::default()).await;
    scheduler.remove_dead_letter(letters[3]).await.unwrap();
    let named = DeadLetterTarget::Runs(vec![letters[3], letters[0], letters[0], letters[1]]);
    let outcome = scheduler.retry_dead_letters(named).await.unwrap();
    assert_eq!(outcome.retried.len(), 2);
    assert_eq!(outcome.refused.iter().map(|refused| refused.run).collect::<Vec<_>>(), [letters[3]]);
    assert!(matches!(outcome.refused[0].error, SchedulerError::UnknownDeadLetter(_)));
    testing::quiet(&scheduler).await.unwrap();
    assert_eq!(retried(&scheduler).await.len(), 2);
}

#[tokio::test]
async fn letters_of_a_store_that_fails_stay() {
    let storage = Faulty::default();
    let (scheduler, ids, _) = with_letters(storage.clone()).await;
    scheduler.cancel_job(ids[0]).await.unwrap();
    storage.once(Action::Open, Fault::Fails);
    let all = DeadLetterTarget::Matching(DeadLetterQuery::default());
    let failed = scheduler.retry_dead_letters(all.clone()).await;
    assert!(matches!(failed, Err(SchedulerError::Storage(_))), "{failed:?}");
    testing::quiet(&scheduler).await.unwrap();
    assert_eq!((scheduler.dead_letter_count().await.unwrap(), retried(&scheduler).await.len()), (4, 0));
    assert_eq!(scheduler.jobs().await.unwrap().len(), 3);
    assert_eq!(scheduler.retry_dead_letters(all).await.unwrap().retried.len(), 4);
}

#[tokio::test]
async fn letters_are_dropped_by_their_error_in_one_write() {
    let storage = Counted::default();
    let (scheduler, _, letters) = with_letters(storage.clone()).await;
    let of = |error: &str| {
        let error = Some(error.to_owned());
        DeadLetterTarget::Matching(DeadLetterQuery { error, ..DeadLetterQuery::default() })
    };
    drop(storage.take());
    assert_eq!(scheduler.remove_dead_letters(of("another")).await.unwrap(), 0);
    assert_eq!((awaited(&storage), scheduler.dead_letter_count().await.unwrap()), (0, 4));
    let named = DeadLetterTarget::Runs(vec![letters[0], letters[0]]);
    assert_eq!(scheduler.remove_dead_letters(named).await.unwrap(), 1);
    drop(storage.take());
    assert_eq!(scheduler.remove_dead_letters(of("as always")).await.unwrap(), 3);
    assert_eq!((awaited(&storage), scheduler.dead_letter_count().await.unwrap()), (1, 0));
}
