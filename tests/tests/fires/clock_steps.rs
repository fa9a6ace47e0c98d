//! A clock that is stepped, and a machine that was suspended.

use std::time::Duration;

use chrono::TimeDelta;
use fastscheduler::prelude::*;
use fastscheduler::{CatchUp, Clock as _, JobUpdate, Overlap, RunStatus, SkipReason, Trigger};
use fastscheduler_tests::{Act, Process, World, monday};

const SECOND: Duration = Duration::from_secs(1);
const MINUTE: Duration = Duration::from_secs(60);
const HOUR: Duration = Duration::from_secs(3_600);
const ALL: [Overlap; 4] = [Overlap::Skip, Overlap::Queue, Overlap::Allow, Overlap::Cancel];

/// Steps the clock on the wall: no time passes.
fn step(world: &World, process: &Process, hours: i64) {
    world.clock.step(world.clock.now() + TimeDelta::hours(hours));
    process.settle();
}

/// Minutes since Monday of the fires that began.
fn minutes(world: &World) -> Vec<i64> {
    world.script.outline(monday()).iter().map(|begun| begun.1 / 60).collect()
}

fn skips(process: &Process) -> Vec<(SkipReason, i64, i64)> {
    let minutes = |at: chrono::DateTime<chrono::Utc>| (at - monday()).num_minutes();
    let skipped = process.runs().into_iter().filter_map(|run| run.skipped);
    skipped.map(|skipped| (skipped.reason, minutes(skipped.first), minutes(skipped.last))).collect()
}

#[test]
fn what_came_due_while_the_machine_was_suspended_was_missed() {
    for overlap in ALL {
        let world = World::default();
        let process = world.start();
        process.add(every(10).minutes().overlap(overlap).call("work"));
        process.advance(MINUTE * 15);
        process.jump(HOUR * 3);
        assert_eq!(minutes(&world), [10, 190], "{overlap:?}");
        assert_eq!(skips(&process), [(SkipReason::CatchUp, 20, 180)], "{overlap:?}");
        process.advance(MINUTE * 10);
        assert_eq!(minutes(&world), [10, 190, 200], "{overlap:?}");
        world.audit(0);
    }
}

#[test]
fn what_came_due_while_an_attempt_was_suspended_with_the_machine_overlapped() {
    for overlap in ALL {
        let world = World::default();
        world.script.will(&[Act::Hang]);
        let process = world.start();
        process.add(every(10).minutes().overlap(overlap).call("work"));
        process.jump(MINUTE * 10);
        process.jump(HOUR * 3);
        world.script.release(1);
        process.settle();
        let (ran, skipped) = match overlap {
            Overlap::Skip => (vec![10], (SkipReason::Overlap, 20, 190)),
            Overlap::Queue => (vec![10, 20], (SkipReason::Overlap, 30, 190)),
            // Nothing waits for the attempt: they were missed.
            Overlap::Allow | Overlap::Cancel => (vec![10, 190], (SkipReason::CatchUp, 20, 180)),
        };
        assert_eq!((minutes(&world), skips(&process)), (ran, vec![skipped]), "{overlap:?}");
        process.advance(MINUTE * 10);
        assert_eq!(minutes(&world).last(), Some(&200), "{overlap:?}");
        world.audit(0);
    }
}

#[test]
fn a_clock_that_is_stepped_an_hour_ahead_misses_what_it_left_out() {
    for (catch_up, ran) in [(CatchUp::None, vec![10]), (CatchUp::Once, vec![10, 70])] {
        let world = World::default();
        let process = world.start();
        process.add(every(10).minutes().catch_up(catch_up).call("work"));
        process.advance(MINUTE * 15);
        step(&world, &process, 1);
        assert_eq!(minutes(&world), ran);
        let last = if catch_up == CatchUp::None { 70 } else { 60 };
        assert_eq!(skips(&process), [(SkipReason::CatchUp, 20, last)]);
        process.advance(MINUTE * 10);
        assert_eq!(minutes(&world).last(), Some(&80));
        world.audit(0);
    }
}

#[test]
fn a_clock_that_is_stepped_back_an_hour_goes_on_at_once_and_repeats_no_fire() {
    for overlap in ALL {
        let world = World::default();
        let process = world.start();
        process.add(every(10).minutes().overlap(overlap).call("work"));
        process.add(cron("*/10 * * * *").overlap(overlap).call("work"));
        process.advance(MINUTE * 25);
        step(&world, &process, -1);
        process.advance(HOUR * 2);
        // The fires at 00:10 and 00:20 have already run.
        let tens =
            [10, 20].into_iter().chain((-3..=0).map(|tens| tens * 10)).chain((3..=8).map(|tens| tens * 10));
        let ran: Vec<_> = tens.flat_map(|minute| [minute; 2]).collect();
        assert_eq!(minutes(&world), ran, "{overlap:?}");
        assert_eq!(skips(&process), [(SkipReason::Rescheduled, -30, 0); 2], "{overlap:?}");
        world.audit(0);
    }
}

