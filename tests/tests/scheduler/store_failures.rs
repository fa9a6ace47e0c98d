//! A store that fails for a while: nothing is lost, stuck, or said and not done.

use std::time::Duration;

use chrono::TimeDelta;
use fastscheduler::prelude::*;
use fastscheduler::storage::Storage as _;
use fastscheduler::testing::{self, ManualClock};
use fastscheduler::{Clock as _, Event, JobId, Overlap, ProblemCode, RunStatus, SchedulerError, Trigger};
use fastscheduler_tests::faulty::{Action, Fault, Faulty};
use fastscheduler_tests::held::Held;
use fastscheduler_tests::{monday, on_manual_clock, runs};

const MINUTE: Duration = Duration::from_secs(60);

async fn built() -> (Scheduler, ManualClock, Faulty) {
    let store = Faulty::default();
    let (builder, clock) = on_manual_clock();
    (builder.storage(store.clone()).build().await.unwrap(), clock, store)
}

/// A scheduler with a job for each minute.
async fn started() -> (Scheduler, ManualClock, Faulty, JobId) {
    let (scheduler, clock, store) = built().await;
    scheduler.start().await.unwrap();
    let id = scheduler.add(every(1).minutes().run("job", || async {})).await.unwrap();
    (scheduler, clock, store, id)
}

async fn completed(scheduler: &Scheduler) -> usize {
    runs(scheduler).await.iter().filter(|run| run.status == RunStatus::Completed).count()
}

/// Lets `task` go on, a second at a time, until it is done.
async fn as_time_goes_by<T>(clock: &ManualClock, task: impl Future<Output = T>) -> T {
    let seconds = async {
        for _ in 0..100 {
            for _ in 0..50 {
                tokio::task::yield_now().await;
            }
            clock.advance(Duration::from_secs(1));
        }
    };
    tokio::select! {
        done = task => done,
        () = seconds => panic!("it is stuck"),
    }
}

#[tokio::test]
async fn a_pause_that_is_stored_and_cannot_be_read_again_at_once_holds() {
    let (scheduler, clock, store, id) = started().await;
    let answer = store.holds(Action::Revise);
    let fails = async {
        tokio::task::yield_now().await;
        store.once(Action::ReadJob, Fault::Fails);
        answer.notify_one();
    };
    let (paused, ()) = as_time_goes_by(&clock, async { tokio::join!(scheduler.pause_job(id), fails) }).await;
    paused.unwrap();
    testing::advance(&scheduler, &clock, MINUTE).await.unwrap();
    assert_eq!(completed(&scheduler).await, 0);
}

#[tokio::test]
async fn a_job_whose_addition_failed_is_not_there_though_only_the_answer_was_lost() {
    let (scheduler, _clock, store, id) = started().await;
    store.once(Action::Add, Fault::AnswerIsLost);
    scheduler.add(every(1).seconds().run("other", async || {})).await.unwrap_err();
    let jobs = scheduler.jobs().await.unwrap();
    assert_eq!(jobs.iter().map(fastscheduler::Job::id).collect::<Vec<_>>(), [id]);
}

#[tokio::test]
async fn a_pause_whose_answer_was_lost_holds_when_it_is_repeated() {
    let (scheduler, clock, store, id) = started().await;
    store.once(Action::Revise, Fault::AnswerIsLost);
    scheduler.pause_job(id).await.unwrap_err();
    assert!(scheduler.job(id).await.unwrap().unwrap().is_paused());
    testing::advance(&scheduler, &clock, MINUTE).await.unwrap();
    assert_eq!(completed(&scheduler).await, 0, "it is as it says");
    scheduler.pause_job(id).await.unwrap();
    testing::advance(&scheduler, &clock, MINUTE).await.unwrap();
    assert_eq!(completed(&scheduler).await, 0);
}

#[tokio::test]
async fn a_cancellation_whose_answer_was_lost_holds_when_it_is_repeated() {
    let (scheduler, clock, store, id) = started().await;
    store.once(Action::Remove, Fault::AnswerIsLost);
    scheduler.cancel_job(id).await.unwrap_err();
    assert_eq!(scheduler.jobs().await.unwrap(), []);
    testing::advance(&scheduler, &clock, MINUTE).await.unwrap();
    assert_eq!(completed(&scheduler).await, 0, "it is gone");
    let gone = scheduler.cancel_job(id).await.unwrap_err();
    assert!(matches!(gone, SchedulerError::UnknownJob(_)), "{gone}");
    testing::advance(&scheduler, &clock, MINUTE).await.unwrap();
    assert_eq!(completed(&scheduler).await, 0);
}

#[tokio::test]
async fn a_run_that_was_asked_for_runs_though_the_answer_was_lost() {
    let (scheduler, _clock, store, id) = started().await;
    store.once(Action::Open, Fault::AnswerIsLost);
    scheduler.run_job_now(id).await.unwrap_err();
    testing::quiet(&scheduler).await.unwrap();
    assert_eq!(completed(&scheduler).await, 1);
    testing::audit(store.inner()).zone(chrono_tz::UTC).await.unwrap().assert_clean();
    assert_eq!(store.inner().load().await.unwrap().open, [], "nothing is open");
}

