//! Fires that failed for good, and running them again.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use fastscheduler::prelude::*;
use fastscheduler::storage::{MemoryStorage, Storage as _};
use fastscheduler::testing::{self, ManualClock};
use fastscheduler::{RunStatus, SchedulerError, Trigger};
use fastscheduler_tests::fires::second;
use fastscheduler_tests::{on_manual_clock, runs};

/// Whether the job functions fail.
#[derive(Clone, Default)]
struct Broken(Arc<AtomicBool>);

#[job]
async fn deliver(broken: State<Broken>, to: String) -> anyhow::Result<String> {
    anyhow::ensure!(!broken.0.0.load(Ordering::Relaxed), "no such address");
    Ok(to)
}

struct World {
    scheduler: Scheduler,
    clock: ManualClock,
    storage: MemoryStorage,
    broken: Broken,
}

async fn world() -> World {
    let (builder, clock) = on_manual_clock();
    let storage = MemoryStorage::default();
    let broken = Broken::default();
    broken.0.store(true, Ordering::Relaxed);
    let scheduler = builder.storage(storage.clone()).state(broken.clone()).build().await.unwrap();
    scheduler.start().await.unwrap();
    World { scheduler, clock, storage, broken }
}

async fn advance(world: &World, seconds: u64) {
    testing::advance(&world.scheduler, &world.clock, Duration::from_secs(seconds)).await.unwrap();
}

#[tokio::test]
async fn the_last_failure_makes_one_dead_letter_with_definition_and_arguments() {
    let world = world().await;
    let job = every(1).hours().retries(2).name("mail").call("deliver").args(["a@b.c"]);
    world.scheduler.add(job).await.unwrap();
    advance(&world, 3_602).await;
    assert!(world.scheduler.dead_letters(10).await.unwrap().is_empty(), "it is still being retried");
    advance(&world, 60).await;
    let letters = world.scheduler.dead_letters(10).await.unwrap();
    assert_eq!(letters.len(), 1);
    assert_eq!((letters[0].run.run_id.attempt, letters[0].run.scheduled_for()), (3, second(3_600)));
    assert_eq!(letters[0].run.error.as_deref(), Some("no such address"));
    assert_eq!((&*letters[0].definition.name, letters[0].definition.args.len()), ("mail", 1));
}

#[tokio::test]
async fn retries_wait_twice_as_long_each_time_and_at_most_an_hour() {
    let world = world().await;
    world.scheduler.add(once(1).retries(14).call("deliver").args(["a@b.c"])).await.unwrap();
    advance(&world, 86_400).await;
    let all = runs(&world.scheduler).await;
    let starts: Vec<_> = all.iter().map(|run| run.started_at.unwrap()).collect();
    let waits: Vec<_> = starts.windows(2).map(|pair| (pair[1] - pair[0]).num_seconds()).collect();
    assert_eq!(waits, [2, 4, 8, 16, 32, 64, 128, 256, 512, 1_024, 2_048, 3_600, 3_600, 3_600]);
}

#[tokio::test]
async fn retrying_a_letter_makes_a_new_fire_of_the_job_and_removes_the_letter() {
    let world = world().await;
    let id = world.scheduler.add(every(1).hours().retries(0).call("deliver").args(["a@b.c"])).await.unwrap();
    advance(&world, 3_605).await;
    world.broken.0.store(false, Ordering::Relaxed);
    let letter = world.scheduler.dead_letters(1).await.unwrap().remove(0);
    let asked = world.scheduler.retry_dead_letter(letter.run.run_id).await.unwrap();
    testing::quiet(&world.scheduler).await.unwrap();
    let all = runs(&world.scheduler).await;
    assert_eq!(
        (all[1].run_id, all[1].status, all[1].result.as_deref()),
        (asked, RunStatus::Completed, Some("\"a@b.c\""))
    );
    assert_eq!((asked.job, asked.trigger, asked.attempt), (id, Trigger::Retry, 1));
    assert!(world.scheduler.dead_letters(1).await.unwrap().is_empty());
    assert_eq!(world.scheduler.job(&id).await.unwrap().unwrap().next_run_at(), Some(second(7_200)));
}

