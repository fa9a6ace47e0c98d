//! A clock that was ahead and is set back.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use fastscheduler::prelude::*;
use fastscheduler::{
    CatchUp, Clock as _, HistoryQuery, JobId, Overlap, ProblemCode, RescheduleCause, RunStatus, SkipReason,
    Trigger,
};
use fastscheduler_tests::{Act, Process, World, monday};

const SECOND: Duration = Duration::from_secs(1);
const MINUTE: Duration = Duration::from_secs(60);
const HOUR: Duration = Duration::from_secs(3_600);
const DAY: Duration = Duration::from_secs(86_400);
const YEAR: TimeDelta = TimeDelta::days(365);

fn step(world: &World, process: &Process, by: TimeDelta) {
    world.clock.step(world.clock.now() + by);
    process.settle();
}

/// When the attempts of a job began, in seconds since Monday.
fn began(process: &Process, id: JobId) -> Vec<i64> {
    let began = process.runs().into_iter().filter(|run| run.job_id() == id).filter_map(|run| run.started_at);
    began.map(since_monday).collect()
}

/// The instants, in seconds since Monday, for which attempts of a job ran.
fn fires(process: &Process, id: JobId) -> Vec<i64> {
    let attempts = process.runs().into_iter().filter(|run| run.job_id() == id && run.skipped.is_none());
    attempts.map(|run| since_monday(run.scheduled_for())).collect()
}

fn since_monday(at: DateTime<Utc>) -> i64 {
    (at - monday()).num_seconds()
}

fn problems(process: &Process) -> Vec<fastscheduler::Problem> {
    process.run(process.scheduler.problems()).unwrap()
}

#[test]
fn a_machine_that_boots_a_year_ahead_goes_on_at_once_when_its_clock_is_right() {
    for overlap in [Overlap::Skip, Overlap::Queue, Overlap::Allow, Overlap::Cancel] {
        let world = World::default();
        world.clock.step(monday() + YEAR);
        let process = world.start();
        let often = process.add(every(10).seconds().overlap(overlap).call("work"));
        let minutely = process.add(cron("* * * * *").overlap(overlap).call("work"));
        let daily = process.add(daily().at("09:00").overlap(overlap).call("work"));
        process.advance(MINUTE * 3);
        assert_eq!((fires(&process, often).len(), fires(&process, minutely).len()), (18, 3));
        step(&world, &process, -YEAR);
        process.advance(SECOND * 60);
        let went_on: Vec<_> = fires(&process, often).into_iter().skip(18).collect();
        assert_eq!(went_on, [180, 190, 200, 210, 220, 230, 240], "{overlap:?}");
        assert_eq!(fires(&process, minutely).last(), Some(&240), "{overlap:?}");
        assert_eq!(process.job(daily).unwrap().next_run_at(), Some(monday() + HOUR * 9), "{overlap:?}");
        // One record for each job says what happened to the skipped fires.
        let records = process.runs().into_iter().filter_map(|run| run.skipped);
        assert!(records.clone().all(|skipped| skipped.reason == SkipReason::Rescheduled));
        assert!(records.clone().all(|skipped| skipped.cause == Some(RescheduleCause::Clock)));
        assert_eq!(records.count(), 3);
        process.advance(HOUR * 9);
        assert_eq!(fires(&process, daily), [9 * 3_600]);
        world.audit(0);
        // A fire that ran a year too early does not run again.
        let until_then = monday() + YEAR - TimeDelta::minutes(1) - world.clock.now();
        process.jump(until_then.to_std().unwrap());
        process.advance(MINUTE * 5);
        let year = YEAR.num_seconds();
        let around_then: Vec<_> = fires(&process, often).into_iter().filter(|at| *at > year).collect();
        assert_eq!(around_then.len(), 18 + 6, "{overlap:?}: {around_then:?}");
        world.audit(0);
    }
}

#[test]
fn a_machine_that_was_an_hour_ahead_for_three_seconds_goes_on_at_once() {
    for catch_up in [CatchUp::None, CatchUp::Once, CatchUp::All] {
        for restarts in [false, true] {
            let world = World::default();
            let process = world.start();
            let often = process.add(every(10).seconds().catch_up(catch_up).call("work"));
            process.advance(SECOND * 25);
            step(&world, &process, TimeDelta::hours(1));
            process.jump(SECOND * 3);
            let ahead = fires(&process, often).len();
            let process = if restarts {
                process.stop(Duration::ZERO);
                world.clock.step(world.clock.now() - TimeDelta::hours(1));
                world.start()
            } else {
                step(&world, &process, TimeDelta::hours(-1));
                process
            };
            process.advance(SECOND * 32);
            let went_on: Vec<_> = fires(&process, often).into_iter().skip(ahead).collect();
            assert_eq!(went_on, [30, 40, 50, 60], "{catch_up:?} {restarts}");
            process.advance(HOUR);
            let mut all = fires(&process, often);
            all.sort_unstable();
            let each_once: Vec<_> = (1..=366).map(|tens| tens * 10).collect();
            assert_eq!(all, each_once, "{catch_up:?} {restarts}");
            world.audit(0);
        }
    }
}

