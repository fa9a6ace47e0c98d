//! Jobs that are cancelled while somebody else adds them or asks for a run.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use fastscheduler::prelude::*;
use fastscheduler::testing::{self, ManualClock};
use fastscheduler::{Clock as _, HistoryQuery, JobId, Overlap, SchedulerError};
use fastscheduler_tests::faulty::{Action, Faulty};
use fastscheduler_tests::held::Held;
use fastscheduler_tests::{monday, on_manual_clock, runs};

const TEN_SECONDS: Duration = Duration::from_secs(10);

/// A scheduler that was started, on a store that fails when it is told to.
async fn with_faults() -> (Scheduler, ManualClock, Faulty) {
    let store = Faulty::default();
    let (builder, clock) = on_manual_clock();
    let scheduler = builder.storage(store.clone()).build().await.unwrap();
    scheduler.start().await.unwrap();
    (scheduler, clock, store)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_job_that_is_cancelled_while_it_is_added_does_not_run() {
    for _ in 0..200 {
        let (builder, clock) = on_manual_clock();
        let scheduler = builder.build().await.unwrap();
        scheduler.start().await.unwrap();
        let is_done = Arc::new(AtomicBool::new(false));
        let cancelling = tokio::spawn({
            let (scheduler, is_done) = (scheduler.clone(), Arc::clone(&is_done));
            async move {
                while !is_done.load(Ordering::SeqCst) {
                    scheduler.cancel_group("default").await.unwrap();
                    tokio::task::yield_now().await;
                }
            }
        });
        for _ in 0..50 {
            scheduler.add(every(1).seconds().call("ticks")).await.unwrap();
            tokio::task::yield_now().await;
        }
        is_done.store(true, Ordering::SeqCst);
        cancelling.await.unwrap();
        scheduler.cancel_group("default").await.unwrap();
        let known = runs(&scheduler).await.len();
        testing::advance(&scheduler, &clock, Duration::from_secs(2)).await.unwrap();
        assert_eq!(runs(&scheduler).await.len(), known, "cancelled jobs run");
    }
}

#[job]
async fn ticks() {}

#[tokio::test]
async fn a_job_that_is_cancelled_while_its_addition_waits_for_its_answer_does_not_run() {
    let (scheduler, clock, store) = with_faults().await;
    let (mut held, job) = Held::new();
    let answer = store.holds(Action::Add);
    let cancelling = async {
        tokio::task::yield_now().await;
        let id = scheduler.jobs().await.unwrap()[0].id();
        scheduler.cancel_job(id).await.unwrap();
        answer.notify_one();
    };
    let (added, ()) = tokio::join!(scheduler.add(every(10).seconds().run("held", job)), cancelling);
    added.unwrap();
    testing::advance(&scheduler, &clock, TEN_SECONDS * 3).await.unwrap();
    assert!(!held.has_begun());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_run_that_was_promised_has_a_record_even_if_its_job_is_cancelled() {
    let (builder, _clock) = on_manual_clock();
    let scheduler = builder.max_history(100_000).build().await.unwrap();
    scheduler.start().await.unwrap();
    for _ in 0..1_000 {
        let id = scheduler.add(every(1).hours().call("ticks")).await.unwrap();
        let running = tokio::spawn({
            let scheduler = scheduler.clone();
            async move { scheduler.run_job_now(id).await }
        });
        scheduler.cancel_job(id).await.unwrap();
        let promised = running.await.unwrap();
        testing::quiet(&scheduler).await.unwrap();
        let query = HistoryQuery { job: Some(id), ..HistoryQuery::default() };
        let runs = scheduler.history(query).await.unwrap();
        match promised {
            Ok(run) => assert!(runs.iter().any(|known| known.run_id == run), "{run} in {runs:?}"),
            Err(error) => assert!(matches!(error, SchedulerError::UnknownJob(_)), "{error}"),
        }
    }
}

#[tokio::test]
async fn a_run_of_a_job_that_is_cancelled_before_it_is_stored_is_refused() {
    let (scheduler, _clock, store) = with_faults().await;
    let id = scheduler.add(every(1).hours().call("ticks")).await.unwrap();
    // The cancellation is stored, and not taken over yet.
    let answer = store.holds(Action::Remove);
    let run = async {
        tokio::task::yield_now().await;
        let run = scheduler.run_job_now(id).await;
        answer.notify_one();
        run
    };
    let (cancelled, run) = tokio::join!(scheduler.cancel_job(id), run);
    cancelled.unwrap();
    let refused = run.unwrap_err();
    assert!(matches!(refused, SchedulerError::UnknownJob(_)), "{refused}");
}

#[tokio::test]
async fn a_letter_that_is_retried_while_its_job_is_cancelled_runs_as_a_job_of_its_own() {
    let (scheduler, _clock, store) = with_faults().await;
    let fails = || async { Err::<(), _>(Permanent::new(anyhow::anyhow!("no")).into()) };
    let id = scheduler.add(every(1).hours().run("fails", fails)).await.unwrap();
    scheduler.run_job_now(id).await.unwrap();
    testing::quiet(&scheduler).await.unwrap();
    let letter = scheduler.dead_letters(1).await.unwrap().remove(0);
    let answer = store.holds(Action::Remove);
    let retry = async {
        tokio::task::yield_now().await;
        let retried = scheduler.retry_dead_letter(letter.run.run_id).await;
        answer.notify_one();
        retried
    };
    let (cancelled, retried) = tokio::join!(scheduler.cancel_job(id), retry);
    cancelled.unwrap();
    let retried = retried.unwrap();
    testing::quiet(&scheduler).await.unwrap();
    let runs = runs(&scheduler).await;
    assert!(runs.iter().any(|run| run.run_id == retried), "{retried} in {runs:?}");
}

/// The errors of a job's attempts, by the seconds at which their fires were due.
async fn errors(scheduler: &Scheduler, id: JobId) -> Vec<(i64, Option<String>)> {
    let query = HistoryQuery { job: Some(id), ..HistoryQuery::default() };
    let attempts = scheduler.history(query).await.unwrap().into_iter().filter(|run| run.skipped.is_none());
    attempts.map(|run| ((run.scheduled_for() - monday()).num_seconds(), run.error)).collect()
}

const CUT_OFF: &str = "its process ended before it did, and its job is gone";

#[tokio::test]
async fn an_attempt_whose_process_ends_before_its_cancellation_is_recorded_has_a_record() {
    let (scheduler, clock, store) = with_faults().await;
    let (mut held, job) = Held::new();
    let id = scheduler.add(every(10).seconds().run("held", job)).await.unwrap();
    clock.advance(TEN_SECONDS);
    held.begins().await;
    store.breaks(&[Action::End]);
    scheduler.cancel_job(id).await.unwrap();
    assert_eq!(errors(&scheduler, id).await, []);

    // Nothing moves in this one any more, as after a crash.
    let (builder, clock) = on_manual_clock();
    clock.advance(TEN_SECONDS * 2);
    let after = builder.storage(store.inner().clone()).build().await.unwrap();
    after.start().await.unwrap();
    assert_eq!(errors(&after, id).await, [(10, Some(CUT_OFF.to_owned()))]);
    testing::audit(store.inner()).zone(chrono_tz::UTC).until(clock.now()).await.unwrap().assert_clean();
    assert_eq!(after.dead_letters(1).await.unwrap().len(), 0, "a job that was cancelled leaves no letter");
}

#[tokio::test]
async fn what_an_orphan_was_at_is_recorded_when_it_is_cancelled() {
    let (scheduler, clock, store) = with_faults().await;
    let (mut held, job) = Held::new();
    let id = scheduler.add(every(10).seconds().run("held", job)).await.unwrap();
    clock.advance(TEN_SECONDS);
    held.begins().await;
    let asked = scheduler.add(every(1).hours().run("asked", async || {})).await.unwrap();
    store.breaks(&[Action::Claim]);
    scheduler.run_job_now(asked).await.unwrap();

    // The next process has none of the two functions.
    let (builder, clock) = on_manual_clock();
    clock.advance(TEN_SECONDS * 2);
    let after = builder.storage(store.inner().clone()).build().await.unwrap();
    after.start().await.unwrap();
    after.cancel_group("default").await.unwrap();
    assert_eq!(errors(&after, id).await, [(10, Some(CUT_OFF.to_owned()))]);
    assert_eq!(errors(&after, asked).await, [(10, Some("cancelled: the job was cancelled".to_owned()))]);
    testing::audit(store.inner()).zone(chrono_tz::UTC).until(clock.now()).await.unwrap().assert_clean();
}

#[tokio::test]
async fn fires_that_came_due_before_a_cancellation_are_in_one_record() {
    for overlap in [Overlap::Skip, Overlap::Queue, Overlap::Allow, Overlap::Cancel] {
        let (scheduler, clock, store) = with_faults().await;
        let (mut held, job) = Held::new();
        let id = scheduler.add(every(10).seconds().overlap(overlap).run("held", job)).await.unwrap();
        clock.advance(TEN_SECONDS);
        held.begins().await;
        clock.set(monday() + TEN_SECONDS * 3);
        // The attempt ends when the cancellation is stored and not taken over yet.
        let answer = store.holds(Action::Remove);
        let ends = async {
            tokio::task::yield_now().await;
            held.succeed();
            while runs(&scheduler).await.iter().all(|run| run.skipped.is_some()) {
                tokio::task::yield_now().await;
            }
            answer.notify_one();
        };
        let (cancelled, ()) = tokio::join!(scheduler.cancel_job(id), ends);
        cancelled.unwrap();
        let skips = runs(&scheduler).await.into_iter().filter(|run| run.skipped.is_some());
        assert_eq!(skips.count(), 1, "{overlap:?}");
        testing::audit(&store).zone(chrono_tz::UTC).until(clock.now()).await.unwrap().assert_clean();
    }
}
