//! Pausing and resuming jobs.

use std::time::Duration;

use fastscheduler::prelude::*;
use fastscheduler::storage::{MemoryStorage, Storage as _};
use fastscheduler::testing::{self};
use fastscheduler::{JobStatus, Overlap, RunStatus};
use fastscheduler_tests::fires::{Fate, fires, second};
use fastscheduler_tests::held::Held;
use fastscheduler_tests::{advance, on_manual_clock, outline, runs, started};

const PAUSED: Fate = Fate::Skipped("paused");
const OVERLAP: Fate = Fate::Skipped("overlap");

#[tokio::test]
async fn pause_keeps_the_job_and_its_fires_while_paused_are_one_record_written_at_resume() {
    let (scheduler, clock) = started().await;
    let id = scheduler.add(every(10).seconds().run("tick", || async {})).await.unwrap();
    advance(&scheduler, &clock, 15).await;
    scheduler.pause_job(&id).await.unwrap();
    advance(&scheduler, &clock, 30).await;
    let job = scheduler.job(&id).await.unwrap().unwrap();
    assert_eq!((job.status(), job.is_paused(), job.next_run_at()), (JobStatus::Paused, true, None));
    assert_eq!(outline(&scheduler).await, [(RunStatus::Completed, 10)]);
    scheduler.resume_job(&id).await.unwrap();
    assert_eq!(outline(&scheduler).await, [(RunStatus::Completed, 10), (RunStatus::Missed, 20)]);
    let skipped = runs(&scheduler).await[1].skipped.clone().unwrap();
    assert_eq!((skipped.count, skipped.first, skipped.last), (3, second(20), second(40)));
}

#[tokio::test]
async fn resume_takes_the_next_regular_fire() {
    let (scheduler, clock) = started().await;
    let id = scheduler.add(every(10).seconds().run("tick", || async {})).await.unwrap();
    scheduler.pause_job(&id).await.unwrap();
    advance(&scheduler, &clock, 25).await;
    scheduler.resume_job(&id).await.unwrap();
    assert_eq!(scheduler.job(&id).await.unwrap().unwrap().next_run_at(), Some(second(30)));
    advance(&scheduler, &clock, 10).await;
    assert_eq!(fires(&scheduler, id, 10).await, [(10, PAUSED), (20, PAUSED), (30, Fate::Completed)]);
}

#[tokio::test]
async fn a_pause_between_two_fires_leaves_no_record() {
    let (scheduler, clock) = started().await;
    let id = scheduler.add(every(10).seconds().run("tick", || async {})).await.unwrap();
    advance(&scheduler, &clock, 12).await;
    scheduler.pause_job(&id).await.unwrap();
    advance(&scheduler, &clock, 5).await;
    scheduler.resume_job(&id).await.unwrap();
    advance(&scheduler, &clock, 5).await;
    assert_eq!(fires(&scheduler, id, 10).await, [(10, Fate::Completed), (20, Fate::Completed)]);
}

#[tokio::test]
async fn pause_holds_a_waiting_retry_until_resume() {
    let (scheduler, clock) = started().await;
    let (mut held, job) = Held::new();
    let id = scheduler.add(every(1).hours().run("held", job)).await.unwrap();
    clock.advance(Duration::from_secs(3_600));
    held.begins().await;
    held.fail("first");
    testing::quiet(&scheduler).await.unwrap();
    scheduler.pause_job(&id).await.unwrap();
    advance(&scheduler, &clock, 600).await;
    assert!(!held.has_begun());
    scheduler.resume_job(&id).await.unwrap();
    assert_eq!(held.begins().await.attempt(), 2);
    held.succeed();
    testing::quiet(&scheduler).await.unwrap();
    assert_eq!(outline(&scheduler).await, [(RunStatus::Failed, 3_600), (RunStatus::Completed, 3_600)]);
    assert_eq!(scheduler.job(&id).await.unwrap().unwrap().next_run_at(), Some(second(7_200)));
}

#[tokio::test]
async fn an_attempt_that_fails_while_its_job_is_paused_is_retried_after_resume() {
    let (scheduler, clock) = started().await;
    let (mut held, job) = Held::new();
    let id = scheduler.add(every(1).hours().run("held", job)).await.unwrap();
    clock.advance(Duration::from_secs(3_600));
    held.begins().await;
    scheduler.pause_job(&id).await.unwrap();
    held.fail("first");
    advance(&scheduler, &clock, 600).await;
    assert!(!held.has_begun());
    scheduler.resume_job(&id).await.unwrap();
    assert_eq!(held.begins().await.attempt(), 2);
    held.succeed();
    testing::quiet(&scheduler).await.unwrap();
}

