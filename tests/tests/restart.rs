//! What is there again after a stop or a crash.
//!
//! A crash is a scheduler whose clock never moves again, on a store that
//! another one goes on with.

use std::time::Duration;

use fastscheduler::prelude::*;
use fastscheduler::storage::{MemoryStorage, Storage as _};
use fastscheduler::testing::{self, ManualClock};
use fastscheduler::{CatchUp, JobId, JobStatus, Overlap, RunStatus, Source, Trigger};
use fastscheduler_tests::fires::{Fate, fires, second};
use fastscheduler_tests::held::Held;
use fastscheduler_tests::{monday, on_manual_clock, outline, runs};
use tokio::sync::mpsc;

const CATCH_UP: Fate = Fate::Skipped("catch_up");
const DONE: Fate = Fate::Completed;

/// What the function `told` reports to.
#[derive(Clone)]
struct Told(mpsc::UnboundedSender<JobContext>);

/// Runs until it is told to end, which it is not.
#[job]
async fn told(told: State<Told>, context: JobContext) {
    told.0.0.send(context.clone()).unwrap();
    std::future::pending::<()>().await;
}

#[job]
async fn quick() {}

#[job]
async fn fails() -> anyhow::Result<()> {
    anyhow::bail!("as always")
}

struct World {
    scheduler: Scheduler,
    clock: ManualClock,
    begins: mpsc::UnboundedReceiver<JobContext>,
}

/// A scheduler that starts so many seconds after Monday.
async fn start(storage: &MemoryStorage, seconds: u64) -> World {
    let (builder, clock) = on_manual_clock();
    clock.set(second(seconds));
    let (begun, begins) = mpsc::unbounded_channel();
    let scheduler = builder.storage(storage.clone()).state(Told(begun)).build().await.unwrap();
    scheduler.start().await.unwrap();
    World { scheduler, clock, begins }
}

async fn advance(world: &World, seconds: u64) {
    testing::advance(&world.scheduler, &world.clock, Duration::from_secs(seconds)).await.unwrap();
}

/// The seconds of attempts, with their numbers and errors.
async fn attempts(scheduler: &Scheduler) -> Vec<(i64, u32, Option<String>)> {
    let all = runs(scheduler).await.into_iter().filter(|run| run.skipped.is_none());
    all.map(|run| ((run.scheduled_for() - monday()).num_seconds(), run.run_id.attempt, run.error)).collect()
}

#[tokio::test]
async fn jobs_made_at_run_time_come_back_as_they_were() {
    let storage = MemoryStorage::default();
    let world = start(&storage, 0).await;
    let job = every(10).seconds().name("ten").group("mail").retries(7).timeout(Duration::from_secs(5));
    let id = world.scheduler.add(job.call("restart::quick")).await.unwrap();
    advance(&world, 25).await;
    let before = world.scheduler.job(&id).await.unwrap().unwrap();
    world.scheduler.stop().await.unwrap();

    let world = start(&storage, 26).await;
    let after = world.scheduler.job(&id).await.unwrap().unwrap();
    assert_eq!(after, before);
    assert_eq!(
        (after.run_count(), after.source(), after.next_run_at()),
        (2, Source::Added, Some(second(30)))
    );
    advance(&world, 4).await;
    assert_eq!(fires(&world.scheduler, id, 10).await, [(10, DONE), (20, DONE), (30, DONE)]);
    // An id is never used again.
    let other = world.scheduler.add(every(1).hours().call("quick")).await.unwrap();
    assert_ne!(other, id);
}

async fn after_a_break(catch_up: CatchUp) -> (World, JobId) {
    let storage = MemoryStorage::default();
    let world = start(&storage, 0).await;
    let id = world.scheduler.add(every(10).seconds().catch_up(catch_up).call("quick")).await.unwrap();
    advance(&world, 15).await;
    world.scheduler.stop().await.unwrap();
    let world = start(&storage, 45).await;
    advance(&world, 5).await;
    (world, id)
}

