//! A fire that comes due while the job is still at an earlier one.

use std::time::Duration;

use fastscheduler::prelude::*;
use fastscheduler::{CatchUp, JobId, JobUpdate, Overlap, RunStatus, SkipReason, Trigger};
use fastscheduler_tests::{Act, Process, World, monday};

const SECOND: Duration = Duration::from_secs(1);
const EXCLUSIVE: [Overlap; 2] = [Overlap::Skip, Overlap::Queue];
const ALL: [Overlap; 4] = [Overlap::Skip, Overlap::Queue, Overlap::Allow, Overlap::Cancel];

/// A job of every ten seconds that begins with these acts.
fn start(world: &World, overlap: Overlap, acts: &[Act]) -> (Process, JobId) {
    world.script.will(acts);
    let process = world.start();
    let id = process.add(every(10).seconds().overlap(overlap).retries(3).call("work"));
    (process, id)
}

/// The instants of the fires, and the attempts.
fn begun(world: &World) -> Vec<(i64, u32)> {
    world.script.outline(monday()).into_iter().map(|(_, at, attempt)| (at, attempt)).collect()
}

fn skips(process: &Process) -> Vec<(SkipReason, i64, i64, u64)> {
    let seconds = |at: chrono::DateTime<chrono::Utc>| (at - monday()).num_seconds();
    let skipped = process.runs().into_iter().filter_map(|run| run.skipped);
    skipped
        .map(|skipped| (skipped.reason, seconds(skipped.first), seconds(skipped.last), skipped.count))
        .collect()
}

fn step(process: &Process, ten_seconds: usize) {
    for _ in 0..ten_seconds {
        process.jump(SECOND * 10);
    }
}

#[test]
fn skip_records_the_fires_that_come_due_during_an_attempt() {
    let world = World::default();
    let (process, _) = start(&world, Overlap::Skip, &[Act::Hang]);
    step(&process, 4);
    world.script.release(1);
    process.settle();
    assert_eq!(skips(&process), [(SkipReason::Overlap, 20, 40, 3)]);
    step(&process, 1);
    assert_eq!(begun(&world), [(10, 1), (50, 1)]);
    world.audit(0);
}

#[test]
fn queue_runs_the_first_that_came_due_when_the_chain_ends_and_records_the_others() {
    let world = World::default();
    let (process, _) = start(&world, Overlap::Queue, &[Act::Hang]);
    step(&process, 4);
    world.script.release(1);
    process.settle();
    assert_eq!(begun(&world), [(10, 1), (20, 1)]);
    assert_eq!(skips(&process), [(SkipReason::Overlap, 30, 40, 2)]);
    step(&process, 1);
    assert_eq!(begun(&world), [(10, 1), (20, 1), (50, 1)]);
    world.audit(0);
}

#[test]
fn cancel_cancels_the_running_attempt_and_runs_the_new_fire() {
    let world = World::default();
    let (process, _) = start(&world, Overlap::Cancel, &[Act::Hang, Act::Hang]);
    step(&process, 3);
    assert_eq!(begun(&world), [(10, 1), (20, 1), (30, 1)]);
    let expected = [(RunStatus::Failed, 10), (RunStatus::Failed, 20), (RunStatus::Completed, 30)];
    let mut outline = process.outline();
    outline.sort_by_key(|(_, at)| *at);
    assert_eq!(outline, expected);
    world.audit(0);
}

#[test]
fn allow_runs_both() {
    let world = World::default();
    let (process, _) = start(&world, Overlap::Allow, &[Act::Hang; 3]);
    step(&process, 3);
    assert!(world.script.begun().iter().all(|begun| !begun.context.is_cancelled()));
    world.script.release(3);
    process.settle();
    assert_eq!(process.outline(), [10, 20, 30].map(|at| (RunStatus::Completed, at)));
    world.audit(0);
}