#[tokio::test]
async fn a_job_that_is_paused_while_it_runs_goes_on_to_the_end_of_its_run() {
    let (scheduler, clock) = started().await;
    let (mut held, job) = Held::new();
    let id = scheduler.add(every(10).seconds().run("held", job)).await.unwrap();
    clock.advance(Duration::from_secs(10));
    let context = held.begins().await;
    scheduler.pause_job(&id).await.unwrap();
    clock.advance(Duration::from_secs(15));
    assert!(!context.is_cancelled());
    held.succeed();
    advance(&scheduler, &clock, 10).await;
    assert!(!held.has_begun());
    scheduler.resume_job(&id).await.unwrap();
    advance(&scheduler, &clock, 4).await;
    assert_eq!(fires(&scheduler, id, 10).await, [(10, Fate::Completed), (20, PAUSED), (30, PAUSED)]);
    assert_eq!(scheduler.job(&id).await.unwrap().unwrap().next_run_at(), Some(second(40)));
}

#[tokio::test]
async fn a_job_that_is_paused_and_resumed_while_it_runs_loses_no_fire() {
    for overlap in [Overlap::Skip, Overlap::Queue] {
        let (scheduler, clock) = started().await;
        let (mut held, job) = Held::new();
        let id = scheduler.add(every(10).seconds().overlap(overlap).run("held", job)).await.unwrap();
        clock.advance(Duration::from_secs(10));
        held.begins().await;
        scheduler.pause_job(&id).await.unwrap();
        clock.advance(Duration::from_secs(35));
        scheduler.resume_job(&id).await.unwrap();
        clock.advance(Duration::from_secs(17));
        held.succeed();
        if overlap == Overlap::Queue {
            assert_eq!(held.begins().await.scheduled_for(), second(50));
            held.succeed();
        }
        testing::quiet(&scheduler).await.unwrap();
        let fifty = if overlap == Overlap::Queue { Fate::Completed } else { OVERLAP };
        let expected =
            [(10, Fate::Completed), (20, PAUSED), (30, PAUSED), (40, PAUSED), (50, fifty), (60, OVERLAP)];
        assert_eq!(fires(&scheduler, id, 10).await, expected, "{overlap:?}");
        held.succeed();
        advance(&scheduler, &clock, 10).await;
        assert_eq!(fires(&scheduler, id, 10).await.last(), Some(&(70, Fate::Completed)), "{overlap:?}");
    }
}

#[tokio::test]
async fn a_retry_that_was_held_keeps_the_next_fire_waiting_after_resume() {
    let (scheduler, clock) = started().await;
    let (mut held, job) = Held::new();
    let id = scheduler.add(every(10).seconds().run("held", job)).await.unwrap();
    clock.advance(Duration::from_secs(10));
    held.begins().await;
    held.fail("first");
    testing::quiet(&scheduler).await.unwrap();
    scheduler.pause_job(&id).await.unwrap();
    advance(&scheduler, &clock, 15).await;
    scheduler.resume_job(&id).await.unwrap();
    held.begins().await;
    clock.advance(Duration::from_secs(20));
    held.succeed();
    testing::quiet(&scheduler).await.unwrap();
    let expected = [(10, Fate::Completed), (20, PAUSED), (30, OVERLAP), (40, OVERLAP)];
    assert_eq!(fires(&scheduler, id, 10).await, expected);
}

#[tokio::test]
async fn to_pause_a_paused_job_or_resume_one_that_is_not_changes_nothing() {
    let (scheduler, _clock) = started().await;
    let id = scheduler.add(every(10).seconds().run("tick", || async {})).await.unwrap();
    scheduler.resume_job(&id).await.unwrap();
    scheduler.pause_job(&id).await.unwrap();
    scheduler.pause_job(&id).await.unwrap();
    assert_eq!(scheduler.job(&id).await.unwrap().unwrap().revision(), 2);
}

