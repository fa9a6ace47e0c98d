//! Jobs that run at once.

use std::time::Duration;

use chrono::{DateTime, Utc};
use fastscheduler::prelude::*;
use fastscheduler::schedule::ScheduleSpec;
use fastscheduler::storage::MemoryStorage;
use fastscheduler::testing::{self, ManualClock};
use fastscheduler::{CatchUp, Clock as _, JobUpdate, Overlap, Run, RunStatus, SkipReason, Trigger};
use fastscheduler_tests::held::Held;
use fastscheduler_tests::{monday, on_manual_clock, outline, runs};

async fn built() -> (Scheduler, ManualClock, MemoryStorage) {
    let (builder, clock) = on_manual_clock();
    let storage = MemoryStorage::default();
    let scheduler = builder.storage(storage.clone()).build().await.unwrap();
    (scheduler, clock, storage)
}

async fn started() -> (Scheduler, ManualClock, MemoryStorage) {
    let (scheduler, clock, storage) = built().await;
    scheduler.start().await.unwrap();
    (scheduler, clock, storage)
}

/// For what and why the attempts of a job ran, and that they completed.
async fn completed(scheduler: &Scheduler) -> Vec<(DateTime<Utc>, Trigger)> {
    let of = |run: &Run| {
        assert_eq!(run.status, RunStatus::Completed, "{run:?}");
        (run.scheduled_for(), run.run_id.trigger)
    };
    runs(scheduler).await.iter().map(of).collect()
}

#[tokio::test]
async fn a_job_that_is_to_run_now_runs_once_without_time_passing() {
    for overlap in [Overlap::Skip, Overlap::Queue, Overlap::Allow, Overlap::Cancel] {
        for catch_up in [CatchUp::Once, CatchUp::All, CatchUp::None] {
            let (scheduler, clock, storage) = started().await;
            let job = now().overlap(overlap).catch_up(catch_up).timeout(Duration::from_secs(5)).retries(1);
            scheduler.add(job.run("rebuild", || async {})).await.unwrap();
            testing::quiet(&scheduler).await.unwrap();
            assert_eq!(
                completed(&scheduler).await,
                [(monday(), Trigger::Schedule)],
                "{overlap:?} {catch_up:?}"
            );
            assert!(scheduler.jobs().await.unwrap().is_empty());
            testing::advance(&scheduler, &clock, Duration::from_secs(3_600)).await.unwrap();
            assert_eq!(runs(&scheduler).await.len(), 1);
            testing::audit(&storage).await.unwrap().assert_clean();
        }
    }
}

#[tokio::test]
async fn it_takes_arguments_a_name_and_a_group_and_is_retried_like_any_job() {
    let (scheduler, clock, storage) = started().await;
    scheduler
        .register_function("maths::divide", |a: i64, b: i64| async move {
            anyhow::ensure!(b != 0, "division by zero");
            Ok(a / b)
        })
        .unwrap();
    scheduler.add(now().name("halve").group("maths").call("divide").args([84, 2])).await.unwrap();
    scheduler.add(now().name("fails").retries(1).call("divide").args([84, 0])).await.unwrap();
    testing::advance(&scheduler, &clock, Duration::from_secs(2)).await.unwrap();
    let runs = runs(&scheduler).await;
    let halved = runs.iter().find(|run| run.job_name == "halve").unwrap();
    assert_eq!((halved.result.as_deref(), &*halved.group), (Some("42"), "maths"));
    let failed: Vec<_> = runs.iter().filter_map(|run| run.error.as_deref()).collect();
    assert_eq!(failed, ["division by zero"; 2]);
    assert_eq!(scheduler.dead_letters(10).await.unwrap().len(), 1);
    assert!(scheduler.jobs().await.unwrap().is_empty());
    testing::audit(&storage).await.unwrap().assert_clean();
}

