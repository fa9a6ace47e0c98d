//! Long downtimes, slow jobs, crowds, and jobs that misbehave.

use std::time::Duration;

use fastscheduler::prelude::*;
use fastscheduler::{CatchUp, Clock as _, JobStatus, NewJob, Overlap, RunStatus, SkipReason};
use fastscheduler_tests::{Act, Process, World, monday};

const SECOND: Duration = Duration::from_secs(1);
const HOUR: Duration = Duration::from_secs(3_600);
const MONTH: Duration = Duration::from_secs(30 * 86_400);
const ALL: [Overlap; 4] = [Overlap::Skip, Overlap::Queue, Overlap::Allow, Overlap::Cancel];

/// How many fires were skipped, and for what reason.
fn skipped(process: &Process) -> (Option<SkipReason>, u64) {
    let skips: Vec<_> = process.runs().into_iter().filter_map(|run| run.skipped).collect();
    assert!(skips.len() <= 1, "a range is one record: {skips:?}");
    (skips.first().map(|skipped| skipped.reason), skips.iter().map(|skipped| skipped.count).sum())
}

/// Starts a job, is down for a month, and tells how many fires ran and how
/// many were skipped.
fn after_a_month(job: impl Into<NewJob>, is_crash: bool) -> (usize, u64) {
    let world = World::default();
    let process = world.start();
    process.add(job);
    if is_crash {
        process.crash();
    } else {
        process.stop(Duration::ZERO);
    }
    // What is due at the very instant of the start was not missed.
    world.pass(MONTH + SECOND);
    let process = world.start();
    process.settle();
    let (reason, count) = skipped(&process);
    assert!(reason.is_none_or(|reason| reason == SkipReason::CatchUp));
    let ran = world.script.count();
    for job in process.run(process.scheduler.jobs()).unwrap() {
        assert!(job.next_run_at() > Some(world.clock.now()), "{:?}", job.next_run_at());
    }
    // It goes on, and can be stopped.
    process.advance(HOUR * 24);
    world.audit(0);
    process.stop(Duration::ZERO);
    (ran, count)
}

#[test]
fn after_a_month_of_downtime_each_job_does_as_its_catch_up_says() {
    for is_crash in [false, true] {
        for overlap in ALL {
            for (catch_up, most) in [(CatchUp::Once, 1), (CatchUp::All, 100), (CatchUp::None, 0)] {
                let what = format!("{catch_up:?} {overlap:?}");
                let interval = every(10).minutes().catch_up(catch_up).overlap(overlap).call("work");
                assert_eq!(after_a_month(interval, is_crash), (most, 4_320 - most as u64), "{what}");
                let cron = cron("0 * * * *").catch_up(catch_up).overlap(overlap).call("work");
                assert_eq!(after_a_month(cron, is_crash), (most, 720 - most as u64), "{what}");
                let daily = daily().at("12:00").catch_up(catch_up).overlap(overlap).call("work");
                let ran = most.min(30);
                assert_eq!(after_a_month(daily, is_crash), (ran, 30 - ran as u64), "{what}");
                let once = once(3_600).catch_up(catch_up).overlap(overlap).call("work");
                let ran = most.min(1);
                assert_eq!(after_a_month(once, is_crash), (ran, 1 - ran as u64), "{what}");
                let date = at("2026-12-01 12:00:00").catch_up(catch_up).overlap(overlap).call("work");
                assert_eq!(after_a_month(date, is_crash), (ran, 1 - ran as u64), "{what}");
            }
        }
    }
}

#[test]
fn a_month_of_milliseconds_is_one_record() {
    let (ran, skipped) = after_a_month_of_milliseconds();
    assert_eq!((ran, skipped), (1, 30 * 86_400_000 - 1));
}

fn after_a_month_of_milliseconds() -> (usize, u64) {
    let world = World::default();
    let process = world.start();
    process.add(every(0.001).seconds().call("work"));
    process.stop(Duration::ZERO);
    world.pass(MONTH);
    let process = world.start();
    process.settle();
    world.audit(0);
    (world.script.count(), skipped(&process).1)
}

#[test]
fn the_fires_of_a_cron_are_counted_up_to_ten_thousand_and_the_last_is_right() {
    let world = World::default();
    let process = world.start();
    process.add(cron("* * * * *").catch_up(CatchUp::None).call("work"));
    process.stop(Duration::ZERO);
    world.pass(MONTH + SECOND);
    let process = world.start();
    let runs = process.runs();
    let skipped = runs[0].skipped.as_ref().unwrap();
    assert_eq!((runs.len(), skipped.count), (1, 10_000));
    assert_eq!((skipped.first, skipped.last), (monday() + SECOND * 60, monday() + MONTH));
    world.audit(0);
}