#[tokio::test]
async fn retrying_a_letter_whose_job_is_gone_makes_a_new_one_time_job() {
    let world = world().await;
    let job = once(10).retries(0).name("mail").group("post").call("deliver").args(["a@b.c"]);
    let gone = world.scheduler.add(job).await.unwrap();
    advance(&world, 20).await;
    assert_eq!(world.scheduler.job(&gone).await.unwrap(), None);
    world.broken.0.store(false, Ordering::Relaxed);
    let letter = world.scheduler.dead_letters(1).await.unwrap().remove(0);
    let asked = world.scheduler.retry_dead_letter(&letter.run).await.unwrap();
    assert_ne!(asked.job, gone);
    let job = world.scheduler.job(asked.job).await.unwrap().unwrap();
    assert_eq!((job.name(), job.group(), job.definition().args.len()), ("mail", "post", 1));
    testing::quiet(&world.scheduler).await.unwrap();
    let all = runs(&world.scheduler).await;
    assert_eq!((all[1].run_id, all[1].status), (asked, RunStatus::Completed));
    assert!(world.scheduler.jobs().await.unwrap().is_empty());
    assert!(world.scheduler.dead_letters(1).await.unwrap().is_empty());
}

#[tokio::test]
async fn a_retried_letter_that_fails_again_is_retried_and_makes_another_letter() {
    for is_gone in [false, true] {
        let world = world().await;
        let id = world.scheduler.add(every(1).hours().retries(1).call("deliver").args(["x"])).await.unwrap();
        advance(&world, 3_605).await;
        if is_gone {
            world.scheduler.cancel_job(&id).await.unwrap();
        }
        let letter = world.scheduler.dead_letters(1).await.unwrap().remove(0);
        let asked = world.scheduler.retry_dead_letter(letter.run.run_id.to_string()).await.unwrap();
        advance(&world, 10).await;
        let letters = world.scheduler.dead_letters(10).await.unwrap();
        assert_eq!(letters.len(), 1);
        assert_eq!((letters[0].run.run_id.job, letters[0].run.run_id.attempt), (asked.job, 2));
        assert_eq!(letters[0].run.run_id.trigger, Trigger::Retry);
        assert_eq!(asked.job == id, !is_gone);
        assert_eq!(world.scheduler.jobs().await.unwrap().len(), usize::from(!is_gone));
    }
}