#[tokio::test]
async fn one_that_is_added_before_the_start_runs_at_the_start_and_was_not_missed() {
    for catch_up in [CatchUp::Once, CatchUp::All, CatchUp::None] {
        for minutes in [0, 10] {
            let (scheduler, clock, storage) = built().await;
            scheduler.add(now().catch_up(catch_up).run("rebuild", || async {})).await.unwrap();
            assert_eq!(scheduler.jobs().await.unwrap()[0].next_run_at(), Some(monday()));
            clock.advance(Duration::from_mins(minutes));
            assert!(runs(&scheduler).await.is_empty());
            scheduler.start().await.unwrap();
            testing::quiet(&scheduler).await.unwrap();
            assert_eq!(
                completed(&scheduler).await,
                [(monday(), Trigger::Schedule)],
                "{catch_up:?} {minutes}"
            );
            testing::audit(&storage).await.unwrap().assert_clean();
        }
    }
}

#[tokio::test]
async fn one_that_did_not_run_before_the_process_ended_is_caught_up_with_as_it_says() {
    for (catch_up, expected) in [
        (CatchUp::Once, RunStatus::Completed),
        (CatchUp::All, RunStatus::Completed),
        (CatchUp::None, RunStatus::Missed),
    ] {
        let (scheduler, clock, storage) = built().await;
        scheduler.add(now().catch_up(catch_up).call("quick")).await.unwrap();
        scheduler.stop().await.unwrap();
        clock.advance(Duration::from_secs(30));

        let builder = on_manual_clock().0.clock(clock.clone()).storage(storage.clone());
        let scheduler = builder.build().await.unwrap();
        scheduler.start().await.unwrap();
        testing::quiet(&scheduler).await.unwrap();
        assert_eq!(outline(&scheduler).await, [(expected, 0)], "{catch_up:?}");
        assert!(scheduler.jobs().await.unwrap().is_empty(), "{catch_up:?}");
        testing::audit(&storage).await.unwrap().assert_clean();
    }
}

/// A paused one-time job whose time comes has one record when it is resumed.
#[tokio::test]
async fn one_that_is_added_paused_does_what_a_delay_does() {
    for is_started in [true, false] {
        let mut records = Vec::new();
        for job in [now().definition().unwrap().into_builder(), once("1ms").definition().unwrap().into()] {
            let (scheduler, clock, storage) = if is_started { started().await } else { built().await };
            let id = scheduler.add(job.enabled(false).run("rebuild", || async {})).await.unwrap();
            if !is_started {
                scheduler.start().await.unwrap();
            }
            testing::advance(&scheduler, &clock, Duration::from_secs(5)).await.unwrap();
            assert!(runs(&scheduler).await.is_empty());
            scheduler.resume_job(&id).await.unwrap();
            testing::quiet(&scheduler).await.unwrap();
            assert_eq!(scheduler.job(&id).await.unwrap(), None);
            let skipped = runs(&scheduler).await.remove(0).skipped.unwrap();
            records.push((skipped.reason, skipped.count));
            testing::audit(&storage).await.unwrap().assert_clean();
        }
        assert_eq!(records, [(SkipReason::Paused, 1); 2]);
    }
}

#[tokio::test]
async fn the_same_key_is_the_same_job_until_it_has_ended() {
    let (scheduler, _, storage) = started().await;
    let (mut held, job) = Held::new();
    let rebuild = || now().key("rebuild").run("rebuild", job.clone());
    let id = scheduler.add(rebuild()).await.unwrap();
    held.begins().await;
    assert_eq!(scheduler.add(rebuild()).await.unwrap(), id);
    held.succeed();
    testing::quiet(&scheduler).await.unwrap();
    assert_ne!(scheduler.add(rebuild()).await.unwrap(), id);
    held.begins().await;
    held.succeed();
    testing::quiet(&scheduler).await.unwrap();
    assert_eq!(outline(&scheduler).await, [(RunStatus::Completed, 0); 2]);
    testing::audit(&storage).await.unwrap().assert_clean();
}