#[test]
fn the_chain_includes_waiting_retries() {
    // Attempts at 10, 12, 16 and 24 seconds; the fire of 20 comes due meanwhile.
    let failing = [Act::Fail; 3];
    let world = World::default();
    let (process, _) = start(&world, Overlap::Skip, &failing);
    process.advance(SECOND * 30);
    assert_eq!(begun(&world), [(10, 1), (10, 2), (10, 3), (10, 4), (30, 1)]);
    assert_eq!(skips(&process), [(SkipReason::Overlap, 20, 20, 1)]);
    world.audit(0);

    let world = World::default();
    let (process, _) = start(&world, Overlap::Queue, &failing);
    process.advance(SECOND * 30);
    assert_eq!(begun(&world), [(10, 1), (10, 2), (10, 3), (10, 4), (20, 1), (30, 1)]);
    world.audit(0);

    let world = World::default();
    let (process, _) = start(&world, Overlap::Allow, &failing);
    process.advance(SECOND * 30);
    assert_eq!(begun(&world), [(10, 1), (10, 2), (10, 3), (20, 1), (10, 4), (30, 1)]);
    world.audit(0);

    // The retry of 24 seconds would be cancelled by the fire of 20.
    let world = World::default();
    let (process, _) = start(&world, Overlap::Cancel, &failing);
    process.advance(SECOND * 30);
    assert_eq!(begun(&world), [(10, 1), (10, 2), (10, 3), (20, 1), (30, 1)]);
    assert_eq!(process.run(process.scheduler.dead_letters(9)).unwrap().len(), 1);
    world.audit(0);
}

#[test]
fn the_chain_includes_manual_runs() {
    for overlap in EXCLUSIVE {
        let world = World::default();
        let (process, id) = start(&world, overlap, &[Act::Hang]);
        process.jump(SECOND * 5);
        process.run(process.scheduler.run_job_now(id)).unwrap();
        process.settle();
        step(&process, 3);
        assert_eq!(begun(&world), [(5, 1)], "{overlap:?}");
        world.script.release(1);
        process.settle();
        match overlap {
            Overlap::Skip => assert_eq!(skips(&process), [(SkipReason::Overlap, 10, 30, 3)]),
            _ => assert_eq!(skips(&process), [(SkipReason::Overlap, 20, 30, 2)]),
        }
        step(&process, 1);
        let queued = (overlap == Overlap::Queue).then_some((10, 1));
        let expected: Vec<_> = [(5, 1)].into_iter().chain(queued).chain([(40, 1)]).collect();
        assert_eq!(begun(&world), expected, "{overlap:?}");
        world.audit(0);
    }
}

#[test]
fn a_fire_cancels_a_manual_run_if_overlap_is_cancel_and_runs_beside_it_if_allow() {
    for (overlap, is_cancelled) in [(Overlap::Cancel, true), (Overlap::Allow, false)] {
        let world = World::default();
        let (process, id) = start(&world, overlap, &[Act::Hang]);
        process.jump(SECOND * 5);
        process.run(process.scheduler.run_job_now(id)).unwrap();
        process.settle();
        process.jump(SECOND * 5);
        assert_eq!(begun(&world), [(5, 1), (10, 1)]);
        assert_eq!(world.script.begun()[0].context.is_cancelled(), is_cancelled, "{overlap:?}");
        world.audit(0);
    }
}

#[test]
fn a_retry_cancels_no_run_that_was_asked_for_after_its_fire() {
    let world = World::default();
    let (process, id) = start(&world, Overlap::Cancel, &[Act::Fail, Act::Hang]);
    step(&process, 1);
    process.jump(SECOND);
    process.run(process.scheduler.run_job_now(id)).unwrap();
    process.settle();
    process.jump(SECOND);
    assert_eq!(begun(&world), [(10, 1), (11, 1), (10, 2)]);
    assert!(!world.script.begun()[1].context.is_cancelled());
    process.jump(SECOND * 8);
    assert!(world.script.begun()[1].context.is_cancelled(), "a new fire does");
    world.audit(0);
}

