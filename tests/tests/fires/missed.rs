//! Fires that are late, and fires that were missed.

use std::time::Duration;

use chrono::TimeDelta;
use fastscheduler::prelude::*;
use fastscheduler::{CatchUp, JobUpdate, Overlap, RunStatus, SkipReason, Trigger};
use fastscheduler_tests::{Act, Process, World, monday};

const SECOND: Duration = Duration::from_secs(1);
const MINUTE: Duration = Duration::from_secs(60);
const HOUR: Duration = Duration::from_secs(3_600);

const CATCH_UPS: [CatchUp; 3] = [CatchUp::None, CatchUp::Once, CatchUp::All];

/// Status, reason, and the seconds since Monday of the first and last fire.
fn skips(process: &Process) -> Vec<(SkipReason, i64, i64, u64)> {
    let seconds = |at: chrono::DateTime<chrono::Utc>| (at - monday()).num_seconds();
    let skipped = process.runs().into_iter().filter_map(|run| run.skipped);
    skipped
        .map(|skipped| (skipped.reason, seconds(skipped.first), seconds(skipped.last), skipped.count))
        .collect()
}

#[test]
fn a_fire_that_was_due_before_this_start_is_missed() {
    let world = World::default();
    let process = world.start();
    let id = process.add(every(1).hours().catch_up(CatchUp::None).call("work"));
    process.stop(Duration::ZERO);
    // Less than a minute late, and no later one is due.
    world.pass(HOUR + SECOND);
    let process = world.start();
    process.settle();
    assert_eq!(skips(&process), [(SkipReason::CatchUp, 3_600, 3_600, 1)]);
    assert_eq!(process.job(id).unwrap().next_run_at(), Some(monday() + HOUR * 2));
    assert_eq!(world.script.count(), 0);
    world.audit(0);
}

#[test]
fn a_fire_that_is_due_at_the_instant_of_the_start_is_not_missed() {
    for missed in [0, 3] {
        let world = World::default();
        let process = world.start();
        process.add(every(1).hours().catch_up(CatchUp::None).call("work"));
        process.stop(Duration::ZERO);
        world.pass(HOUR * (missed + 1));
        let process = world.start();
        process.settle();
        let fire = i64::from(missed + 1) * 3_600;
        assert_eq!(world.script.outline(monday()), [(Trigger::Schedule, fire, 1)]);
        let skipped = (SkipReason::CatchUp, 3_600, fire - 3_600, u64::from(missed));
        assert_eq!(skips(&process), Vec::from_iter((missed > 0).then_some(skipped)));
        world.audit(0);
    }
}

#[test]
fn a_fire_is_missed_if_a_later_one_of_the_job_is_already_due_and_the_last_of_them_is_late() {
    let every_minute = || every(60).seconds().definition().unwrap();
    let minutes_of_cron = || cron("* * * * *").definition().unwrap();
    let overlaps = [Overlap::Skip, Overlap::Queue, Overlap::Allow, Overlap::Cancel];
    for schedule in [every_minute(), minutes_of_cron()] {
        for (catch_up, overlap) in CATCH_UPS.into_iter().flat_map(|c| overlaps.map(|o| (c, o))) {
            let world = World::default();
            let process = world.start();
            let job = schedule.clone().into_builder().catch_up(catch_up).overlap(overlap);
            let id = process.add(job.call("work"));
            process.jump(SECOND * 330);
            let late = (Trigger::Schedule, 300, 1);
            let (ran, skipped) = if catch_up == CatchUp::All {
                let missed = (1..=4).map(|minute| (Trigger::CatchUp, minute * 60, 1));
                (missed.chain([late]).collect(), vec![])
            } else {
                (vec![late], vec![(SkipReason::CatchUp, 60, 240, 4)])
            };
            let case = format!("{schedule} {catch_up:?} {overlap:?}");
            assert_eq!(world.script.outline(monday()), ran, "{case}");
            assert_eq!(skips(&process), skipped, "{case}");
            assert_eq!(process.job(id).unwrap().next_run_at(), Some(monday() + MINUTE * 6), "{case}");
            process.advance(MINUTE);
            assert_eq!(world.script.outline(monday()).last(), Some(&(Trigger::Schedule, 360, 1)), "{case}");
            world.audit(0);
        }
    }
}