#[tokio::test]
async fn catch_up_once_runs_the_latest_missed_fire_and_records_the_rest() {
    let (world, id) = after_a_break(CatchUp::Once).await;
    let expected = [(10, DONE), (20, CATCH_UP), (30, CATCH_UP), (40, DONE), (50, DONE)];
    assert_eq!(fires(&world.scheduler, id, 10).await, expected);
}

#[tokio::test]
async fn catch_up_all_runs_the_missed_fires_oldest_first() {
    let (world, id) = after_a_break(CatchUp::All).await;
    assert_eq!(fires(&world.scheduler, id, 10).await, [10, 20, 30, 40, 50].map(|at| (at, DONE)));
    let order: Vec<_> = attempts(&world.scheduler).await.into_iter().map(|(at, ..)| at).collect();
    assert_eq!(order, [10, 20, 30, 40, 50]);
}

#[tokio::test]
async fn catch_up_all_runs_the_newest_hundred_and_records_the_rest() {
    let storage = MemoryStorage::default();
    let world = start(&storage, 0).await;
    let id = world.scheduler.add(every(10).seconds().catch_up(CatchUp::All).call("quick")).await.unwrap();
    world.scheduler.stop().await.unwrap();
    let world = start(&storage, 1_505).await;
    advance(&world, 0).await;
    let all = fires(&world.scheduler, id, 10).await;
    assert_eq!(
        all.iter().map(|(at, _)| *at).collect::<Vec<_>>(),
        (1..=150).map(|n| n * 10).collect::<Vec<_>>()
    );
    assert!(all[..50].iter().all(|(_, fate)| *fate == CATCH_UP));
    assert!(all[50..].iter().all(|(_, fate)| *fate == DONE));
}

#[tokio::test]
async fn catch_up_none_records_all_missed_fires() {
    let (world, id) = after_a_break(CatchUp::None).await;
    let expected = [(10, DONE), (20, CATCH_UP), (30, CATCH_UP), (40, CATCH_UP), (50, DONE)];
    assert_eq!(fires(&world.scheduler, id, 10).await, expected);
}

#[tokio::test]
async fn a_one_time_job_that_was_missed_runs_unless_its_catch_up_is_none() {
    for (catch_up, status) in [(CatchUp::Once, RunStatus::Completed), (CatchUp::None, RunStatus::Missed)] {
        let storage = MemoryStorage::default();
        let world = start(&storage, 0).await;
        let job = at("2026-11-23 00:00:10").catch_up(catch_up).call("quick");
        let id = world.scheduler.add(job).await.unwrap();
        world.scheduler.stop().await.unwrap();
        let world = start(&storage, 86_400).await;
        advance(&world, 1).await;
        assert_eq!(outline(&world.scheduler).await, [(status, 10)], "{catch_up:?}");
        assert_eq!(world.scheduler.job(&id).await.unwrap(), None, "{catch_up:?}");
    }
}

#[tokio::test]
async fn an_attempt_that_a_stop_cut_short_runs_again_at_the_next_start() {
    for overlap in [Overlap::Skip, Overlap::Queue, Overlap::Allow, Overlap::Cancel] {
        let storage = MemoryStorage::default();
        let mut world = start(&storage, 0).await;
        let id = world.scheduler.add(every(10).seconds().overlap(overlap).call("told")).await.unwrap();
        world.clock.advance(Duration::from_secs(10));
        world.begins.recv().await.unwrap();
        world.scheduler.stop_within(Duration::ZERO).await.unwrap();

        let mut world = start(&storage, 15).await;
        let context = world.begins.recv().await.unwrap();
        assert_eq!((context.scheduled_for(), context.attempt()), (second(10), 1), "{overlap:?}");
        assert_eq!(attempts(&world.scheduler).await, [], "{overlap:?}");
        assert_eq!(world.scheduler.job(&id).await.unwrap().unwrap().status(), JobStatus::Running);
        world.scheduler.stop_within(Duration::ZERO).await.unwrap();
    }
}

