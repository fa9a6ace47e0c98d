//! Waiting for a run.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use fastscheduler::prelude::*;
use fastscheduler::storage::MemoryStorage;
use fastscheduler::testing;
use fastscheduler::{HistoryQuery, JobUpdate, Run, RunId, RunStatus, SchedulerError, Trigger};
use fastscheduler_tests::faulty::{Action, Faulty};
use fastscheduler_tests::held::Held;
use fastscheduler_tests::{World, advance, on_manual_clock, runs, started};
use tokio::task::JoinHandle;

const SECOND: Duration = Duration::from_secs(1);

/// Waits in a task, which is at it when this returns.
async fn waiting(scheduler: &Scheduler, run_id: RunId) -> JoinHandle<Result<Run, SchedulerError>> {
    let inner = scheduler.clone();
    let waiting = tokio::spawn(async move { inner.wait_for(&run_id).await });
    while scheduler.metrics().await.unwrap().listeners == 0 && !waiting.is_finished() {
        tokio::task::yield_now().await;
    }
    waiting
}

#[tokio::test]
async fn a_run_that_was_asked_for_is_waited_for_until_its_last_attempt() {
    let (scheduler, clock) = started().await;
    let (mut held, job) = Held::new();
    let id = scheduler.add(every(1).hours().retries(2).run("held", job)).await.unwrap();
    let run_id = scheduler.run_job_now(id).await.unwrap();
    let waiting = waiting(&scheduler, run_id).await;
    for attempt in 1..=3 {
        assert_eq!(held.begins().await.attempt(), attempt);
        if attempt == 3 {
            held.succeed();
        } else {
            held.fail("boom");
            testing::quiet(&scheduler).await.unwrap();
            assert!(!waiting.is_finished(), "a retry follows attempt {attempt}");
            clock.advance(SECOND * 10);
        }
    }
    let last = waiting.await.unwrap().unwrap();
    assert_eq!((last.run_id, last.status), (RunId { attempt: 3, ..run_id }, RunStatus::Completed));
    // Each attempt is a name of the fire, in each form, also when it has ended.
    let first = runs(&scheduler).await.remove(0);
    assert_eq!((first.run_id, first.status), (run_id, RunStatus::Failed));
    assert_eq!(scheduler.wait_for(&first).await.unwrap(), last);
    assert_eq!(scheduler.wait_for(run_id.to_string()).await.unwrap(), last);
    assert_eq!(scheduler.wait_for(last.run_id).await.unwrap(), last);
    assert_eq!(last.run_count, 3);
}

#[tokio::test]
async fn a_run_that_fails_for_good_is_returned() {
    let (scheduler, clock) = started().await;
    let id = scheduler.add(every(1).hours().retries(1).call("fails")).await.unwrap();
    let run_id = scheduler.run_job_now(id).await.unwrap();
    let waiting = waiting(&scheduler, run_id).await;
    advance(&scheduler, &clock, 10).await;
    let last = waiting.await.unwrap().unwrap();
    assert_eq!((last.run_id.attempt, last.error.as_deref()), (2, Some("as always")));
    // The run of its dead letter is another fire.
    let retried = scheduler.retry_dead_letter(&last).await.unwrap();
    advance(&scheduler, &clock, 10).await;
    let last_of_letter = scheduler.wait_for(retried).await.unwrap();
    assert_eq!(last_of_letter.run_id, RunId { attempt: 2, ..retried });
    assert_eq!(scheduler.wait_for(run_id).await.unwrap(), last);
}

#[tokio::test]
async fn a_run_is_waited_for_from_before_the_start_and_while_its_job_is_paused() {
    let (builder, clock) = on_manual_clock();
    let scheduler = builder.build().await.unwrap();
    let id = scheduler.add(every(1).hours().retries(1).call("fails")).await.unwrap();
    let run_id = scheduler.run_job_now(id).await.unwrap();
    let waiting = waiting(&scheduler, run_id).await;
    scheduler.start().await.unwrap();
    testing::quiet(&scheduler).await.unwrap();
    scheduler.pause_job(id).await.unwrap();
    advance(&scheduler, &clock, 60).await;
    assert!(!waiting.is_finished(), "its retry is held");
    scheduler.resume_job(id).await.unwrap();
    advance(&scheduler, &clock, 1).await;
    assert_eq!(waiting.await.unwrap().unwrap().run_id, RunId { attempt: 2, ..run_id });
}