#[test]
fn the_last_fire_that_is_due_is_missed_if_it_is_over_sixty_seconds_late() {
    for (late, is_missed) in [(60, false), (61, true)] {
        for catch_up in CATCH_UPS {
            let world = World::default();
            let process = world.start();
            process.add(every(120).seconds().catch_up(catch_up).call("work"));
            process.jump(SECOND * (360 + late));
            let last = if is_missed { Trigger::CatchUp } else { Trigger::Schedule };
            let (ran, skipped) = match catch_up {
                CatchUp::None if is_missed => (vec![], vec![(SkipReason::CatchUp, 120, 360, 3)]),
                CatchUp::None | CatchUp::Once => {
                    (vec![(last, 360, 1)], vec![(SkipReason::CatchUp, 120, 240, 2)])
                }
                CatchUp::All => {
                    (vec![(Trigger::CatchUp, 120, 1), (Trigger::CatchUp, 240, 1), (last, 360, 1)], vec![])
                }
            };
            assert_eq!(world.script.outline(monday()), ran, "{catch_up:?} {late} s late");
            assert_eq!(skips(&process), skipped, "{catch_up:?} {late} s late");
            world.audit(0);
        }
    }
}

#[test]
fn a_job_that_waits_for_a_slot_past_several_fires_runs_the_last_of_them() {
    for catch_up in CATCH_UPS {
        let world = World::default();
        world.script.will(&[Act::Hang]);
        let process = world.start_with(|builder| builder.max_concurrency(1));
        process.add(once(1).call("work").name("holds the slot"));
        process.jump(SECOND);
        process.add(every(60).seconds().starting_at(monday()).catch_up(catch_up).call("work"));
        // Only the last of its fires is merely waiting for the slot.
        for _ in 0..11 {
            process.jump(SECOND * 30);
        }
        world.script.release(1);
        process.settle();
        let fires: Vec<_> = world.script.outline(monday()).iter().skip(1).map(|begun| begun.1).collect();
        match catch_up {
            CatchUp::None | CatchUp::Once => assert_eq!(fires, [300]),
            CatchUp::All => assert_eq!(fires, [60, 120, 180, 240, 300]),
        }
        process.advance(MINUTE);
        assert_eq!(world.script.outline(monday()).last(), Some(&(Trigger::Schedule, 360, 1)));
        world.audit(0);
    }
}

#[test]
fn fires_that_come_due_while_others_are_caught_up_with_overlap() {
    let world = World::default();
    world.script.will(&[Act::Succeed, Act::Hang]);
    let process = world.start();
    process.add(every(60).seconds().catch_up(CatchUp::All).call("work"));
    // Minutes 1 and 2 were missed, 3 is late; 4 comes due while 2 is caught up with.
    process.jump(SECOND * 190);
    process.jump(SECOND * 60);
    world.script.release(2);
    process.settle();
    let ran = [(Trigger::CatchUp, 60, 1), (Trigger::CatchUp, 120, 1), (Trigger::Schedule, 180, 1)];
    assert_eq!(world.script.outline(monday()), ran);
    assert_eq!(skips(&process), [(SkipReason::Overlap, 240, 240, 1)]);
    world.audit(0);
}

#[test]
fn what_was_due_before_this_start_is_missed_however_recent() {
    for catch_up in CATCH_UPS {
        let world = World::default();
        let process = world.start();
        process.add(every(60).seconds().catch_up(catch_up).call("work"));
        process.stop(Duration::ZERO);
        world.pass(SECOND * 181);
        let process = world.start();
        process.settle();
        let missed = |minutes: std::ops::RangeInclusive<i64>| {
            minutes.map(|minute| (Trigger::CatchUp, minute * 60, 1)).collect::<Vec<_>>()
        };
        let (ran, skipped) = match catch_up {
            CatchUp::None => (vec![], vec![(SkipReason::CatchUp, 60, 180, 3)]),
            CatchUp::Once => (missed(3..=3), vec![(SkipReason::CatchUp, 60, 120, 2)]),
            CatchUp::All => (missed(1..=3), vec![]),
        };
        assert_eq!(world.script.outline(monday()), ran, "{catch_up:?}");
        assert_eq!(skips(&process), skipped, "{catch_up:?}");
        world.audit(0);
    }
}

#[test]
fn what_came_due_while_a_job_was_paused_is_not_missed_but_paused_and_the_next_one_runs() {
    for catch_up in CATCH_UPS {
        let world = World::default();
        let process = world.start();
        let id = process.add(every(60).seconds().catch_up(catch_up).call("work"));
        process.run(process.scheduler.pause_job(id)).unwrap();
        process.jump(SECOND * 330);
        process.run(process.scheduler.resume_job(id)).unwrap();
        process.settle();
        assert_eq!(world.script.count(), 0);
        assert_eq!(skips(&process), [(SkipReason::Paused, 60, 300, 5)]);
        process.jump(SECOND * 60);
        assert_eq!(world.script.outline(monday()), [(Trigger::Schedule, 360, 1)], "{catch_up:?}");
        world.audit(0);
    }
}