#[tokio::test]
async fn an_attempt_that_a_stop_cut_short_runs_beside_what_was_missed_meanwhile() {
    let storage = MemoryStorage::default();
    let (mut held, job) = Held::new();
    let world = start(&storage, 0).await;
    world.scheduler.register_function("held", job.clone()).unwrap();
    let id = world.scheduler.add(every(10).seconds().call("held")).await.unwrap();
    world.clock.advance(Duration::from_secs(10));
    held.begins().await;
    world.scheduler.stop_within(Duration::ZERO).await.unwrap();

    let (builder, clock) = on_manual_clock();
    clock.set(second(45));
    let (begun, _begins) = mpsc::unbounded_channel();
    let scheduler = builder.storage(storage).state(Told(begun)).build().await.unwrap();
    scheduler.register_function("held", job).unwrap();
    scheduler.start().await.unwrap();
    assert_eq!(held.begins().await.scheduled_for(), second(10));
    held.succeed();
    assert_eq!(held.begins().await.scheduled_for(), second(40));
    held.succeed();
    testing::quiet(&scheduler).await.unwrap();
    assert_eq!(fires(&scheduler, id, 10).await, [(10, DONE), (20, CATCH_UP), (30, CATCH_UP), (40, DONE)]);
    assert_eq!(scheduler.job(&id).await.unwrap().unwrap().next_run_at(), Some(second(50)));
}

#[tokio::test]
async fn an_attempt_that_a_crash_interrupted_is_recorded_and_runs_again_at_the_next_start() {
    let storage = MemoryStorage::default();
    let mut world = start(&storage, 0).await;
    let id = world.scheduler.add(every(1).hours().retries(0).call("told")).await.unwrap();
    world.clock.advance(Duration::from_secs(3_600));
    let first = world.begins.recv().await.unwrap();

    let mut next = start(&storage, 3_700).await;
    let second = next.begins.recv().await.unwrap();
    assert_eq!((second.scheduled_for(), second.attempt()), (first.scheduled_for(), 2));
    assert_eq!(second.idempotency_key(), first.idempotency_key());
    let why = Some("its process ended before it did".to_owned());
    assert_eq!(attempts(&next.scheduler).await, [(3_600, 1, why)]);
    assert_eq!(next.scheduler.job(&id).await.unwrap().unwrap().status(), JobStatus::Running);
    drop(world);
}

#[tokio::test]
async fn a_process_that_is_killed_with_its_runtime_loses_no_fire() {
    let storage = MemoryStorage::default();
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let killed = storage.clone();
    let id = runtime
        .spawn(async move {
            let mut world = start(&killed, 0).await;
            let id = world.scheduler.add(once(10).call("told")).await.unwrap();
            world.clock.advance(Duration::from_secs(10));
            world.begins.recv().await.unwrap();
            id
        })
        .await
        .unwrap();
    runtime.shutdown_background();
    let mut world = start(&storage, 20).await;
    let context = world.begins.recv().await.unwrap();
    assert_eq!((context.job_id(), context.attempt()), (id, 2));
}

#[tokio::test]
async fn a_fire_that_crashed_its_process_three_times_is_a_dead_letter() {
    let storage = MemoryStorage::default();
    let mut worlds = vec![start(&storage, 0).await];
    let id = worlds[0].scheduler.add(once(10).retries(9).call("told")).await.unwrap();
    worlds[0].clock.advance(Duration::from_secs(10));
    for crash in 1..=3 {
        let world = worlds.last_mut().unwrap();
        assert_eq!(world.begins.recv().await.unwrap().attempt(), crash);
        let before = storage.load().await.unwrap();
        assert_eq!((before.open.len(), before.open[0].is_claimed), (1, true));
        worlds.push(start(&storage, 10 + u64::from(crash)).await);
    }
    let world = worlds.last_mut().unwrap();
    testing::quiet(&world.scheduler).await.unwrap();
    assert!(world.begins.try_recv().is_err());
    let letters = world.scheduler.dead_letters(10).await.unwrap();
    assert_eq!((letters.len(), letters[0].run.run_id.attempt), (1, 3));
    assert_eq!(letters[0].run.error.as_deref(), Some("its process ended before it did, for the 3rd time"));
    // A one-time job leaves the list when it ends.
    assert_eq!(world.scheduler.job(&id).await.unwrap(), None);
    assert_eq!(attempts(&world.scheduler).await.len(), 3);
    assert_eq!(storage.load().await.unwrap().open, []);
}