#[tokio::test]
async fn a_run_whose_job_is_cancelled_ends_with_the_record_of_that() {
    // It waits for its time, runs, or waits for its retry.
    for (is_started, fails) in [(false, false), (true, false), (true, true)] {
        let (builder, _clock) = on_manual_clock();
        let scheduler = builder.build().await.unwrap();
        let (mut held, job) = Held::new();
        let id = scheduler.add(every(1).hours().run("held", job)).await.unwrap();
        let run_id = scheduler.run_job_now(id).await.unwrap();
        let waiting = waiting(&scheduler, run_id).await;
        if is_started {
            scheduler.start().await.unwrap();
            held.begins().await;
        }
        if fails {
            held.fail("boom");
            testing::quiet(&scheduler).await.unwrap();
        }
        scheduler.cancel_job(id).await.unwrap();
        let last = waiting.await.unwrap().unwrap();
        let expected =
            (RunId { attempt: 1 + u32::from(fails), ..run_id }, Some("cancelled: the job was cancelled"));
        assert_eq!((last.run_id, last.error.as_deref()), expected, "{is_started} {fails}");
        // The job is gone, and the record of its schedule's end is another one.
        assert_eq!(scheduler.wait_for(run_id).await.unwrap(), last);
    }
}

#[tokio::test]
async fn a_stop_ends_the_wait_for_a_run_that_has_not_ended() {
    let storage = MemoryStorage::default();
    let (builder, clock) = on_manual_clock();
    let scheduler = builder.storage(storage.clone()).build().await.unwrap();
    let id = scheduler.add(every(1).hours().retries(1).call("fails")).await.unwrap();
    let run_id = scheduler.run_job_now(id).await.unwrap();
    scheduler.start().await.unwrap();
    testing::quiet(&scheduler).await.unwrap();
    let waiting = waiting(&scheduler, run_id).await;
    scheduler.stop().await.unwrap();
    let error = waiting.await.unwrap().unwrap_err();
    assert!(matches!(error, SchedulerError::StoppedFirst(open) if open == run_id), "{error}");
    assert_eq!(
        error.to_string(),
        format!("the scheduler stopped before run `{run_id}` had ended; it goes on at the next start")
    );
    let error = scheduler.wait_for(run_id).await.unwrap_err();
    assert!(matches!(error, SchedulerError::StoppedFirst(_)), "it has stopped already: {error}");

    let (builder, _) = on_manual_clock();
    let next = builder.storage(storage).clock(clock.clone()).build().await.unwrap();
    next.start().await.unwrap();
    advance(&next, &clock, 10).await;
    let last = next.wait_for(run_id).await.unwrap();
    assert_eq!(last.run_id.attempt, 2, "it went on");
    next.stop().await.unwrap();
    assert_eq!(next.wait_for(run_id).await.unwrap(), last, "what has ended is found after a stop too");
}

#[tokio::test]
async fn an_attempt_that_ends_during_the_stop_is_returned() {
    let (scheduler, _clock) = started().await;
    let (mut held, job) = Held::new();
    let id = scheduler.add(every(1).hours().run("held", job)).await.unwrap();
    let run_id = scheduler.run_job_now(id).await.unwrap();
    held.begins().await;
    let waiting = waiting(&scheduler, run_id).await;
    let (stopped, ()) = tokio::join!(scheduler.stop(), async {
        scheduler.stopping().await;
        held.succeed();
    });
    stopped.unwrap();
    assert_eq!(waiting.await.unwrap().unwrap().status, RunStatus::Completed);
}

#[tokio::test]
async fn what_is_no_run_is_an_error_that_says_so() {
    let (scheduler, clock) = started().await;
    let id = scheduler.add(every(10).seconds().run("tick", || async {})).await.unwrap();
    advance(&scheduler, &clock, 10).await;
    let ran = runs(&scheduler).await.remove(0).run_id;
    let to_come = RunId { scheduled_for: ran.scheduled_for + SECOND * 10, ..ran };
    let by_hand = RunId { trigger: Trigger::Manual, ..ran };
    for unknown in [to_come.to_string(), by_hand.to_string(), "job_7-m-1-1".to_owned(), "nothing".to_owned()]
    {
        let error = scheduler.wait_for(&unknown).await.unwrap_err();
        assert!(matches!(&error, SchedulerError::UnknownRun(id) if *id == unknown), "{error}");
    }
    // One that is made up for is the fire of the schedule.
    let made_up_for = RunId { trigger: Trigger::CatchUp, ..ran };
    assert_eq!(scheduler.wait_for(made_up_for).await.unwrap().run_id, ran);
    // The record of a skip is the end of its fires.
    scheduler.pause_job(id).await.unwrap();
    advance(&scheduler, &clock, 10).await;
    scheduler.resume_job(id).await.unwrap();
    let skipped = runs(&scheduler).await.remove(1);
    assert!(skipped.skipped.is_some() && skipped.is_final());
    assert_eq!(scheduler.wait_for(&skipped).await.unwrap(), skipped);
}