#[test]
fn a_fire_is_missed_if_it_is_over_sixty_seconds_late() {
    for (late, expected) in [(60, None), (61, Some((SkipReason::CatchUp, 3_600, 3_600, 1)))] {
        let world = World::default();
        let process = world.start();
        process.add(every(1).hours().catch_up(CatchUp::None).call("work"));
        process.jump(HOUR + SECOND * late);
        assert_eq!(skips(&process), Vec::from_iter(expected));
        assert_eq!(world.script.count(), usize::from(expected.is_none()));
        world.audit(0);
    }
}

#[test]
fn a_fire_that_was_missed_while_the_scheduler_runs_is_caught_up_with_and_the_next_one_comes() {
    for catch_up in [CatchUp::Once, CatchUp::All] {
        for overlap in [Overlap::Skip, Overlap::Queue, Overlap::Allow, Overlap::Cancel] {
            let world = World::default();
            let process = world.start();
            process.add(every(1).hours().catch_up(catch_up).overlap(overlap).call("work"));
            process.jump(HOUR + SECOND * 61);
            process.advance(HOUR);
            let expected = [(Trigger::CatchUp, 3_600, 1), (Trigger::Schedule, 7_200, 1)];
            assert_eq!(world.script.outline(monday()), expected, "{catch_up:?} {overlap:?}");
            world.audit(0);
        }
    }
}

#[test]
fn a_fire_that_is_late_runs_as_a_fire_of_the_schedule() {
    let world = World::default();
    let process = world.start();
    process.add(every(1).hours().call("work"));
    process.jump(HOUR + SECOND * 59);
    assert_eq!(world.script.outline(monday()), [(Trigger::Schedule, 3_600, 1)]);
}

#[test]
fn a_fire_that_waits_for_a_slot_is_not_missed_however_long_it_waits() {
    let world = World::default();
    world.script.will(&[Act::Hang]);
    let process = world.start_with(|builder| builder.max_concurrency(1));
    process.add(once(1).call("work").name("holds the slot"));
    process.add(once(2).catch_up(CatchUp::None).call("work").name("waits"));
    process.add(every(1).hours().catch_up(CatchUp::None).call("work").name("waits too"));
    process.jump(SECOND);
    process.jump(SECOND);
    process.jump(HOUR);
    process.jump(MINUTE * 59);
    world.script.release(1);
    process.settle();
    let expected = [(Trigger::Schedule, 1, 1), (Trigger::Schedule, 2, 1), (Trigger::Schedule, 3_600, 1)];
    assert_eq!(world.script.outline(monday()), expected);
    assert_eq!(skips(&process), []);
    world.audit(0);
}

#[test]
fn a_fire_that_waits_for_a_slot_is_not_missed_because_its_job_was_updated() {
    let world = World::default();
    world.script.will(&[Act::Hang]);
    let process = world.start_with(|builder| builder.max_concurrency(1));
    process.add(once(1).call("work").name("holds the slot"));
    let id = process.add(once(2).catch_up(CatchUp::None).call("work").name("waits"));
    process.jump(SECOND);
    process.jump(SECOND);
    process.run(process.scheduler.update_job(id, JobUpdate::new().retries(1))).unwrap();
    process.jump(HOUR);
    world.script.release(1);
    process.settle();
    assert_eq!(world.script.outline(monday()), [(Trigger::Schedule, 1, 1), (Trigger::Schedule, 2, 1)]);
    world.audit(0);
}

#[test]
fn catch_up_once_runs_the_latest_and_records_the_rest() {
    let world = World::default();
    let process = world.start();
    process.add(every(1).hours().call("work"));
    process.stop(Duration::ZERO);
    world.pass(HOUR * 5 + MINUTE);
    let process = world.start();
    process.settle();
    assert_eq!(world.script.outline(monday()), [(Trigger::CatchUp, 5 * 3_600, 1)]);
    assert_eq!(skips(&process), [(SkipReason::CatchUp, 3_600, 4 * 3_600, 4)]);
    process.advance(HOUR);
    assert_eq!(world.script.outline(monday())[1], (Trigger::Schedule, 6 * 3_600, 1));
    world.audit(0);
}