#[tokio::test]
async fn crashes_do_not_count_as_retries() {
    let storage = MemoryStorage::default();
    let mut world = start(&storage, 0).await;
    world.scheduler.add(once(10).retries(1).call("told")).await.unwrap();
    world.clock.advance(Duration::from_secs(10));
    world.begins.recv().await.unwrap();
    let load = storage.load().await.unwrap();
    let open = &load.open[0].entry;
    assert_eq!((open.attempt, open.crashes, open.retries()), (1, 0, 0));
    let _next = start(&storage, 11).await;
    let load = storage.load().await.unwrap();
    let open = &load.open[0].entry;
    assert_eq!((open.attempt, open.crashes, open.retries()), (2, 1, 0));
}

#[tokio::test]
async fn a_retry_that_waits_is_there_again_at_its_time() {
    let storage = MemoryStorage::default();
    let world = start(&storage, 0).await;
    world.scheduler.add(every(1).hours().retries(2).call("fails")).await.unwrap();
    advance(&world, 3_602).await;
    let next = start(&storage, 3_603).await;
    advance(&next, 2).await;
    assert_eq!(attempts(&next.scheduler).await.len(), 2);
    advance(&next, 1).await;
    let all = attempts(&next.scheduler).await;
    assert_eq!(all[2], (3_600, 3, Some("as always".to_owned())));
    assert_eq!(next.scheduler.dead_letters(1).await.unwrap().len(), 1);
}

#[tokio::test]
async fn a_run_that_was_asked_for_before_a_crash_runs_at_the_next_start() {
    let storage = MemoryStorage::default();
    let (builder, _clock) = on_manual_clock();
    let (begun, _begins) = mpsc::unbounded_channel();
    let before = builder.storage(storage.clone()).state(Told(begun)).build().await.unwrap();
    let id = before.add(every(1).hours().call("quick")).await.unwrap();
    let asked = before.run_job_now(&id).await.unwrap();

    let world = start(&storage, 10).await;
    testing::quiet(&world.scheduler).await.unwrap();
    let all = runs(&world.scheduler).await;
    assert_eq!((all.len(), all[0].run_id, all[0].run_id.trigger), (1, asked, Trigger::Manual));
}

#[tokio::test]
async fn a_run_of_a_paused_job_that_a_stop_cut_short_runs_again_at_the_next_start() {
    let storage = MemoryStorage::default();
    let mut world = start(&storage, 0).await;
    let id = world.scheduler.add(every(1).hours().enabled(false).call("told")).await.unwrap();
    let asked = world.scheduler.run_job_now(&id).await.unwrap();
    world.begins.recv().await.unwrap();
    world.scheduler.stop_within(Duration::ZERO).await.unwrap();

    let mut world = start(&storage, 10).await;
    for _ in 0..50 {
        tokio::task::yield_now().await;
    }
    assert_eq!(world.begins.try_recv().map(|context| context.run_id()).ok(), Some(asked));
    assert!(world.scheduler.job(&id).await.unwrap().unwrap().is_paused());
}