#[test]
fn what_ran_to_an_end_ahead_of_its_time_does_not_run_again_and_what_was_skipped_does() {
    for (catch_up, ran_ahead) in [(CatchUp::Once, true), (CatchUp::None, false)] {
        let world = World::default();
        world.clock.step(monday() + TimeDelta::hours(8));
        let process = world.start();
        let id = process.add(daily().at("09:00").catch_up(catch_up).call("work"));
        // 09:02 on the clock: the fire of nine is missed, as it is over a minute late.
        step(&world, &process, TimeDelta::minutes(62));
        assert_eq!(!fires(&process, id).is_empty(), ran_ahead);
        step(&world, &process, TimeDelta::minutes(-62));
        let tomorrow = monday() + DAY + HOUR * 9;
        let next = if ran_ahead { tomorrow } else { monday() + HOUR * 9 };
        assert_eq!(process.job(id).unwrap().next_run_at(), Some(next), "{catch_up:?}");
        process.advance(DAY * 2);
        let expected = [9, 33].map(|hour| hour * 3_600);
        assert_eq!(fires(&process, id), expected, "{catch_up:?}");
        let rescheduled = process.runs().into_iter().filter_map(|run| run.skipped);
        let rescheduled = rescheduled.filter(|skipped| skipped.reason == SkipReason::Rescheduled).count();
        assert_eq!(rescheduled, usize::from(!ran_ahead));
        world.audit(0);
    }
}

#[test]
fn the_last_fire_that_ended_is_known_though_its_record_is_gone() {
    let world = World::default();
    world.clock.step(monday() + TimeDelta::hours(8));
    let process = world.start_with(|builder| builder.max_history(5));
    let daily = process.add(daily().at("09:00").call("work"));
    let often = process.add(every(10).seconds().call("work"));
    step(&world, &process, TimeDelta::minutes(61));
    process.advance(MINUTE * 5);
    assert_eq!(fires(&process, daily), [0; 0], "its record is gone");
    step(&world, &process, TimeDelta::minutes(-66));
    process.advance(SECOND * 10);
    assert_eq!(began(&process, often).last(), Some(&(8 * 3_600 + 10)));
    process.advance(HOUR * 2);
    assert_eq!(process.job(daily).unwrap().run_count(), 1);
    assert_eq!(process.job(daily).unwrap().next_run_at(), Some(monday() + DAY + HOUR * 9));
}

#[test]
fn fires_that_are_skipped_again_have_records_of_their_own() {
    let world = World::default();
    let process = world.start();
    let id = process.add(every(10).minutes().no_catch_up().call("work"));
    let mut counts = Vec::new();
    for _ in 0..6 {
        // At 65 minutes the fire of 60 is over a minute late as well.
        step(&world, &process, TimeDelta::minutes(65));
        step(&world, &process, TimeDelta::minutes(-65));
        let skipped = process.runs().into_iter().filter_map(|run| run.skipped);
        counts.push(skipped.filter(|skipped| skipped.reason == SkipReason::CatchUp).count());
    }
    assert_eq!(counts, [1, 2, 3, 4, 5, 6]);
    assert_eq!(fires(&process, id), [0; 0]);
    process.jump(MINUTE * 65);
    let totals: Vec<_> = process.runs().into_iter().filter_map(|run| run.skipped).collect();
    assert_eq!(totals.last().map(|skipped| (skipped.reason, skipped.count)), Some((SkipReason::CatchUp, 6)));
    world.audit(0);
}

