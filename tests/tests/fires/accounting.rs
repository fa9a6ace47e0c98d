//! A fire is never silently lost: it ran, or a record says why not.

use std::time::Duration;

use fastscheduler::prelude::*;
use fastscheduler::{JobUpdate, Overlap, RunStatus, SkipReason, Skipped};
use fastscheduler_tests::{Act, Process, World, monday};

const SECOND: Duration = Duration::from_secs(1);
const MINUTE: Duration = Duration::from_secs(60);

fn skips(process: &Process) -> Vec<Skipped> {
    process.runs().into_iter().filter_map(|run| run.skipped).map(|skipped| *skipped).collect()
}

#[test]
fn the_fires_of_a_paused_job_are_one_record_written_at_resume() {
    let world = World::default();
    let process = world.start();
    let id = process.add(every(1).minutes().call("work"));
    process.advance(MINUTE);
    process.run(process.scheduler.pause_job(id)).unwrap();
    process.advance(MINUTE * 10);
    assert_eq!(skips(&process), []);
    process.run(process.scheduler.resume_job(id)).unwrap();
    let skipped = skips(&process);
    assert_eq!(skipped.len(), 1);
    assert_eq!((skipped[0].reason, skipped[0].count), (SkipReason::Paused, 10));
    assert_eq!((skipped[0].first, skipped[0].last), (monday() + MINUTE * 2, monday() + MINUTE * 11));
    process.advance(MINUTE);
    assert_eq!(world.script.count(), 2);
    world.audit(0);
}

#[test]
fn the_fires_of_a_job_that_was_paused_over_a_restart_are_one_record() {
    for is_crash in [true, false] {
        let world = World::default();
        let process = world.start();
        let id = process.add(every(1).minutes().call("work"));
        process.run(process.scheduler.pause_job(id)).unwrap();
        process.advance(MINUTE * 5);
        if is_crash {
            process.crash();
        } else {
            process.stop(Duration::ZERO);
        }
        world.pass(MINUTE * 5);
        let process = world.start();
        process.settle();
        assert_eq!((skips(&process).len(), world.script.count()), (0, 0));
        process.run(process.scheduler.resume_job(id)).unwrap();
        process.advance(MINUTE);
        let skipped = skips(&process);
        assert_eq!((skipped.len(), skipped[0].reason, skipped[0].count), (1, SkipReason::Paused, 10));
        assert_eq!(process.outline().last(), Some(&(RunStatus::Completed, 660)));
        world.audit(0);
    }
}

#[test]
fn a_one_time_job_whose_time_comes_while_it_is_paused_is_recorded_and_leaves_at_resume() {
    let world = World::default();
    let process = world.start();
    let id = process.add(once(60).call("work"));
    process.run(process.scheduler.pause_job(id)).unwrap();
    process.advance(MINUTE * 5);
    assert!(process.job(id).is_some());
    process.run(process.scheduler.resume_job(id)).unwrap();
    assert_eq!(process.job(id), None);
    assert_eq!(skips(&process)[0].reason, SkipReason::Paused);
    assert_eq!(world.script.count(), 0);
    world.audit(0);
}

#[test]
fn a_change_of_schedule_is_recorded() {
    let world = World::default();
    let process = world.start();
    let id = process.add(every(1).minutes().call("work"));
    let before = process.job(id).unwrap();
    process.advance(MINUTE * 3 + SECOND);
    process.run(process.scheduler.update_job(id, JobUpdate::new().schedule(every(10).minutes()))).unwrap();
    let skipped = skips(&process).remove(0);
    assert_eq!(skipped.reason, SkipReason::Rescheduled);
    assert_eq!((skipped.first, skipped.count), (monday() + MINUTE * 4, 1));
    let closed = skipped.closed.unwrap();
    assert_eq!(closed.definition, before.definition().schedule);
    assert_eq!((closed.since, closed.until), (monday(), monday() + MINUTE * 3 + SECOND));
    process.advance(MINUTE * 10);
    assert_eq!(process.outline().last(), Some(&(RunStatus::Completed, 781)));
    world.audit(0);
}