#[tokio::test]
async fn runs_that_are_asked_for_at_the_instant_of_earlier_ones_have_ids_of_their_own() {
    let storage = MemoryStorage::default();
    let mut asked = Vec::new();
    for start_of_process in 0..3 {
        let world = start(&storage, 5).await;
        let id = match world.scheduler.jobs().await.unwrap().first() {
            Some(job) => job.id(),
            None => world.scheduler.add(every(1).hours().retries(0).call("fails")).await.unwrap(),
        };
        asked.push(world.scheduler.run_job_now(id).await.unwrap());
        testing::quiet(&world.scheduler).await.unwrap();
        let letter = world.scheduler.dead_letters(1).await.unwrap()[0].run.run_id;
        asked.push(world.scheduler.retry_dead_letter(letter).await.unwrap());
        testing::quiet(&world.scheduler).await.unwrap();
        let ids: Vec<_> = runs(&world.scheduler).await.iter().map(|run| run.run_id).collect();
        assert_eq!(ids, asked, "start {start_of_process}");
        assert_eq!(world.scheduler.dead_letters(9).await.unwrap().len(), start_of_process + 1);
        world.scheduler.stop().await.unwrap();
    }
}

#[tokio::test]
async fn a_one_time_job_that_is_to_run_again_is_not_completed() {
    let storage = MemoryStorage::default();
    let mut world = start(&storage, 0).await;
    let id = world.scheduler.add(once(10).call("told")).await.unwrap();
    world.clock.advance(Duration::from_secs(10));
    world.begins.recv().await.unwrap();
    world.scheduler.stop_within(Duration::ZERO).await.unwrap();

    let (builder, _clock) = on_manual_clock();
    let (begun, _begins) = mpsc::unbounded_channel();
    let next = builder.storage(storage.clone()).state(Told(begun)).build().await.unwrap();
    assert_eq!(next.job(id).await.unwrap().unwrap().status(), JobStatus::Scheduled);
    // Nor while it waits for a slot.
    next.stop().await.unwrap();
    let (builder, _clock) = on_manual_clock();
    let (begun, mut begins) = mpsc::unbounded_channel();
    let builder = builder.max_concurrency(1).storage(storage).state(Told(begun));
    let next = builder.build().await.unwrap();
    let other = next.add(every(1).hours().call("told")).await.unwrap();
    next.run_job_now(other).await.unwrap();
    next.start().await.unwrap();
    let begun = begins.recv().await.unwrap().job_id();
    let waits = if begun == id { other } else { id };
    assert_eq!(next.job(waits).await.unwrap().unwrap().status(), JobStatus::Scheduled);
}

#[tokio::test]
async fn a_crash_leaves_the_time_of_the_last_run_that_is_known() {
    let storage = MemoryStorage::default();
    let mut world = start(&storage, 0).await;
    let id = world.scheduler.add(every(1).hours().call("told")).await.unwrap();
    world.clock.advance(Duration::from_secs(3_600));
    world.begins.recv().await.unwrap();
    assert!(world.scheduler.cancel_run(world.scheduler.running()[0].run_id).await.is_ok());
    testing::quiet(&world.scheduler).await.unwrap();
    world.clock.advance(Duration::from_secs(3_600));
    world.begins.recv().await.unwrap();

    let next = start(&storage, 7_300).await;
    let job = next.scheduler.job(id).await.unwrap().unwrap();
    assert_eq!((job.run_count(), job.last_run_at()), (2, Some(second(3_600))));
}

#[tokio::test]
async fn what_is_beyond_the_limits_of_a_start_is_dropped_with_it() {
    let storage = MemoryStorage::default();
    let world = start(&storage, 0).await;
    world.scheduler.add(every(10).seconds().retries(0).call("fails")).await.unwrap();
    advance(&world, 50).await;
    world.scheduler.stop().await.unwrap();
    let build = |days: u64| {
        let (builder, clock) = on_manual_clock();
        clock.set(second(60 + days * 86_400));
        let (begun, _begins) = mpsc::unbounded_channel();
        builder.max_history(4).max_dead_letters(3).storage(storage.clone()).state(Told(begun)).build()
    };
    let kept = async |scheduler: &Scheduler| {
        (runs(scheduler).await.len(), scheduler.dead_letters(9).await.unwrap().len())
    };
    let next = build(0).await.unwrap();
    assert_eq!(kept(&next).await, (4, 3));
    assert_eq!(kept(&build(30).await.unwrap()).await, (0, 0));
}