#[test]
fn retries_and_delays_keep_their_remaining_time_and_a_date_its_instant() {
    for restarts in [false, true] {
        let world = World::default();
        world.clock.step(monday() + TimeDelta::hours(3));
        world.script.will(&[Act::Fail]);
        let process = world.start();
        let retried = process.add(once(1).call("work"));
        let delayed = process.add(once(600).call("work"));
        let dated = process.add(at("2026-11-23 04:00:00").call("work"));
        process.jump(SECOND);
        assert_eq!(fires(&process, retried), [3 * 3_600 + 1]);
        let process = if restarts {
            process.stop(Duration::ZERO);
            world.clock.step(world.clock.now() - TimeDelta::hours(2));
            world.start()
        } else {
            step(&world, &process, TimeDelta::hours(-2));
            process
        };
        process.advance(SECOND * 2);
        assert_eq!(began(&process, retried).last(), Some(&(3_600 + 3)), "{restarts}");
        process.advance(SECOND * 598);
        assert_eq!(began(&process, delayed), [3_600 + 600], "{restarts}");
        assert_eq!(process.job(dated).unwrap().next_run_at(), Some(monday() + HOUR * 4));
        process.advance(HOUR * 3);
        assert_eq!(began(&process, dated), [4 * 3_600], "{restarts}");
        world.audit(0);
    }
}

#[test]
fn a_running_attempt_ends_as_usual_and_what_comes_due_meanwhile_overlaps() {
    for overlap in [Overlap::Skip, Overlap::Queue] {
        let world = World::default();
        world.clock.step(monday() + TimeDelta::hours(1));
        world.script.will(&[Act::Hang]);
        let process = world.start();
        let id = process.add(every(10).seconds().overlap(overlap).call("work"));
        process.jump(SECOND * 10);
        step(&world, &process, TimeDelta::hours(-1));
        process.jump(SECOND * 25);
        assert_eq!(world.script.count(), 1, "{overlap:?}");
        world.script.release(1);
        process.settle();
        process.advance(SECOND * 5);
        let overlapped: Vec<_> = process.runs().into_iter().filter_map(|run| run.skipped).collect();
        let last = overlapped.last().unwrap();
        let expected = match overlap {
            Overlap::Skip => (vec![3_610, 40], (10, 30)),
            _ => (vec![3_610, 10, 40], (20, 30)),
        };
        assert_eq!(last.reason, SkipReason::Overlap);
        let (first, last) = (since_monday(last.first), since_monday(last.last));
        assert_eq!((fires(&process, id), (first, last)), expected, "{overlap:?}");
        assert!(process.outline().iter().any(|(status, at)| (*status, *at) == (RunStatus::Completed, 3_610)));
        world.audit(0);
    }
}

#[test]
fn a_paused_job_that_was_ahead_takes_its_next_regular_fire_when_it_is_resumed() {
    let world = World::default();
    world.clock.step(monday() + YEAR);
    let process = world.start();
    let id = process.add(every(10).seconds().call("work"));
    process.advance(SECOND * 30);
    process.run(process.scheduler.pause_job(id)).unwrap();
    step(&world, &process, -YEAR);
    process.run(process.scheduler.resume_job(id)).unwrap();
    process.advance(SECOND * 10);
    assert_eq!(fires(&process, id).last(), Some(&40));
    world.audit(0);
}

#[test]
fn a_step_back_is_a_problem_while_it_lasts_and_is_counted() {
    // By how many seconds, whether it is noticed, and whether jobs are rewound.
    for (seconds, is_noticed, begins_again) in
        [(5, false, false), (6, true, false), (60, true, false), (61, true, true), (31_536_000, true, true)]
    {
        let world = World::default();
        let process = world.start();
        let id = process.add(every(10).seconds().call("work"));
        process.advance(SECOND * 25);
        step(&world, &process, -TimeDelta::seconds(seconds));
        process.advance(SECOND * 30);
        let found = problems(&process);
        let is_long = is_noticed && seconds > 30;
        assert_eq!(found.len(), usize::from(is_long), "{seconds} s: {found:?}");
        for problem in found {
            assert_eq!((problem.code, problem.job), (ProblemCode::ClockSetBack, None));
            assert_eq!(problem.since, monday() + SECOND * 25 - TimeDelta::seconds(seconds));
            assert_eq!(problem.values["seconds"], seconds);
            assert_eq!(problem.values["jobs"], u64::from(begins_again));
            assert_eq!(problem.values["from"], "2026-11-23T00:00:25Z");
            assert!(
                problem.to_string().starts_with(&format!("the clock was set back by {seconds} s, from "))
            );
        }
        let metrics = process.run(process.scheduler.metrics()).unwrap();
        let counted = metrics.problems.get(&ProblemCode::ClockSetBack).copied().unwrap_or_default();
        assert_eq!(
            (counted.begun, counted.present),
            (u64::from(is_noticed), usize::from(is_long)),
            "{seconds} s"
        );
        let ran_meanwhile = fires(&process, id).len() - 2;
        let waits = u64::try_from(seconds).unwrap().min(30);
        let expected = if begins_again { 3 } else { usize::try_from((30 - waits + 5) / 10).unwrap() };
        assert_eq!(ran_meanwhile, expected, "{seconds} s");
        process.advance(HOUR + SECOND * 30);
        assert_eq!(problems(&process), [], "{seconds} s");
        world.audit(0);
    }
}