#[test]
fn what_was_due_when_the_schedule_changed_is_in_the_record_of_the_change() {
    let world = World::default();
    world.script.will(&[Act::Hang]);
    let process = world.start();
    let id = process.add(every(1).minutes().call("work"));
    process.jump(MINUTE);
    process.jump(MINUTE * 3);
    process.run(process.scheduler.update_job(id, JobUpdate::new().schedule(every(10).minutes()))).unwrap();
    world.script.release(1);
    process.settle();
    let skipped = skips(&process);
    assert_eq!(skipped.len(), 1);
    assert_eq!((skipped[0].reason, skipped[0].count), (SkipReason::Rescheduled, 3));
    process.advance(MINUTE * 10);
    assert_eq!(process.outline().last(), Some(&(RunStatus::Completed, 840)));
    world.audit(0);
}

#[test]
fn a_retry_goes_on_after_the_schedule_was_changed() {
    for overlap in [Overlap::Skip, Overlap::Queue, Overlap::Allow, Overlap::Cancel] {
        let world = World::default();
        world.script.will(&[Act::Fail]);
        let process = world.start();
        let id = process.add(every(1).minutes().overlap(overlap).call("work"));
        process.jump(MINUTE);
        process
            .run(process.scheduler.update_job(id, JobUpdate::new().schedule(every(10).minutes())))
            .unwrap();
        process.advance(MINUTE * 20);
        let expected = [
            (RunStatus::Failed, 60),
            (RunStatus::Missed, 60),
            (RunStatus::Completed, 60),
            (RunStatus::Completed, 660),
            (RunStatus::Completed, 1_260),
        ];
        assert_eq!(process.outline(), expected, "{overlap:?}");
        world.audit(0);
    }
}

#[test]
fn a_job_that_is_cancelled_leaves_a_record_of_the_fires_that_come_no_more() {
    let world = World::default();
    let process = world.start();
    let id = process.add(every(1).minutes().call("work"));
    process.advance(MINUTE * 2);
    process.run(process.scheduler.cancel_job(id)).unwrap();
    process.advance(MINUTE * 10);
    let skipped = skips(&process).remove(0);
    assert_eq!((skipped.reason, skipped.first), (SkipReason::Cancelled, monday() + MINUTE * 3));
    assert_eq!(world.script.count(), 2);
    world.audit(0);
}

#[test]
fn the_attempt_of_a_job_that_is_cancelled_has_its_record_also_while_the_scheduler_stops() {
    for is_stopping in [false, true] {
        let world = World::default();
        world.script.always(Act::Hang);
        let process = world.start();
        let id = process.add(every(1).minutes().call("work"));
        process.jump(MINUTE);
        process.run(process.scheduler.cancel_job(id)).unwrap();
        if is_stopping {
            process.run(process.scheduler.stop_within(Duration::ZERO)).unwrap();
        }
        process.settle();
        assert!(world.script.begun()[0].context.is_cancelled());
        let failed: Vec<_> = process.runs().into_iter().filter_map(|run| run.error).collect();
        assert_eq!(failed, ["cancelled: the job was cancelled"], "{is_stopping}");
        world.audit(0);
    }
}

#[test]
fn a_manual_run_does_not_move_the_schedule_and_hides_no_fire() {
    let world = World::default();
    let process = world.start();
    let id = process.add(every(1).minutes().call("work"));
    process.advance(SECOND * 90);
    process.run(process.scheduler.run_job_now(id)).unwrap();
    process.advance(SECOND * 90);
    assert_eq!(process.outline().iter().map(|run| run.1).collect::<Vec<_>>(), [60, 90, 120, 180]);
    world.audit(0);
}