#[test]
fn a_manual_run_whose_retries_wait_keeps_the_next_fire_waiting() {
    let world = World::default();
    let (process, id) = start(&world, Overlap::Skip, &[Act::Fail; 3]);
    process.advance(SECOND * 5);
    process.run(process.scheduler.run_job_now(id)).unwrap();
    // Attempts at 5, 7, 11 and 19 seconds.
    process.advance(SECOND * 20);
    let manual = world.script.outline(monday()).iter().filter(|begun| begun.0 == Trigger::Manual).count();
    assert_eq!(manual, 4);
    assert_eq!(skips(&process), [(SkipReason::Overlap, 10, 10, 1)]);
    assert_eq!(begun(&world)[4], (20, 1));
    world.audit(0);
}

#[test]
fn an_update_during_an_attempt_leaves_what_overlaps_to_its_end() {
    for overlap in EXCLUSIVE {
        let world = World::default();
        let (process, id) = start(&world, overlap, &[Act::Hang]);
        step(&process, 3);
        process.run(process.scheduler.update_job(id, JobUpdate::new().catch_up(CatchUp::None))).unwrap();
        process.settle();
        step(&process, 1);
        world.script.release(1);
        process.settle();
        match overlap {
            Overlap::Skip => assert_eq!(skips(&process), [(SkipReason::Overlap, 20, 40, 3)]),
            _ => assert_eq!(skips(&process), [(SkipReason::Overlap, 30, 40, 2)]),
        }
        step(&process, 1);
        assert_eq!(begun(&world).last(), Some(&(50, 1)), "{overlap:?}");
        world.audit(0);
    }
}

#[test]
fn a_pause_during_an_attempt_records_what_it_overlapped_as_paused() {
    for overlap in EXCLUSIVE {
        let world = World::default();
        let (process, id) = start(&world, overlap, &[Act::Hang]);
        step(&process, 1);
        process.run(process.scheduler.pause_job(id)).unwrap();
        step(&process, 2);
        process.run(process.scheduler.resume_job(id)).unwrap();
        step(&process, 1);
        world.script.release(1);
        process.settle();
        step(&process, 1);
        let mut expected = vec![(SkipReason::Paused, 20, 30, 2)];
        if overlap == Overlap::Skip {
            expected.push((SkipReason::Overlap, 40, 40, 1));
        }
        assert_eq!(skips(&process), expected, "{overlap:?}");
        world.audit(0);
    }
}

#[test]
fn a_queued_fire_that_waits_for_a_slot_is_one_with_those_it_stands_for_over_a_crash_and_a_pause() {
    for is_crash in [true, false] {
        let world = World::default();
        world.script.will(&[Act::Hang, Act::Hang]);
        let process = world.start_with(|builder| builder.max_concurrency(1));
        let id = process.add(every(10).seconds().overlap(Overlap::Queue).call("work"));
        process.add(once(15).call("work").name("takes the slot"));
        step(&process, 4);
        world.script.release(1);
        process.settle();
        assert_eq!(begun(&world), [(10, 1), (15, 1)]);
        let process = if is_crash {
            process.crash();
            world.start()
        } else {
            process.run(process.scheduler.pause_job(id)).unwrap();
            process.run(process.scheduler.resume_job(id)).unwrap();
            process
        };
        process.settle();
        world.script.release(1);
        step(&process, 1);
        world.audit(1);
        assert_eq!(begun(&world).last(), Some(&(50, 1)));
    }
}

#[test]
fn a_change_of_policy_during_an_attempt_holds_from_the_next_fire() {
    for from in ALL {
        for to in ALL {
            let world = World::default();
            let (process, id) = start(&world, from, &[Act::Hang]);
            step(&process, 1);
            process.run(process.scheduler.update_job(id, JobUpdate::new().overlap(to))).unwrap();
            step(&process, 2);
            let is_waiting = matches!(to, Overlap::Skip | Overlap::Queue);
            let expected: &[_] = if is_waiting { &[(10, 1)] } else { &[(10, 1), (20, 1), (30, 1)] };
            assert_eq!(begun(&world), expected, "{from:?} to {to:?}");
            world.script.release(1);
            process.settle();
            step(&process, 1);
            assert_eq!(begun(&world).last(), Some(&(40, 1)), "{from:?} to {to:?}");
            world.audit(0);
        }
    }
}
