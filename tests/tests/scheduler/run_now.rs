//! Running jobs now.

use std::time::Duration;

use fastscheduler::prelude::*;
use fastscheduler::testing::{self};
use fastscheduler::{JobStatus, Overlap, RunStatus, Trigger};
use fastscheduler_tests::faulty::{Action, Faulty};
use fastscheduler_tests::fires::{Fate, fires, second};
use fastscheduler_tests::held::Held;
use fastscheduler_tests::{advance, on_manual_clock, outline, runs, started};

const DONE: Fate = Fate::Completed;
const OVERLAP: Fate = Fate::Skipped("overlap");

#[tokio::test]
async fn run_now_adds_a_fire_of_its_own_and_does_not_move_the_schedule() {
    let (scheduler, clock) = started().await;
    let id = scheduler.add(every(10).seconds().run("tick", || async {})).await.unwrap();
    advance(&scheduler, &clock, 14).await;
    let run_id = scheduler.run_job_now(&id).await.unwrap();
    testing::quiet(&scheduler).await.unwrap();
    let all = runs(&scheduler).await;
    assert_eq!(
        (all[1].run_id, all[1].run_id.trigger, all[1].scheduled_for()),
        (run_id, Trigger::Manual, second(14))
    );
    assert_eq!(scheduler.job(&id).await.unwrap().unwrap().next_run_at(), Some(second(20)));
    advance(&scheduler, &clock, 6).await;
    assert_eq!(fires(&scheduler, id, 10).await, [(10, DONE), (20, DONE)]);
    assert_eq!(scheduler.job(&id).await.unwrap().unwrap().run_count(), 3);
}

#[tokio::test]
async fn run_now_runs_a_paused_job_which_stays_paused() {
    let (scheduler, clock) = started().await;
    let id = scheduler.add(every(10).seconds().run("tick", || async {})).await.unwrap();
    scheduler.pause_job(&id).await.unwrap();
    advance(&scheduler, &clock, 14).await;
    scheduler.run_job_now(&id).await.unwrap();
    advance(&scheduler, &clock, 30).await;
    assert_eq!(outline(&scheduler).await, [(RunStatus::Completed, 14)]);
    assert_eq!(scheduler.job(&id).await.unwrap().unwrap().status(), JobStatus::Paused);
}

#[tokio::test]
async fn run_now_of_a_job_that_is_being_added_does_not_say_that_its_function_is_missing() {
    let store = Faulty::default();
    let (builder, _clock) = on_manual_clock();
    let scheduler = builder.storage(store.clone()).build().await.unwrap();
    scheduler.register_function("job", async || {}).unwrap();
    scheduler.start().await.unwrap();
    let answer = store.holds(Action::Add);
    let adding = tokio::spawn({
        let scheduler = scheduler.clone();
        async move { scheduler.add(every(10).seconds().call("job")).await }
    });
    while scheduler.jobs().await.unwrap().is_empty() {
        tokio::task::yield_now().await;
    }
    let refused = scheduler.run_job_now("job_0").await.unwrap_err().to_string();
    assert!(refused.contains("no job") && refused.contains("job_0"), "{refused}");
    answer.notify_one();
    let id = adding.await.unwrap().unwrap();
    scheduler.run_job_now(id).await.unwrap();
}

#[tokio::test]
async fn run_now_is_refused_while_the_job_runs() {
    for overlap in [Overlap::Skip, Overlap::Queue, Overlap::Cancel] {
        let (scheduler, clock) = started().await;
        let (mut held, job) = Held::new();
        let id = scheduler.add(every(10).seconds().overlap(overlap).run("held", job)).await.unwrap();
        clock.advance(Duration::from_secs(10));
        held.begins().await;
        let refused = scheduler.run_job_now(&id).await.unwrap_err().to_string();
        assert_eq!(refused, "job `held` is already running; wait for it, or give it `overlap = \"allow\"`");
        held.succeed();
        testing::quiet(&scheduler).await.unwrap();
        scheduler.run_job_now(&id).await.unwrap();
        held.begins().await;
        assert!(scheduler.run_job_now(&id).await.is_err(), "a run of its own is a run");
        held.succeed();
        testing::quiet(&scheduler).await.unwrap();
        assert_eq!(runs(&scheduler).await.len(), 2);
    }
}

#[tokio::test]
async fn run_now_runs_a_job_beside_itself_that_allows_overlap() {
    let (scheduler, _clock) = started().await;
    let (mut held, job) = Held::new();
    let id = scheduler.add(every(1).hours().overlap(Overlap::Allow).run("held", job)).await.unwrap();
    let asked = [scheduler.run_job_now(&id).await.unwrap(), scheduler.run_job_now(&id).await.unwrap()];
    assert_ne!(asked[0], asked[1]);
    let mut begun = [held.begins().await.run_id(), held.begins().await.run_id()];
    begun.sort();
    assert_eq!(begun, asked);
    held.succeed();
    held.succeed();
    testing::quiet(&scheduler).await.unwrap();
}