#[test]
fn a_job_slower_than_its_interval_does_as_its_overlap_says() {
    // Each attempt takes 25 s of the 10 s that there are.
    for overlap in ALL {
        let world = World::default();
        world.script.always(Act::Hang);
        let process = world.start();
        process.add(every(10).seconds().overlap(overlap).retries(0).call("work"));
        let mut ends: Vec<(u64, usize)> = Vec::new();
        for second in (5..=600).step_by(5) {
            process.jump(SECOND * 5);
            let due: usize = ends.iter().filter(|(at, _)| *at == second).map(|(_, count)| *count).sum();
            if due > 0 && overlap != Overlap::Cancel {
                world.script.release(due);
                process.settle();
            }
            let known: usize = ends.iter().map(|(_, count)| *count).sum();
            ends.push((second + 25, world.script.count() - known));
        }
        let began = world.script.count();
        let expected = match overlap {
            // One in thirty seconds: the next begins at the first fire after the end.
            Overlap::Skip => 20,
            // One after another.
            Overlap::Queue => 24,
            Overlap::Allow | Overlap::Cancel => 60,
        };
        assert_eq!(began, expected, "{overlap:?}");
        world.audit(0);
        process.stop(Duration::ZERO);
        world.audit(0);
    }
}

#[test]
fn ten_thousand_jobs_due_at_one_instant_all_run_in_ten_slots() {
    let world = World::default();
    let process = world.start_with(|builder| builder.max_concurrency(10));
    for _ in 0..10_000 {
        process.add(once(1).catch_up(CatchUp::None).call("work"));
    }
    process.advance(SECOND);
    assert_eq!(process.run(process.scheduler.statistics()).unwrap().total_runs, 10_000);
    assert!(process.run(process.scheduler.jobs()).unwrap().is_empty());
    world.audit(0);
    process.stop(Duration::ZERO);
}

#[test]
fn ten_thousand_blocking_jobs_due_at_one_instant_all_run_on_ten_threads() {
    let world = World::default();
    let process = world.start_with(|builder| builder.max_workers(10));
    for _ in 0..10_000 {
        process.add(once(1).catch_up(CatchUp::None).call("block"));
    }
    process.advance(SECOND);
    assert_eq!(process.run(process.scheduler.statistics()).unwrap().total_runs, 10_000);
    assert!(process.run(process.scheduler.jobs()).unwrap().is_empty());
    world.audit(0);
    process.stop(Duration::ZERO);
}

#[test]
fn what_waits_for_a_slot_for_minutes_is_neither_dropped_nor_missed() {
    let world = World::default();
    world.script.always(Act::Hang);
    let process = world.start_with(|builder| builder.max_concurrency(10));
    for _ in 0..500 {
        process.add(once(1).catch_up(CatchUp::None).call("work"));
    }
    process.jump(SECOND);
    for round in 1..=50 {
        assert_eq!(world.script.count(), round * 10);
        world.clock.advance(SECOND * 30);
        world.script.release(10);
        process.settle();
    }
    assert_eq!(process.outline(), vec![(RunStatus::Completed, 1); 500]);
    world.audit(0);
}

#[test]
fn a_job_that_panics_always_goes_on_at_its_times() {
    for overlap in ALL {
        let world = World::default();
        world.script.always(Act::Panic);
        let process = world.start();
        let id = process.add(every(1).minutes().overlap(overlap).retries(2).call("work"));
        process.advance(HOUR);
        let job = process.job(id).unwrap();
        assert_eq!(
            (job.run_count(), job.failure_count(), job.status()),
            (60 * 3 - 2, 60 * 3 - 2, JobStatus::Failed)
        );
        assert_eq!(process.run(process.scheduler.dead_letters(1_000)).unwrap().len(), 59);
        world.audit(0);
        process.stop(Duration::ZERO);
    }
}

#[test]
fn a_job_that_never_returns_holds_up_no_other_and_no_stop() {
    for overlap in ALL {
        let world = World::default();
        let process = world.start();
        let endless = process.add(every(10).seconds().overlap(overlap).call("work"));
        world.script.job_always(endless, Act::Hang);
        let id = process.add(every(10).seconds().call("work").name("well"));
        for _ in 0..12 {
            process.jump(SECOND * 10);
        }
        assert_eq!(process.job(id).unwrap().run_count(), 12, "{overlap:?}");
        world.audit(0);
        process.stop(SECOND * 30);
        // The last thirty seconds passed while it stopped.
        world.script.job_always(endless, Act::Succeed);
        let process = world.start();
        process.advance(SECOND * 30);
        assert!(process.job(endless).unwrap().run_count() > 0, "{overlap:?}");
        world.audit(0);
    }
}

#[test]
fn a_job_that_blocks_past_its_timeout_holds_up_no_stop_and_runs_again_when_its_thread_is_free() {
    let world = World::default();
    world.script.will(&[Act::Hang]);
    let process = world.start();
    let id = process.add(every(1).minutes().timeout(SECOND * 5).retries(1).call("block"));
    process.run(async {
        world.clock.advance(SECOND * 60);
        world.script.has_begun(1).await;
        world.clock.advance(SECOND * 5);
        world.script.begun()[0].context.cancelled().await;
    });
    while process.outline().is_empty() {
        process.settle();
    }
    // Its retry is due, and the fire of the second minute; both wait for the thread.
    process.jump(SECOND * 60);
    assert_eq!(world.script.count(), 1);
    world.script.release(1);
    process.advance(SECOND * 60);
    let expected = [
        (RunStatus::Failed, 60),
        (RunStatus::Completed, 60),
        (RunStatus::Missed, 120),
        (RunStatus::Completed, 180),
    ];
    assert_eq!(process.outline(), expected);
    assert_eq!(process.job(id).unwrap().run_count(), 3);
    world.audit(0);
    process.stop(Duration::ZERO);
}