#[tokio::test]
async fn a_job_that_is_updated_to_run_now_runs_once_more_at_once_and_leaves() {
    let (scheduler, clock, storage) = started().await;
    let id = scheduler.add(every(10).seconds().run("often", || async {})).await.unwrap();
    testing::advance(&scheduler, &clock, Duration::from_secs(15)).await.unwrap();
    scheduler.update_job(&id, JobUpdate::new().schedule(now())).await.unwrap();
    testing::quiet(&scheduler).await.unwrap();
    let ran: Vec<_> = runs(&scheduler).await.into_iter().filter(|run| run.skipped.is_none()).collect();
    let ran: Vec<_> = ran.iter().map(Run::scheduled_for).collect();
    assert_eq!(ran, [monday() + Duration::from_secs(10), clock.now()]);
    assert_eq!(scheduler.job(&id).await.unwrap(), None);
    testing::audit(&storage).await.unwrap().assert_clean();
}

#[tokio::test]
async fn a_run_that_is_queued_when_the_schedule_becomes_now_runs_after_the_one_under_way() {
    let (scheduler, clock, storage) = started().await;
    let (mut held, job) = Held::new();
    let id = scheduler.add(every(10).seconds().overlap(Overlap::Queue).run("often", job)).await.unwrap();
    clock.advance(Duration::from_secs(10));
    held.begins().await;
    clock.advance(Duration::from_secs(3));
    scheduler.update_job(&id, JobUpdate::new().schedule(now())).await.unwrap();
    held.succeed();
    held.begins().await;
    held.succeed();
    testing::quiet(&scheduler).await.unwrap();
    assert_eq!(scheduler.job(&id).await.unwrap(), None);
    testing::audit(&storage).await.unwrap().assert_clean();
}

/// What waits for a slot when the clock is set back, or for the start, runs
/// once, and soon.
#[tokio::test]
async fn a_clock_that_is_set_back_neither_loses_nor_doubles_it() {
    let storage = MemoryStorage::default();
    let clock = ManualClock::new(monday());
    let builder = on_manual_clock().0.storage(storage.clone()).clock(clock.clone());
    let scheduler = builder.max_concurrency(1).build().await.unwrap();
    scheduler.start().await.unwrap();
    let (mut held, job) = Held::new();
    scheduler.add(now().run("held", job)).await.unwrap();
    held.begins().await;
    scheduler.add(now().run("waiting", || async {})).await.unwrap();
    clock.step(monday() - Duration::from_secs(3_600));
    held.succeed();
    testing::advance(&scheduler, &clock, Duration::from_secs(60)).await.unwrap();
    let ran: Vec<_> = runs(&scheduler).await.into_iter().filter(|run| run.skipped.is_none()).collect();
    let names: Vec<_> = ran.iter().map(|run| &*run.job_name).collect();
    assert_eq!(names, ["held", "waiting"]);
    assert!(scheduler.jobs().await.unwrap().is_empty());
    testing::audit(&storage).await.unwrap().assert_clean();
}

#[tokio::test]
async fn in_real_time_it_runs_at_once_too() {
    for is_started in [true, false] {
        let scheduler = Scheduler::builder().storage(MemoryStorage::default()).build().await.unwrap();
        if is_started {
            scheduler.start().await.unwrap();
        }
        let (mut held, job) = Held::new();
        scheduler.add(now().run("rebuild", job)).await.unwrap();
        if !is_started {
            scheduler.start().await.unwrap();
        }
        held.begins().await;
        held.succeed();
        scheduler.stop().await.unwrap();
        assert_eq!(completed(&scheduler).await.len(), 1);
    }
}

#[test]
fn what_is_stored_of_it_is_read_again() {
    let definition = now().definition().unwrap();
    let json = serde_json::to_string(&definition).unwrap();
    assert_eq!(json, r#"{"type":"now"}"#);
    assert_eq!(serde_json::from_str::<ScheduleSpec>(&json).unwrap(), definition.spec);
}