#[tokio::test]
async fn a_letter_that_was_retried_runs_though_its_job_is_gone_and_the_answer_was_lost() {
    let (scheduler, _clock, store, _) = started().await;
    let fails = || async { Err::<(), _>(Permanent::new(anyhow::anyhow!("no")).into()) };
    let id = scheduler.add(every(1).hours().run("fails", fails)).await.unwrap();
    let failed = scheduler.run_job_now(id).await.unwrap();
    testing::quiet(&scheduler).await.unwrap();
    scheduler.cancel_job(id).await.unwrap();
    store.once(Action::Open, Fault::AnswerIsLost);
    scheduler.retry_dead_letter(failed).await.unwrap_err();
    testing::quiet(&scheduler).await.unwrap();
    let letters = scheduler.dead_letters(9).await.unwrap();
    let again: Vec<_> = letters.iter().map(|letter| letter.run.run_id.trigger).collect();
    assert_eq!(again, [Trigger::Retry], "it ran, and has failed once more");
}

#[tokio::test]
async fn a_start_that_failed_can_be_made_again_and_loses_no_record() {
    let (scheduler, clock, store) = built().await;
    let missed = once(1).no_catch_up().run("missed", || async {});
    let id = scheduler.add(missed).await.unwrap();
    clock.advance(MINUTE);
    store.once(Action::Skip, Fault::Fails);
    scheduler.start().await.unwrap_err();
    assert!(!scheduler.is_running());
    scheduler.start().await.unwrap();
    testing::quiet(&scheduler).await.unwrap();
    assert_eq!(scheduler.job(id).await.unwrap(), None, "it has ended");
    let first = monday() + TimeDelta::seconds(1);
    assert_eq!(runs(&scheduler).await[0].scheduled_for(), first);
    testing::audit(store.inner()).zone(chrono_tz::UTC).until(clock.now()).await.unwrap().assert_clean();
}

#[tokio::test]
async fn history_that_cannot_be_pruned_keeps_no_job_from_running() {
    let (scheduler, clock, store, id) = started().await;
    store.breaks(&[Action::Prune]);
    as_time_goes_by(&clock, scheduler.run_job_now(id)).await.unwrap();
    let ran = async {
        while completed(&scheduler).await == 0 {
            tokio::task::yield_now().await;
        }
    };
    as_time_goes_by(&clock, ran).await;
    as_time_goes_by(&clock, scheduler.pause_job(id)).await.unwrap();
    as_time_goes_by(&clock, scheduler.stop()).await.unwrap();
}

#[tokio::test]
async fn a_scheduler_whose_store_is_gone_stops_all_the_same() {
    for broken in [
        vec![Action::Other],
        vec![Action::IsFinal],
        vec![Action::Claim],
        vec![Action::Skip],
        vec![Action::End],
        vec![Action::Prune],
    ] {
        let (scheduler, clock, store, _) = started().await;
        let (mut held, job) = Held::new();
        let id = scheduler.add(every(1).hours().run("held", job)).await.unwrap();
        scheduler.run_job_now(id).await.unwrap();
        held.begins().await;
        clock.advance(MINUTE);
        store.breaks(&broken);
        tokio::task::yield_now().await;
        held.succeed();
        as_time_goes_by(&clock, scheduler.stop_within(Duration::from_secs(5))).await.unwrap();
    }
}

#[tokio::test]
async fn what_failed_to_be_claimed_or_recorded_is_when_the_store_works_again() {
    for broken in [Action::Other, Action::Claim, Action::End, Action::Prune] {
        let (scheduler, clock, store, _) = started().await;
        store.breaks(&[broken]);
        for _ in 0..150 {
            clock.advance(Duration::from_secs(1));
            for _ in 0..20 {
                tokio::task::yield_now().await;
            }
        }
        store.is_mended();
        clock.advance(Duration::from_secs(1));
        testing::advance(&scheduler, &clock, MINUTE).await.unwrap();
        let now = clock.now();
        testing::audit(store.inner()).zone(chrono_tz::UTC).until(now).await.unwrap().assert_clean();
    }
}

#[tokio::test]
async fn a_schedule_that_is_given_to_a_job_while_its_last_fire_ends_holds() {
    let (scheduler, clock, store) = built().await;
    scheduler.start().await.unwrap();
    let (mut held, job) = Held::new();
    let id = scheduler.add(once(1).run("held", job)).await.unwrap();
    clock.advance(Duration::from_secs(1));
    held.begins().await;
    let answer = store.holds(Action::Revise);
    let ends = async {
        tokio::task::yield_now().await;
        held.succeed();
        while completed(&scheduler).await == 0 {
            tokio::task::yield_now().await;
        }
        for _ in 0..20 {
            tokio::task::yield_now().await;
        }
        answer.notify_one();
    };
    let update = fastscheduler::JobUpdate::new().schedule(every(1).minutes());
    let (updated, ()) = tokio::join!(scheduler.update_job(id, update), ends);
    updated.unwrap();
    let job = scheduler.job(id).await.unwrap().expect("it has fires to come");
    assert_eq!(job.next_run_at(), Some(clock.now() + TimeDelta::minutes(1)));
    clock.advance(MINUTE);
    held.begins().await;
}

