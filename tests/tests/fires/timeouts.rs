//! Attempts that take too long, above all those that hold a thread.

use std::time::Duration;

use fastscheduler::prelude::*;
use fastscheduler::{Event, JobId, JobStatus, Overlap, RunStatus};
use fastscheduler_tests::{Act, Process, World};

const SECOND: Duration = Duration::from_secs(1);

/// Starts a blocking job of every ten seconds that has five, and lets its
/// first attempt hold its thread past that.
fn past_its_deadline(world: &World, overlap: Overlap, max_workers: usize) -> (Process, JobId) {
    world.script.will(&[Act::Hang]);
    let process = world.start_with(|builder| builder.max_workers(max_workers));
    let job = every(10).seconds().timeout(SECOND * 5).retries(0).overlap(overlap).call("block");
    let id = process.add(job);
    process.run(async {
        world.clock.advance(SECOND * 10);
        world.script.has_begun(1).await;
        world.clock.advance(SECOND * 5);
        world.script.begun()[0].context.cancelled().await;
    });
    while process.outline().is_empty() {
        process.settle();
    }
    (process, id)
}

#[test]
fn an_attempt_that_times_out_is_retried_as_one_that_failed() {
    let world = World::default();
    world.script.will(&[Act::Hang]);
    let process = world.start();
    process.add(once(1).timeout(SECOND * 5).call("work"));
    process.jump(SECOND);
    process.jump(SECOND * 5);
    process.advance(SECOND * 2);
    assert_eq!(process.outline(), [(RunStatus::Failed, 1), (RunStatus::Completed, 1)]);
    assert_eq!(process.runs()[0].error.as_deref(), Some("timed out after 5s"));
    world.audit(0);
}

#[test]
fn an_attempt_that_ends_at_its_deadline_has_not_timed_out() {
    let world = World::default();
    world.script.will(&[Act::Hang]);
    let process = world.start();
    process.add(once(1).timeout(SECOND * 5).call("work"));
    process.jump(SECOND);
    process.jump(SECOND * 4);
    world.script.release(1);
    world.clock.advance(SECOND);
    process.settle();
    assert_eq!(process.outline(), [(RunStatus::Completed, 1)]);
}

#[test]
fn a_thread_past_its_deadline_keeps_its_slot_until_it_ends() {
    for overlap in [Overlap::Skip, Overlap::Allow] {
        let world = World::default();
        let (process, id) = past_its_deadline(&world, overlap, 1);
        process.run(process.scheduler.pause_job(id)).unwrap();
        let other = process.add(once(1).call("block").name("other"));
        process.jump(SECOND * 90);
        assert_eq!(world.script.count(), 1, "{overlap:?}");
        world.script.release(1);
        process.run(world.script.has_begun(2));
        process.advance(SECOND);
        assert_eq!(world.script.begun()[1].run_id().job, other, "{overlap:?}");
        assert_eq!(process.job(other), None);
        world.audit(0);
    }
}

#[test]
fn the_next_attempt_of_the_job_waits_for_the_thread_unless_allow() {
    for overlap in [Overlap::Skip, Overlap::Queue, Overlap::Cancel, Overlap::Allow] {
        let world = World::default();
        let (process, _) = past_its_deadline(&world, overlap, 10);
        let mut events = process.scheduler.subscribe();
        process.jump(SECOND * 5);
        let started = std::iter::from_fn(|| events.try_next());
        let started = started.filter(|event| matches!(event, Event::RunStarted(_))).count();
        assert_eq!(started, usize::from(overlap == Overlap::Allow), "{overlap:?}");
        world.script.release(1);
        process.advance(SECOND * 10);
        let last = world.script.begun().pop().unwrap();
        assert!(last.run_id().attempt == 1 && last.act == Act::Succeed, "{overlap:?}");
        world.audit(0);
        process.stop(Duration::ZERO);
    }
}

#[test]
fn a_fire_that_cancels_an_attempt_waits_for_its_thread() {
    let world = World::default();
    world.script.will(&[Act::Hang]);
    let process = world.start();
    process.add(every(10).seconds().overlap(Overlap::Cancel).timeout(SECOND * 25).call("block"));
    process.run(async {
        world.clock.advance(SECOND * 10);
        world.script.has_begun(1).await;
    });
    // The fire of 20 s cancels the attempt, and is itself cancelled by that of 30 s.
    process.jump(SECOND * 10);
    assert!(world.script.begun()[0].context.is_cancelled());
    process.jump(SECOND * 10);
    assert_eq!(world.script.count(), 1);
    assert_eq!(process.outline(), [(RunStatus::Failed, 10), (RunStatus::Failed, 20)]);
    process.jump(SECOND * 9);
    world.script.release(1);
    process.run(world.script.has_begun(2));
    process.advance(Duration::ZERO);
    // Its time began when it began.
    assert_eq!(process.outline().last(), Some(&(RunStatus::Completed, 30)));
    world.audit(0);
    process.stop(Duration::ZERO);
}

#[test]
fn a_thread_past_its_deadline_is_shown_while_it_lasts() {
    let world = World::default();
    let (process, id) = past_its_deadline(&world, Overlap::Skip, 10);
    assert_eq!(process.job(id).unwrap().status(), JobStatus::Running);
    world.script.release(1);
    process.advance(SECOND);
    assert_eq!(process.job(id).unwrap().status(), JobStatus::Failed);
}

#[test]
fn a_blocking_panic_is_a_failed_attempt_and_its_thread_is_used_again() {
    let world = World::default();
    world.script.will(&[Act::Panic; 20]);
    let process = world.start_with(|builder| builder.max_workers(1));
    process.add(every(10).seconds().retries(0).call("block"));
    process.advance(SECOND * 210);
    let failed = process.outline().iter().filter(|run| run.0 == RunStatus::Failed).count();
    assert_eq!((failed, process.outline().len()), (20, 21));
    assert_eq!(process.runs()[0].error.as_deref(), Some("panicked: bang"));
    world.audit(0);
}