#[tokio::test]
async fn control_of_an_unknown_id_is_an_error_that_says_so() {
    let (scheduler, _clock) = started().await;
    let unknown = "no job `job_7`; `jobs()` lists those there are";
    assert_eq!(scheduler.pause_job("job_7").await.unwrap_err().to_string(), unknown);
    assert_eq!(scheduler.resume_job("job_7").await.unwrap_err().to_string(), unknown);
    assert_eq!(scheduler.run_job_now("job_7").await.unwrap_err().to_string(), unknown);
    assert_eq!(scheduler.cancel_job("job_7").await.unwrap_err().to_string(), unknown);
    assert_eq!(scheduler.upcoming("job_7", 1).await.unwrap_err().to_string(), unknown);
    let nonsense = "no job `seven`; `jobs()` lists those there are";
    assert_eq!(scheduler.pause_job("seven").await.unwrap_err().to_string(), nonsense);
    assert_eq!(scheduler.job("seven").await.unwrap(), None);
}

#[tokio::test]
async fn a_one_time_job_that_was_paused_past_its_time_is_recorded_and_leaves() {
    let (scheduler, clock) = started().await;
    let id = scheduler.add(once(10).run("soon", || async {})).await.unwrap();
    scheduler.pause_job(&id).await.unwrap();
    advance(&scheduler, &clock, 20).await;
    assert!(scheduler.job(&id).await.unwrap().is_some());
    scheduler.resume_job(&id).await.unwrap();
    assert_eq!(fires(&scheduler, id, 10).await, [(10, PAUSED)]);
    assert_eq!(scheduler.job(&id).await.unwrap(), None);
}

#[tokio::test]
async fn a_job_that_is_added_disabled_is_paused_from_the_start() {
    let (scheduler, clock) = started().await;
    let id = scheduler.add(every(10).seconds().enabled(false).run("tick", || async {})).await.unwrap();
    advance(&scheduler, &clock, 15).await;
    assert_eq!(outline(&scheduler).await, []);
    scheduler.resume_job(&id).await.unwrap();
    advance(&scheduler, &clock, 5).await;
    assert_eq!(fires(&scheduler, id, 10).await, [(10, PAUSED), (20, Fate::Completed)]);
}

#[tokio::test]
async fn a_fire_that_waits_for_a_slot_does_not_run_once_its_job_is_paused() {
    let (builder, clock) = on_manual_clock();
    let scheduler = builder.max_concurrency(1).build().await.unwrap();
    scheduler.start().await.unwrap();
    let (mut held, job) = Held::new();
    scheduler.add(once(10).run("first", job)).await.unwrap();
    let id = scheduler.add(every(10).seconds().run("second", || async {})).await.unwrap();
    clock.advance(Duration::from_secs(10));
    held.begins().await;
    scheduler.pause_job(&id).await.unwrap();
    held.succeed();
    testing::quiet(&scheduler).await.unwrap();
    scheduler.resume_job(&id).await.unwrap();
    advance(&scheduler, &clock, 10).await;
    assert_eq!(fires(&scheduler, id, 10).await, [(10, PAUSED), (20, Fate::Completed)]);
}

#[tokio::test]
async fn a_job_stays_paused_over_a_restart_and_so_does_its_held_retry() {
    let storage = MemoryStorage::default();
    let (builder, clock) = on_manual_clock();
    let scheduler = builder.storage(storage.clone()).build().await.unwrap();
    scheduler.start().await.unwrap();
    let id = scheduler.add(every(10).seconds().retries(1).call("fails")).await.unwrap();
    advance(&scheduler, &clock, 10).await;
    scheduler.pause_job(&id).await.unwrap();
    scheduler.stop().await.unwrap();

    let (builder, clock) = on_manual_clock();
    clock.set(second(100));
    let scheduler = builder.storage(storage.clone()).build().await.unwrap();
    scheduler.start().await.unwrap();
    advance(&scheduler, &clock, 5).await;
    assert_eq!(outline(&scheduler).await, [(RunStatus::Failed, 10)]);
    assert_eq!(scheduler.job(&id).await.unwrap().unwrap().status(), JobStatus::Paused);
    assert_eq!(storage.load().await.unwrap().open.len(), 1);
    scheduler.resume_job(&id).await.unwrap();
    testing::quiet(&scheduler).await.unwrap();
    let all = runs(&scheduler).await;
    assert_eq!((all.len(), all[2].run_id.attempt, all[2].started_at), (3, 2, Some(second(105))));
    let paused: Vec<_> = fires(&scheduler, id, 10).await.into_iter().filter(|(_, f)| *f == PAUSED).collect();
    assert_eq!((paused.len(), paused[0].0, paused[8].0), (9, 20, 100));
}