#[tokio::test]
async fn a_job_that_ends_while_a_change_of_it_fails_is_removed() {
    let (scheduler, clock, store) = built().await;
    scheduler.start().await.unwrap();
    let (mut held, job) = Held::new();
    let id = scheduler.add(once(1).run("held", job)).await.unwrap();
    clock.advance(Duration::from_secs(1));
    held.begins().await;
    let answer = store.holds(Action::Revise);
    let ends = async {
        tokio::task::yield_now().await;
        held.succeed();
        while completed(&scheduler).await == 0 {
            tokio::task::yield_now().await;
        }
        answer.notify_one();
    };
    let (paused, ()) = tokio::join!(scheduler.pause_job(id), ends);
    paused.unwrap();
    testing::quiet(&scheduler).await.unwrap();
    assert_eq!(scheduler.job(id).await.unwrap(), None);
}

#[tokio::test]
async fn a_paused_job_that_is_given_a_schedule_during_its_last_fire_stays() {
    let (scheduler, clock, _store) = built().await;
    scheduler.start().await.unwrap();
    let (mut held, job) = Held::new();
    let id = scheduler.add(once(1).run("held", job)).await.unwrap();
    clock.advance(Duration::from_secs(1));
    held.begins().await;
    scheduler.pause_job(id).await.unwrap();
    scheduler.update_job(id, fastscheduler::JobUpdate::new().schedule(every(1).minutes())).await.unwrap();
    held.succeed();
    testing::quiet(&scheduler).await.unwrap();
    scheduler.resume_job(id).await.unwrap();
    clock.advance(MINUTE);
    held.begins().await;
}

#[tokio::test]
async fn a_store_that_fails_is_a_problem_while_it_does() {
    let (scheduler, clock, store, _id) = started().await;
    let codes = async || {
        let problems = scheduler.problems().await.unwrap();
        problems.iter().map(|problem| problem.code).collect::<Vec<_>>()
    };
    assert_eq!(codes().await, []);
    store.once(Action::End, Fault::Fails);
    clock.advance(MINUTE);
    for _ in 0..100 {
        tokio::task::yield_now().await;
    }
    assert_eq!(codes().await, [ProblemCode::StoreFailing]);
    let problem = scheduler.problems().await.unwrap().remove(0);
    assert_eq!((problem.since, problem.job), (monday() + MINUTE, None));
    assert!(problem.to_string().starts_with("the store or the queue fails: "), "{problem}");
    as_time_goes_by(&clock, testing::quiet(&scheduler)).await.unwrap();
    assert_eq!(codes().await, []);
    let counted = scheduler.metrics().await.unwrap().problems[&ProblemCode::StoreFailing];
    assert_eq!((counted.begun, counted.present), (1, 0));
}

#[tokio::test]
async fn listeners_are_told_when_a_problem_begins_and_when_it_is_over() {
    let (scheduler, clock, store, _id) = started().await;
    let mut events = scheduler.subscribe();
    store.once(Action::End, Fault::Fails);
    clock.advance(MINUTE);
    as_time_goes_by(&clock, testing::quiet(&scheduler)).await.unwrap();
    let mut told = Vec::new();
    while let Some(event) = events.try_next() {
        match event {
            Event::ProblemBegan(problem) => told.push(("began", problem)),
            Event::ProblemEnded(problem) => told.push(("ended", problem)),
            _ => {}
        }
    }
    let [("began", began), ("ended", ended)] = &told[..] else { panic!("{told:?}") };
    assert_eq!((began.code, began.since), (ProblemCode::StoreFailing, monday() + MINUTE));
    assert_eq!(began, ended);
}

#[tokio::test]
async fn a_store_that_takes_claims_and_no_outcomes_is_one_problem() {
    let (scheduler, clock, store, _id) = started().await;
    for name in ["one", "two"] {
        let often = every(1).seconds().overlap(Overlap::Allow);
        scheduler.add(often.run(name, || async {})).await.unwrap();
    }
    store.breaks(&[Action::End]);
    for second in 0..20 {
        clock.advance(Duration::from_secs(1));
        for _ in 0..50 {
            tokio::task::yield_now().await;
        }
        let problems = scheduler.problems().await.unwrap();
        assert_eq!(problems.len(), 1, "after {second} s");
        assert_eq!(problems[0].since, monday() + Duration::from_secs(1));
    }
    store.is_mended();
    as_time_goes_by(&clock, testing::quiet(&scheduler)).await.unwrap();
    let counted = scheduler.metrics().await.unwrap().problems[&ProblemCode::StoreFailing];
    assert_eq!((counted.begun, counted.present), (1, 0));
}