#[tokio::test]
async fn a_run_that_is_pruned_is_returned_once_or_found_among_the_dead_letters() {
    let (builder, clock) = on_manual_clock();
    let scheduler = builder.max_history(0).build().await.unwrap();
    scheduler.start().await.unwrap();
    let works = scheduler.add(every(1).hours().run("works", || async { Ok(7) })).await.unwrap();
    let (mut held, job) = Held::new();
    let id = scheduler.add(every(1).hours().retries(0).run("held", job)).await.unwrap();
    let run_id = scheduler.run_job_now(id).await.unwrap();
    held.begins().await;
    let waiting = waiting(&scheduler, run_id).await;
    held.fail("boom");
    assert_eq!(waiting.await.unwrap().unwrap().error.as_deref(), Some("boom"));
    assert_eq!(runs(&scheduler).await, []);
    assert_eq!(scheduler.wait_for(run_id).await.unwrap().run_id, run_id, "there is a dead letter");

    let run_id = scheduler.run_job_now(works).await.unwrap();
    assert_eq!(scheduler.wait_for(run_id).await.unwrap().result.as_deref(), Some("7"));
    advance(&scheduler, &clock, 1).await;
    let error = scheduler.wait_for(run_id).await.unwrap_err();
    assert!(matches!(error, SchedulerError::UnknownRun(_)), "it is no longer kept: {error}");
}

#[tokio::test]
async fn a_run_that_has_ended_is_found_without_reading_the_history() {
    let store = Faulty::default();
    let (builder, clock) = on_manual_clock();
    let scheduler = builder.storage(store.clone()).build().await.unwrap();
    scheduler.start().await.unwrap();
    let id = scheduler.add(every(1).hours().retries(1).call("fails")).await.unwrap();
    let run_id = scheduler.run_job_now(id).await.unwrap();
    advance(&scheduler, &clock, 60).await;
    store.breaks(&[Action::ReadHistory]);
    scheduler.history(HistoryQuery::default()).await.unwrap_err();
    let last = scheduler.wait_for(run_id).await.unwrap();
    assert_eq!(last.run_id, RunId { attempt: 2, ..run_id });
    let first = scheduler.find_run(run_id).await.unwrap().unwrap();
    assert_eq!((first.run_id, first.run_count), (run_id, 1));
}

#[tokio::test]
async fn a_job_may_wait_for_another_and_not_for_itself() {
    let (scheduler, clock) = started().await;
    let other = scheduler.add(every(1).hours().run("other", || async { Ok("done") })).await.unwrap();
    let inner = scheduler.clone();
    let waits = move |context: JobContext| {
        let scheduler = inner.clone();
        async move {
            let refused = scheduler.wait_for(context.run_id()).await.unwrap_err();
            assert!(matches!(refused, SchedulerError::WaitsForItself(_)), "{refused}");
            let run_id = scheduler.run_job_now(other).await?;
            anyhow::Ok(scheduler.wait_for(run_id).await?.run_id.to_string())
        }
    };
    scheduler.add(once(1).retries(0).run("waits", waits)).await.unwrap();
    advance(&scheduler, &clock, 1).await;
    let all = runs(&scheduler).await;
    assert_eq!(all.iter().map(|run| run.error.as_deref()).collect::<Vec<_>>(), [None, None]);
    assert_eq!(all[1].result, Some(format!("\"{}\"", all[0].run_id).into()));
}

#[tokio::test]
async fn one_who_missed_events_looks_again() {
    let (scheduler, clock) = started().await;
    let (mut held, job) = Held::new();
    let id = scheduler.add(every(1).hours().run("held", job)).await.unwrap();
    let noisy = scheduler.add(every(1).hours().run("noisy", || async {})).await.unwrap();
    let run_id = scheduler.run_job_now(id).await.unwrap();
    held.begins().await;
    let mut waiting = Box::pin(scheduler.wait_for(run_id));
    assert!(futures_util::poll!(&mut waiting).is_pending());
    held.succeed();
    while !runs(&scheduler).await.iter().any(|run| run.run_id == run_id) {
        tokio::task::yield_now().await;
    }
    for number in 0..2_000 {
        scheduler.update_job(noisy, JobUpdate::new().name(format!("noisy {number}"))).await.unwrap();
    }
    assert_eq!(waiting.await.unwrap().run_id, run_id);
    advance(&scheduler, &clock, 1).await;
}

#[test]
fn a_fire_whose_process_crashes_is_waited_for_in_the_next() {
    let world = World::default();
    let hangs = Arc::new(AtomicBool::new(true));
    let register = |scheduler: &Scheduler| {
        let hangs = Arc::clone(&hangs);
        let job = move |_: fastscheduler::Args| {
            let hangs = hangs.load(Ordering::Relaxed);
            async move {
                if hangs {
                    std::future::pending::<()>().await;
                }
            }
        };
        scheduler.register_function("hangs at first", job).unwrap();
    };
    let process = world.start();
    register(&process.scheduler);
    let id = process.add(every(1).hours().call("hangs at first"));
    let run_id = process.run(process.scheduler.run_job_now(id)).unwrap();
    process.settle();
    process.crash();
    hangs.store(false, Ordering::Relaxed);
    let process = world.build_with(|builder| builder);
    register(&process.scheduler);
    process.run(async {
        let waiting = waiting(&process.scheduler, run_id).await;
        process.scheduler.start().await.unwrap();
        let last = waiting.await.unwrap().unwrap();
        assert_eq!((last.run_id, last.status), (RunId { attempt: 2, ..run_id }, RunStatus::Completed));
    });
}