#[test]
fn a_clock_that_is_stepped_during_an_attempt_neither_loses_nor_doubles() {
    for overlap in ALL {
        for hours in [-1, 1] {
            let world = World::default();
            world.script.will(&[Act::Hang]);
            let process = world.start();
            let id = process.add(every(10).minutes().overlap(overlap).call("work"));
            process.jump(MINUTE * 10);
            step(&world, &process, hours);
            world.script.release(1);
            process.settle();
            process.advance(HOUR * 3);
            let completed = process.outline().iter().filter(|run| run.0 == RunStatus::Completed).count();
            assert_eq!(
                process.job(id).unwrap().run_count(),
                process.runs().len() as u64 - skips(&process).len() as u64
            );
            assert!(completed >= 12, "{overlap:?} {hours}: {completed}");
            world.audit(0);
        }
    }
}

#[test]
fn a_clock_that_was_set_back_before_a_restart_goes_on_at_once_and_repeats_no_fire() {
    for is_crash in [true, false] {
        let world = World::default();
        let process = world.start();
        process.add(every(10).minutes().call("work"));
        process.advance(MINUTE * 25);
        if is_crash {
            process.crash();
        } else {
            process.stop(Duration::ZERO);
        }
        world.clock.step(world.clock.now() - TimeDelta::hours(1));
        let process = world.start();
        process.advance(HOUR * 2);
        assert_eq!(minutes(&world), [10, 20, -30, -20, -10, 0, 30, 40, 50, 60, 70, 80]);
        assert_eq!(skips(&process), [(SkipReason::Rescheduled, -30, 0)]);
        process.stop(Duration::ZERO);
        // A later start does not report it again.
        let process = world.start();
        assert_eq!(process.run(process.scheduler.problems()).unwrap(), []);
        process.advance(MINUTE * 10);
        assert_eq!(minutes(&world).last(), Some(&90));
        assert_eq!(skips(&process).len(), 1);
        world.audit(0);
    }
}

#[test]
fn a_new_schedule_repeats_no_fire_after_the_clock_was_set_back() {
    let world = World::default();
    let process = world.start();
    let id = process.add(cron("*/10 * * * *").call("work"));
    process.advance(MINUTE * 25);
    step(&world, &process, -1);
    process.run(process.scheduler.update_job(id, JobUpdate::new().schedule(cron("*/5 * * * *")))).unwrap();
    process.advance(HOUR * 2);
    let fives = (-6..=17).map(|fives| fives * 5).filter(|minute| ![10, 20].contains(minute));
    let ran: Vec<_> = [10, 20].into_iter().chain(fives).collect();
    assert_eq!(minutes(&world), ran);
    world.audit(0);
}

#[test]
fn a_run_that_is_asked_for_after_the_clock_was_set_back_is_at_once() {
    let world = World::default();
    let process = world.start();
    let id = process.add(every(1).hours().call("work"));
    let run_now = || process.run(process.scheduler.run_job_now(id)).unwrap();
    let first = run_now();
    process.settle();
    step(&world, &process, -1);
    let second = run_now();
    process.settle();
    assert_eq!(world.script.count(), 2);
    assert_ne!(first, second);
    world.audit(0);
}

#[test]
fn a_timeout_is_time_that_passes_whatever_the_clock_says() {
    let world = World::default();
    world.script.always(Act::Hang);
    let process = world.start();
    process.add(once(1).retries(0).timeout(MINUTE).call("work"));
    process.jump(SECOND);
    step(&world, &process, 1);
    process.jump(SECOND * 59);
    assert_eq!(process.outline(), []);
    step(&world, &process, -1);
    process.jump(SECOND);
    assert_eq!(process.outline(), [(RunStatus::Failed, 1)]);
    world.audit(0);
}

#[test]
fn a_waiting_retry_runs_when_the_clock_comes_to_it() {
    for hours in [-1, 1] {
        let world = World::default();
        world.script.will(&[Act::Fail]);
        let process = world.start();
        process.add(once(1).call("work"));
        process.jump(SECOND);
        step(&world, &process, hours);
        process.advance(HOUR + SECOND * 2);
        let expected = [(Trigger::Schedule, 1, 1), (Trigger::Schedule, 1, 2)];
        assert_eq!(world.script.outline(monday()), expected);
        world.audit(0);
    }
}