#[tokio::test]
async fn a_fire_that_comes_due_during_a_run_that_was_asked_for_is_an_overlap() {
    for overlap in [Overlap::Skip, Overlap::Queue] {
        let (scheduler, clock) = started().await;
        let (mut held, job) = Held::new();
        let id = scheduler.add(every(10).seconds().overlap(overlap).run("held", job)).await.unwrap();
        clock.advance(Duration::from_secs(5));
        scheduler.run_job_now(&id).await.unwrap();
        held.begins().await;
        clock.advance(Duration::from_secs(20));
        let_it_work().await;
        assert!(!held.has_begun(), "{overlap:?} lets no fire run beside it");
        held.succeed();
        let ten = if overlap == Overlap::Queue {
            assert_eq!(held.begins().await.scheduled_for(), second(10));
            held.succeed();
            DONE
        } else {
            OVERLAP
        };
        testing::quiet(&scheduler).await.unwrap();
        assert_eq!(fires(&scheduler, id, 10).await, [(10, ten), (20, OVERLAP)], "{overlap:?}");
        held.succeed();
        advance(&scheduler, &clock, 5).await;
        assert_eq!(fires(&scheduler, id, 10).await.last(), Some(&(30, DONE)), "{overlap:?}");
    }
}

#[tokio::test]
async fn a_run_that_was_asked_for_is_retried_and_makes_a_dead_letter_as_any() {
    let (scheduler, clock) = started().await;
    let failing = || async { anyhow::Result::<()>::Err(anyhow::anyhow!("boom")) };
    let id = scheduler.add(every(1).hours().retries(1).run("failing", failing)).await.unwrap();
    let asked = scheduler.run_job_now(&id).await.unwrap();
    advance(&scheduler, &clock, 10).await;
    let all = runs(&scheduler).await;
    assert_eq!(all.iter().map(|run| run.run_id.attempt).collect::<Vec<_>>(), [1, 2]);
    assert!(all.iter().all(|run| run.scheduled_for() == asked.scheduled_for));
    assert_eq!(scheduler.dead_letters(10).await.unwrap()[0].run.run_id, all[1].run_id);
}

#[tokio::test]
async fn run_now_between_two_attempts_of_a_fire_disturbs_neither() {
    let (scheduler, clock) = started().await;
    let (mut held, job) = Held::new();
    let id = scheduler.add(every(1).hours().run("held", job)).await.unwrap();
    clock.advance(Duration::from_secs(3_600));
    held.begins().await;
    held.fail("first");
    testing::quiet(&scheduler).await.unwrap();
    scheduler.run_job_now(&id).await.unwrap();
    assert_eq!(held.begins().await.run_id().trigger, Trigger::Manual);
    clock.advance(Duration::from_secs(60));
    let_it_work().await;
    assert!(!held.has_begun());
    held.succeed();
    let retry = held.begins().await;
    assert_eq!((retry.attempt(), retry.scheduled_for()), (2, second(3_600)));
    held.succeed();
    advance(&scheduler, &clock, 1).await;
    assert_eq!(scheduler.job(&id).await.unwrap().unwrap().next_run_at(), Some(second(7_200)));
    assert_eq!(runs(&scheduler).await.len(), 3);
}

#[tokio::test]
async fn run_now_of_a_one_time_job_leaves_its_fire_to_come() {
    let (scheduler, clock) = started().await;
    let id = scheduler.add(once(60).run("later", || async {})).await.unwrap();
    scheduler.run_job_now(&id).await.unwrap();
    testing::quiet(&scheduler).await.unwrap();
    assert!(scheduler.job(&id).await.unwrap().is_some());
    advance(&scheduler, &clock, 60).await;
    assert_eq!(outline(&scheduler).await, [(RunStatus::Completed, 0), (RunStatus::Completed, 60)]);
    assert_eq!(scheduler.job(&id).await.unwrap(), None);
}

#[tokio::test]
async fn a_run_that_is_asked_for_before_the_start_runs_at_the_start() {
    let (builder, _clock) = on_manual_clock();
    let scheduler = builder.build().await.unwrap();
    let id = scheduler.add(every(1).hours().run("tick", || async {})).await.unwrap();
    let asked = scheduler.run_job_now(&id).await.unwrap();
    scheduler.start().await.unwrap();
    testing::quiet(&scheduler).await.unwrap();
    assert_eq!(runs(&scheduler).await.iter().map(|run| run.run_id).collect::<Vec<_>>(), [asked]);
}

/// Lets the engine do what there is to do.
async fn let_it_work() {
    for _ in 0..50 {
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn run_now_runs_a_job_whose_last_run_waits_for_its_retry() {
    let (scheduler, clock) = started().await;
    let id = scheduler.add(every(1).hours().retries(2).call("fails")).await.unwrap();
    let first = scheduler.run_job_now(&id).await.unwrap();
    testing::quiet(&scheduler).await.unwrap();
    let second = scheduler.run_job_now(&id).await.unwrap();
    testing::quiet(&scheduler).await.unwrap();
    // The retries that a pause holds do not keep it from running either.
    scheduler.pause_job(&id).await.unwrap();
    advance(&scheduler, &clock, 10).await;
    let third = scheduler.run_job_now(&id).await.unwrap();
    testing::quiet(&scheduler).await.unwrap();
    let ids: Vec<_> = runs(&scheduler).await.iter().map(|run| run.run_id).collect();
    assert_eq!(ids, [first, second, third]);
    scheduler.resume_job(&id).await.unwrap();
    advance(&scheduler, &clock, 10).await;
    assert_eq!(runs(&scheduler).await.len(), 9, "each has all its attempts");
    assert_eq!(scheduler.dead_letters(9).await.unwrap().len(), 3);
}
