//! Jobs whose function is not there, and comes later.

use std::sync::Arc;
use std::time::Duration;

use fastscheduler::prelude::*;
use fastscheduler::schedule::ScheduleDefinition;
use fastscheduler::storage::{Change, Durability, MemoryStorage, Storage as _};
use fastscheduler::{JobDefinition, JobRevision, JobStatus, RunStatus, SkipReason, Trigger, testing};
use fastscheduler_tests::faulty::{Action, Faulty};
use fastscheduler_tests::{Act, Process, World, monday, on_manual_clock, runs};

const SECOND: Duration = Duration::from_secs(1);
const MINUTE: Duration = Duration::from_secs(60);

/// Registers the function that some processes lack.
fn register(process: &Process, world: &World) {
    let script = world.script.clone();
    let extra = move |context: JobContext| {
        let script = script.clone();
        async move { script.act(context).await }
    };
    process.run(async { process.scheduler.register_function("extra", extra) }).unwrap();
}

fn start_with_it(world: &World) -> Process {
    let process = world.build_with(|builder| builder);
    register(&process, world);
    process.run(process.scheduler.start()).unwrap();
    process.settle();
    process
}

#[test]
fn a_job_whose_function_is_not_there_is_kept_and_not_run() {
    let world = World::default();
    let process = start_with_it(&world);
    let id = process.add(every(1).minutes().call("extra"));
    process.stop(Duration::ZERO);
    let process = world.start();
    process.advance(MINUTE * 10);
    let job = process.job(id).unwrap();
    assert_eq!((job.status(), job.next_run_at(), job.run_count()), (JobStatus::Orphaned, None, 0));
    process.stop(Duration::ZERO);
}

#[test]
fn what_was_due_while_the_function_was_not_there_was_missed() {
    for is_later in [false, true] {
        let world = World::default();
        let process = start_with_it(&world);
        process.add(every(1).minutes().call("extra"));
        process.stop(Duration::ZERO);
        let process = world.start();
        process.advance(MINUTE * 10);
        let process = if is_later {
            register(&process, &world);
            process
        } else {
            process.stop(Duration::ZERO);
            start_with_it(&world)
        };
        process.settle();
        assert_eq!(world.script.outline(monday()), [(Trigger::CatchUp, 600, 1)]);
        let skipped = process.runs()[0].skipped.clone().unwrap();
        assert_eq!((skipped.reason, skipped.count), (SkipReason::CatchUp, 9));
        process.advance(MINUTE);
        assert_eq!(world.script.count(), 2);
        world.audit(0);
    }
}

#[tokio::test]
async fn jobs_of_a_function_that_is_registered_while_the_store_fails_run_once_it_is_well() {
    let storage = Faulty::default();
    let (builder, clock) = on_manual_clock();
    let scheduler = builder.storage(storage.clone()).build().await.unwrap();
    scheduler.register_function("late", || async {}).unwrap();
    let id = scheduler.add(every(1).minutes().always_new().call("late")).await.unwrap();
    scheduler.start().await.unwrap();
    scheduler.stop().await.unwrap();

    let (builder, _) = on_manual_clock();
    let scheduler = builder.storage(storage.clone()).clock(clock.clone()).build().await.unwrap();
    scheduler.start().await.unwrap();
    storage.breaks(&[Action::ReadJob]);
    scheduler.register_function("late", || async {}).unwrap();
    for _ in 0..3 {
        testing::advance(&scheduler, &clock, SECOND).await.unwrap();
        tokio::task::yield_now().await;
    }
    storage.is_mended();
    assert_eq!(scheduler.job(id).await.unwrap().unwrap().status(), JobStatus::Orphaned);
    let adopted = async {
        while scheduler.job(id).await.unwrap().unwrap().status() == JobStatus::Orphaned {
            testing::advance(&scheduler, &clock, SECOND).await.unwrap();
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(MINUTE, adopted).await.expect("the function's jobs are adopted");
    testing::advance(&scheduler, &clock, MINUTE).await.unwrap();
    assert!(scheduler.job(id).await.unwrap().unwrap().run_count() > 0);
    scheduler.stop().await.unwrap();
}

#[tokio::test]
async fn an_orphan_that_cannot_be_placed_keeps_no_other_of_its_function_waiting() {
    for is_running in [true, false] {
        let storage = MemoryStorage::default();
        let (builder, clock) = on_manual_clock();
        let scheduler = builder.storage(storage.clone()).build().await.unwrap();
        scheduler.register_function("late", || async {}).unwrap();
        let mut ids = Vec::new();
        for _ in 0..3 {
            ids.push(scheduler.add(every(1).minutes().always_new().call("late")).await.unwrap());
        }
        scheduler.stop().await.unwrap();

        // A window without a fire, which no version of this program would store.
        let mut revision = JobRevision::of(&storage.job(ids[1]).await.unwrap().unwrap());
        let days = every(1).minutes().from("2030-01-02").until("2030-01-03").definition().unwrap();
        let definition = JobDefinition::clone(&revision.definition);
        let schedule =
            ScheduleDefinition { from: days.until, until: days.from, ..definition.schedule.clone() };
        revision.definition = Arc::new(JobDefinition { schedule, ..definition });
        storage.apply(&[Change::ReviseJob(Box::new(revision))], Durability::Now).await.unwrap();

        let (builder, _) = on_manual_clock();
        let scheduler = builder.storage(storage).clock(clock.clone()).build().await.unwrap();
        if is_running {
            scheduler.start().await.unwrap();
        }
        scheduler.register_function("late", || async {}).unwrap();
        if !is_running {
            scheduler.start().await.unwrap();
        }
        let mut statuses = Vec::new();
        for _ in 0..100 {
            tokio::task::yield_now().await;
        }
        for id in ids {
            statuses.push(scheduler.job(id).await.unwrap().unwrap().status());
        }
        assert_eq!(
            statuses,
            [JobStatus::Scheduled, JobStatus::Orphaned, JobStatus::Scheduled],
            "{is_running}"
        );
        testing::advance(&scheduler, &clock, MINUTE).await.unwrap();
        assert_eq!(runs(&scheduler).await.len(), 2, "{is_running}");
    }
}

#[test]
fn an_open_fire_waits_for_its_function() {
    for is_crash in [false, true] {
        for act in [Act::Hang, Act::Fail] {
            let world = World::default();
            world.script.will(&[act]);
            let process = start_with_it(&world);
            process.add(once(1).call("extra"));
            process.jump(SECOND);
            if is_crash {
                process.crash();
            } else {
                process.stop(Duration::ZERO);
            }
            let process = world.start();
            process.advance(MINUTE);
            assert_eq!(world.script.count(), 1);
            register(&process, &world);
            process.settle();
            assert_eq!(process.outline().last(), Some(&(RunStatus::Completed, 1)), "{is_crash} {act:?}");
            assert_eq!(world.script.count(), 2);
            assert!(process.run(process.scheduler.jobs()).unwrap().is_empty());
            world.audit(1);
        }
    }
}