#[test]
fn after_a_step_ahead_of_over_a_day_history_is_kept_for_an_hour() {
    let world = World::default();
    let settings = |builder: fastscheduler::SchedulerBuilder| builder.history_retention_days(7);
    let process = world.start_with(settings);
    let id = process.add(every(10).minutes().call("work"));
    let kept = |process: &Process| {
        let all = HistoryQuery { limit: usize::MAX, ..HistoryQuery::default() };
        let runs = process.run(process.scheduler.history(all)).unwrap();
        runs.iter().any(|run| run.job_id() == id && run.scheduled_for() == monday() + MINUTE * 10)
    };
    process.advance(HOUR);
    step(&world, &process, YEAR);
    process.advance(MINUTE * 50);
    assert!(kept(&process));
    process.advance(MINUTE * 20);
    assert!(!kept(&process));
}

#[test]
fn a_run_that_is_asked_for_keeps_its_place_when_the_clock_is_set_back() {
    let world = World::default();
    world.script.will(&[Act::Hang]);
    let process = world.start_with(|builder| builder.max_concurrency(1));
    process.add(once(1).call("work").name("holds the slot"));
    let id = process.add(every(1).hours().call("work"));
    process.jump(SECOND);
    let run = process.run(process.scheduler.run_job_now(id)).unwrap();
    process.settle();
    step(&world, &process, TimeDelta::hours(-1));
    world.script.release(1);
    process.settle();
    assert_eq!(run.trigger, Trigger::Manual);
    assert!(
        process.runs().iter().any(|record| record.run_id == run && record.status == RunStatus::Completed)
    );
    world.audit(0);
}

#[test]
fn what_ran_to_an_end_does_not_run_again_though_its_records_are_gone() {
    let world = World::default();
    let process = world.start_with(|builder| builder.max_history(5));
    process.add(every(10).seconds().call("work"));
    step(&world, &process, TimeDelta::hours(1));
    process.advance(MINUTE * 5);
    step(&world, &process, TimeDelta::minutes(-65));
    process.advance(HOUR * 2);
    let mut ran: Vec<_> = world.script.outline(monday()).iter().map(|begun| begun.1).collect();
    assert_eq!(ran.len(), 720, "each fire of two hours");
    ran.sort_unstable();
    ran.dedup();
    assert_eq!(ran.len(), 720, "each once");
}

#[test]
fn a_clock_that_is_set_back_in_short_steps_is_set_back_all_the_same() {
    for steps in [&[-60; 10][..], &[-38, -56], &[-4; 30]] {
        let world = World::default();
        let process = world.start();
        let id = process.add(every(10).seconds().call("work"));
        step(&world, &process, TimeDelta::seconds(600));
        process.advance(SECOND * 20);
        let ahead = fires(&process, id).len();
        for seconds in steps {
            step(&world, &process, TimeDelta::seconds(*seconds));
            process.advance(SECOND);
        }
        let from = world.clock.now();
        process.advance(SECOND * 120);
        let went_on = fires(&process, id).into_iter().skip(ahead).filter(|at| *at > since_monday(from));
        assert!(went_on.count() >= 5, "{steps:?}");
        world.audit(0);
    }
}

#[test]
fn two_steps_back_are_one_problem_until_the_first_time_is_reached() {
    let world = World::default();
    let process = world.start();
    process.add(every(10).seconds().call("work"));
    process.advance(HOUR * 2);
    step(&world, &process, TimeDelta::minutes(-30));
    step(&world, &process, TimeDelta::minutes(-20));
    let [problem] = &problems(&process)[..] else { panic!("one problem") };
    assert_eq!(
        (&problem.values["seconds"], &problem.values["from"]),
        (&3_000.into(), &"2026-11-23T02:00:00Z".into())
    );
    process.advance(MINUTE * 49);
    assert_eq!(problems(&process).len(), 1);
    process.advance(MINUTE * 2);
    assert_eq!(problems(&process), []);
}

#[test]
fn a_fire_that_is_due_at_the_instant_that_the_clock_is_set_back_to_runs() {
    for schedule in [cron("* * * * *").definition().unwrap(), daily().at("09:00").definition().unwrap()] {
        let world = World::default();
        world.clock.step(monday() + TimeDelta::hours(8));
        let process = world.start();
        let id = process.add(schedule.clone().into_builder().no_catch_up().call("work"));
        step(&world, &process, TimeDelta::minutes(121));
        world.clock.step(monday() + TimeDelta::hours(9));
        process.settle();
        process.advance(SECOND);
        assert_eq!(fires(&process, id).last(), Some(&(9 * 3_600)), "{schedule}");
        world.audit(0);
    }
}