#[test]
fn catch_up_all_runs_the_newest_hundred_oldest_first_and_records_the_rest() {
    for overlap in [Overlap::Skip, Overlap::Queue, Overlap::Allow, Overlap::Cancel] {
        let world = World::default();
        let process = world.start();
        process.add(every(1).minutes().catch_up(CatchUp::All).overlap(overlap).call("work"));
        process.stop(Duration::ZERO);
        world.pass(MINUTE * 250 + SECOND);
        let process = world.start();
        process.settle();
        let expected: Vec<_> = (151..=250).map(|minute| (Trigger::CatchUp, minute * 60, 1)).collect();
        assert_eq!(world.script.outline(monday()), expected, "{overlap:?}");
        assert_eq!(skips(&process), [(SkipReason::CatchUp, 60, 150 * 60, 150)]);
        process.advance(MINUTE);
        assert_eq!(world.script.outline(monday())[100], (Trigger::Schedule, 251 * 60, 1));
        world.audit(0);
    }
}

#[test]
fn catch_up_none_records_all() {
    let world = World::default();
    let process = world.start();
    process.add(every(1).hours().no_catch_up().call("work"));
    process.stop(Duration::ZERO);
    world.pass(HOUR * 5 + MINUTE);
    let process = world.start();
    process.settle();
    assert_eq!(world.script.count(), 0);
    assert_eq!(skips(&process), [(SkipReason::CatchUp, 3_600, 5 * 3_600, 5)]);
    world.audit(0);
}

#[test]
fn a_one_time_job_that_was_missed_runs_unless_catch_up_is_none() {
    for catch_up in [CatchUp::Once, CatchUp::All, CatchUp::None] {
        let world = World::default();
        let process = world.start();
        let jobs = [
            process.add(once(60).catch_up(catch_up).call("work")),
            process.add(at("2026-11-23 00:02:00").catch_up(catch_up).call("work")),
        ];
        process.stop(Duration::ZERO);
        world.pass(HOUR);
        let process = world.start();
        process.settle();
        let is_none = catch_up == CatchUp::None;
        let expected = [(Trigger::CatchUp, 60, 1), (Trigger::CatchUp, 120, 1)];
        assert_eq!(world.script.outline(monday()), if is_none { &[][..] } else { &expected }, "{catch_up:?}");
        assert_eq!(skips(&process).len(), if is_none { 2 } else { 0 }, "{catch_up:?}");
        assert!(jobs.iter().all(|id| process.job(*id).is_none()), "{catch_up:?}");
        world.audit(0);
    }
}

#[test]
fn a_catch_up_that_fails_is_retried_and_one_after_another() {
    let world = World::default();
    world.script.will(&[Act::Fail]);
    let process = world.start();
    process.add(every(1).minutes().catch_up(CatchUp::All).call("work"));
    process.stop(Duration::ZERO);
    world.pass(MINUTE * 3);
    let process = world.start();
    process.settle();
    assert_eq!(world.script.outline(monday()), [(Trigger::CatchUp, 60, 1)]);
    process.advance(SECOND * 2);
    let expected = [60, 60, 120, 180];
    let fires: Vec<_> = world.script.outline(monday()).iter().map(|begun| begun.1).collect();
    assert_eq!(fires, expected);
    world.audit(0);
}

#[test]
fn a_crash_while_it_catches_up_loses_and_doubles_none() {
    let world = World::default();
    let process = world.start();
    process.add(every(1).minutes().catch_up(CatchUp::All).call("work"));
    process.stop(Duration::ZERO);
    world.pass(MINUTE * 5);
    world.script.will(&[Act::Succeed, Act::Succeed, Act::Hang]);
    let process = world.start();
    process.settle();
    process.crash();
    world.pass(MINUTE * 2);
    let process = world.start();
    process.settle();
    let fires: Vec<_> = world.script.begun().iter().map(fastscheduler_tests::Begun::run_id).collect();
    let minutes: Vec<_> = fires.iter().map(|run| (run.scheduled_for - monday()).num_minutes()).collect();
    assert_eq!(minutes, [1, 2, 3, 3, 4, 5, 6, 7]);
    world.audit(1);
}

#[test]
fn jitter_counts_when_it_is_asked_whether_a_fire_is_late() {
    let world = World::default();
    let process = world.start();
    process.add(every(1).hours().jitter(MINUTE * 50).catch_up(CatchUp::None).call("work"));
    process.advance(HOUR * 30);
    assert_eq!(skips(&process), []);
    let late = |run: &fastscheduler::Run| run.started_at.unwrap() - run.scheduled_for();
    assert!(process.runs().iter().map(late).any(|late| late > TimeDelta::seconds(60)));
    assert!(process.outline().iter().all(|(status, _)| *status == RunStatus::Completed));
    world.audit(0);
}