#[tokio::test]
async fn a_letter_is_gone_exactly_when_its_fire_is_open() {
    let first = world().await;
    for job in [every(1).hours(), every(2).hours()] {
        first.scheduler.add(job.retries(0).call("deliver").args(["x"])).await.unwrap();
    }
    advance(&first, 7_200).await;
    let letters = first.scheduler.dead_letters(10).await.unwrap();
    assert_eq!(letters.len(), 3);
    first.scheduler.stop().await.unwrap();
    // A scheduler that is not started claims nothing: what is open stays so.
    let state = first.broken.clone();
    let (builder, clock) = on_manual_clock();
    let same = builder.storage(first.storage.clone()).state(state).build().await.unwrap();
    clock.set(second(7_300));
    for (taken, letter) in letters.iter().enumerate() {
        assert_eq!(first.storage.load().await.unwrap().open.len(), taken);
        assert_eq!(same.dead_letters(10).await.unwrap().len(), 3 - taken);
        same.retry_dead_letter(letter.run.run_id).await.unwrap();
    }
    let open = first.storage.load().await.unwrap().open;
    assert!(open.iter().all(|open| open.entry.trigger == Trigger::Retry && !open.is_claimed));
    assert_eq!((open.len(), same.dead_letters(10).await.unwrap().len()), (3, 0));
    // And it is still there after a crash.
    drop(same);
    let (builder, clock) = on_manual_clock();
    clock.set(second(7_400));
    let after = builder.storage(first.storage.clone()).state(Broken::default()).build().await.unwrap();
    after.start().await.unwrap();
    testing::quiet(&after).await.unwrap();
    let retried = runs(&after).await.into_iter().filter(|run| run.run_id.trigger == Trigger::Retry);
    assert_eq!(retried.filter(|run| run.status == RunStatus::Completed).count(), 3);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_those_who_retry_one_letter_at_once_one_wins() {
    for is_gone in [false, true] {
        let world = world().await;
        let job = every(1).hours().retries(0).call("deliver").args(["x"]);
        let id = world.scheduler.add(job).await.unwrap();
        advance(&world, 3_605).await;
        if is_gone {
            world.scheduler.cancel_job(&id).await.unwrap();
        }
        world.broken.0.store(false, Ordering::Relaxed);
        let run_id = world.scheduler.dead_letters(1).await.unwrap()[0].run.run_id;
        let all: Vec<_> = (0..8)
            .map(|_| {
                let scheduler = world.scheduler.clone();
                tokio::spawn(async move { scheduler.retry_dead_letter(run_id).await })
            })
            .collect();
        let mut won = 0;
        for one in all {
            match one.await.unwrap() {
                Ok(_) => won += 1,
                Err(SchedulerError::UnknownDeadLetter(text)) => assert_eq!(text, run_id.to_string()),
                Err(other) => panic!("{other}"),
            }
        }
        assert_eq!(won, 1);
        testing::quiet(&world.scheduler).await.unwrap();
        let retried =
            runs(&world.scheduler).await.into_iter().filter(|run| run.run_id.trigger == Trigger::Retry);
        assert_eq!(retried.count(), 1);
        assert_eq!(world.scheduler.jobs().await.unwrap().len(), usize::from(!is_gone));
        assert!(world.storage.load().await.unwrap().open.is_empty());
    }
}

#[tokio::test]
async fn a_letter_can_be_retried_while_its_job_is_paused() {
    let world = world().await;
    let id = world.scheduler.add(every(1).hours().retries(0).call("deliver").args(["x"])).await.unwrap();
    advance(&world, 3_605).await;
    world.scheduler.pause_job(&id).await.unwrap();
    world.broken.0.store(false, Ordering::Relaxed);
    let letter = world.scheduler.dead_letters(1).await.unwrap().remove(0);
    world.scheduler.retry_dead_letter(letter.run.run_id).await.unwrap();
    testing::quiet(&world.scheduler).await.unwrap();
    assert_eq!(runs(&world.scheduler).await.last().unwrap().status, RunStatus::Completed);
}

#[tokio::test]
async fn an_unknown_letter_is_an_error_that_says_so() {
    let world = world().await;
    let error = world.scheduler.retry_dead_letter("job_1-s-0-1").await.unwrap_err().to_string();
    assert_eq!(error, "no dead letter `job_1-s-0-1`; `dead_letters(limit)` lists those there are");
    let error = world.scheduler.retry_dead_letter("nonsense").await.unwrap_err().to_string();
    assert_eq!(error, "no dead letter `nonsense`; `dead_letters(limit)` lists those there are");
}

#[tokio::test]
async fn clearing_dead_letters_answers_how_many_there_were() {
    let world = world().await;
    world.scheduler.add(every(1).hours().retries(0).call("deliver").args(["x"])).await.unwrap();
    advance(&world, 3 * 3_600).await;
    let newest = world.scheduler.dead_letters(2).await.unwrap();
    let at: Vec<_> = newest.iter().map(|letter| letter.run.scheduled_for()).collect();
    assert_eq!(at, [second(10_800), second(7_200)]);
    assert_eq!(world.scheduler.clear_dead_letters().await.unwrap(), 3);
    assert_eq!(world.scheduler.clear_dead_letters().await.unwrap(), 0);
}

#[tokio::test]
async fn a_letter_of_a_closure_whose_job_is_there_runs_again() {
    let world = world().await;
    let broken = world.broken.clone();
    let job = move || {
        let broken = broken.clone();
        async move {
            anyhow::ensure!(!broken.0.load(Ordering::Relaxed), "not now");
            Ok(())
        }
    };
    world.scheduler.add(every(1).hours().retries(0).run("closure", job)).await.unwrap();
    advance(&world, 3_605).await;
    world.broken.0.store(false, Ordering::Relaxed);
    let letter = world.scheduler.dead_letters(1).await.unwrap().remove(0);
    world.scheduler.retry_dead_letter(&letter.run).await.unwrap();
    testing::quiet(&world.scheduler).await.unwrap();
    assert_eq!(runs(&world.scheduler).await.last().unwrap().status, RunStatus::Completed);
}

#[tokio::test]
async fn the_letter_of_a_closure_whose_job_is_gone_can_be_retried() {
    let World { scheduler, clock, .. } = world().await;
    let failing = || async { anyhow::Result::<()>::Err(anyhow::anyhow!("no such file")) };
    scheduler.add(once(1).retries(0).run("import", failing)).await.unwrap();
    testing::advance(&scheduler, &clock, Duration::from_secs(1)).await.unwrap();
    assert!(scheduler.jobs().await.unwrap().is_empty());
    let letter = scheduler.dead_letters(1).await.unwrap().remove(0);
    let again = scheduler.retry_dead_letter(&letter.run).await.unwrap();
    assert_ne!(again.job, letter.run.job_id());
    testing::quiet(&scheduler).await.unwrap();
    let letters = scheduler.dead_letters(10).await.unwrap();
    let retried: Vec<_> = letters.iter().map(|letter| letter.run.run_id).collect();
    assert_eq!(retried, [again]);
}