#[test]
fn fires_that_are_made_up_for_when_the_clock_is_set_back_wait_for_their_time() {
    for overlap in [Overlap::Skip, Overlap::Queue, Overlap::Cancel, Overlap::Allow] {
        let world = World::default();
        world.script.will(&[Act::Hang]);
        let process = world.start();
        let id = process.add(every(60).seconds().catch_up(CatchUp::All).overlap(overlap).call("work"));
        step(&world, &process, TimeDelta::seconds(1_830));
        step(&world, &process, TimeDelta::seconds(-1_830));
        let ahead = world.script.count();
        world.script.release(1);
        process.settle();
        assert_eq!(world.script.count(), ahead, "{overlap:?}");
        process.advance(HOUR);
        let mut all = fires(&process, id);
        all.sort_unstable();
        assert_eq!(all, (1..=60).map(|minute| minute * 60).collect::<Vec<_>>(), "{overlap:?}");
        world.audit(0);
    }
}

#[test]
fn a_fire_that_an_overlap_left_waiting_stands_for_none_that_is_to_come() {
    let world = World::default();
    world.script.will(&[Act::Hang, Act::Hang]);
    let process = world.start_with(|builder| builder.max_concurrency(1));
    let jobs = [0, 1].map(|_| process.add(every(60).seconds().overlap(Overlap::Queue).call("work")));
    process.jump(MINUTE);
    step(&world, &process, TimeDelta::minutes(29));
    world.script.release(1);
    process.settle();
    step(&world, &process, TimeDelta::minutes(-29));
    world.script.release(1_000);
    process.advance(MINUTE * 10);
    for id in jobs {
        let last = fires(&process, id).into_iter().max();
        assert!(last >= Some(540), "{id} is silent after {last:?}");
    }
    world.audit(0);
}

#[test]
fn a_fire_that_was_under_way_at_the_first_of_two_steps_back_is_known_to_the_audit() {
    let world = World::default();
    world.script.will(&[Act::Hang]);
    let process = world.start();
    process.add(cron("*/5 * * * *").retries(0).call("work"));
    step(&world, &process, TimeDelta::minutes(26));
    step(&world, &process, TimeDelta::minutes(-26));
    process.jump(MINUTE * 42);
    world.script.release(1);
    process.settle();
    process.advance(MINUTE * 20);
    world.audit(0);
    step(&world, &process, TimeDelta::minutes(26));
    step(&world, &process, TimeDelta::minutes(-26));
    process.advance(MINUTE * 40);
    world.audit(0);
}

#[test]
fn instants_stay_whole_when_the_clock_is_set_back() {
    let world = World::default();
    world.clock.step(monday() + TimeDelta::hours(3));
    let process = world.start();
    let delayed = process.add(once(600).call("work"));
    let often = process.add(every(10).minutes().call("work"));
    process.advance(MINUTE * 9);
    step(&world, &process, TimeDelta::hours(-3));
    assert_eq!(process.job(delayed).unwrap().next_run_at(), Some(monday() + MINUTE * 10));
    let slower = fastscheduler::JobUpdate::new().schedule(every(15).minutes());
    process.run(process.scheduler.update_job(often, slower)).unwrap();
    assert_eq!(process.job(often).unwrap().next_run_at(), Some(monday() + MINUTE * 24));
    world.audit(0);
}

#[test]
fn a_one_time_job_that_was_only_skipped_ahead_of_its_time_runs_when_that_comes() {
    for is_set_back in [true, false] {
        let world = World::default();
        let process = world.start();
        let dated = process.add(at("2026-11-23 00:30:00").no_catch_up().call("work"));
        let delayed = process.add(once(600).no_catch_up().call("work"));
        step(&world, &process, TimeDelta::hours(2));
        assert_eq!((process.job(dated), process.job(delayed)), (None, None));
        if is_set_back {
            process.jump(SECOND * 3);
            step(&world, &process, TimeDelta::hours(-2));
            assert_eq!(process.job(dated).unwrap().next_run_at(), Some(monday() + MINUTE * 30));
        }
        process.advance(HOUR * 2);
        let ran = [fires(&process, dated).len(), fires(&process, delayed).len()];
        assert_eq!(ran, if is_set_back { [1, 1] } else { [0, 0] });
        assert_eq!((process.job(dated), process.job(delayed)), (None, None));
        world.audit(0);
    }
}
