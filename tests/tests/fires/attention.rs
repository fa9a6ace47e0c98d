//! Which jobs want attention, and what a person is told at a glance.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use fastscheduler::prelude::*;
use fastscheduler::{
    Attention, Clock as _, JobId, JobOrder, JobQuery, LateReason, Overlap, Overview, SkipReason, SlotLimit,
};
use fastscheduler_tests::counted::Counted;
use fastscheduler_tests::faulty::{Action, Faulty};
use fastscheduler_tests::{Act, Process, World, monday};

const SECOND: Duration = Duration::from_secs(1);
const MINUTE: Duration = Duration::from_secs(60);
const HOUR: Duration = Duration::from_secs(3_600);

fn overview(process: &Process) -> Overview {
    process.run(process.scheduler.overview()).unwrap()
}

/// The names of the jobs that want attention for this.
fn wanting(process: &Process, why: Attention) -> Vec<String> {
    let query = JobQuery { attention: vec![why], order: JobOrder::Name, ..JobQuery::default() };
    let page = process.run(process.scheduler.find_jobs(&query)).unwrap();
    assert_eq!(page.total, page.jobs.len());
    page.jobs.iter().map(|job| job.name().to_owned()).collect()
}

/// What a job wants attention for.
fn attention(process: &Process, id: JobId) -> Vec<Attention> {
    use Attention::{Behind, Failing, Late, Orphaned, Retrying};
    let name = process.job(id).unwrap().name().to_owned();
    let all = [Failing, Retrying, Late, Behind, Orphaned];
    let wanted: Vec<_> = all.into_iter().filter(|why| wanting(process, *why).contains(&name)).collect();
    let jobs = overview(process).jobs;
    let counts = [jobs.failing, jobs.retrying, jobs.late, jobs.behind, jobs.orphaned];
    for (why, count) in all.into_iter().zip(counts) {
        assert_eq!(wanting(process, why).len(), count, "{why}");
    }
    wanted
}

fn since_monday(at: DateTime<Utc>) -> i64 {
    (at - monday()).num_seconds()
}

/// The jobs that are late, with since when in seconds since Monday, and why.
fn late(process: &Process) -> Vec<(String, i64, LateReason)> {
    let late = overview(process).late.into_iter();
    late.map(|late| (late.name.to_string(), since_monday(late.since), late.why)).collect()
}

#[test]
fn a_job_is_tried_again_then_fails_and_then_does_not() {
    let world = World::default();
    let process = world.start();
    let id = process.add(every(1).hours().retries(1).retry_delay(10).name("backup").call("work"));
    world.script.will(&[Act::Fail, Act::Hang]);
    process.jump(HOUR);
    assert_eq!(attention(&process, id), [Attention::Retrying], "the retry waits");
    process.jump(SECOND * 10);
    assert_eq!(world.script.count(), 2);
    assert_eq!(attention(&process, id), [Attention::Retrying], "the retry is under way");
    let run = process.scheduler.running().remove(0);
    process.run(process.scheduler.cancel_run(&run)).unwrap();
    process.settle();
    assert_eq!(attention(&process, id), [Attention::Failing]);
    let failing = overview(&process).failing.remove(0);
    assert_eq!((failing.job, &*failing.name), (id, "backup"));
    assert_eq!(failing.since.map(since_monday), Some(3_610));
    assert!(failing.error.is_some_and(|error| error.contains("cancelled")));
    process.advance(HOUR);
    assert_eq!(attention(&process, id), []);
    assert_eq!(overview(&process).runs.total, 3);
}

#[test]
fn a_retry_that_waits_for_a_thread_of_its_own_job_is_a_retry_to_come() {
    let world = World::default();
    let process = world.start();
    let blocks = every(3_600).seconds().timeout(5).retries(1).retry_delay(60).name("blocks");
    let id = process.add(blocks.call("block"));
    world.script.job_always(id, Act::Hang);
    process.jump(HOUR);
    process.run(world.script.has_begun(1));
    process.jump(SECOND * 5);
    process.run(async {
        while process.scheduler.instances().await.unwrap()[0].held_threads.is_empty() {
            tokio::task::yield_now().await;
        }
    });
    assert_eq!(attention(&process, id), [Attention::Retrying], "its thread is busy still");
    world.script.release(1);
    process.settle();
    assert_eq!(attention(&process, id), [Attention::Retrying], "it waits for its time");
}

#[test]
fn the_first_line_of_the_newest_error_is_told_of_the_jobs_that_failed_last() {
    let world = World::default();
    let process = world.start();
    for number in 1..=6_u32 {
        let fails = move || async move { Err::<(), _>(anyhow::anyhow!("number {number}\nand more")) };
        process.add(every(60 + number).minutes().retries(0).run(format!("job {number}"), fails));
    }
    process.advance(MINUTE * 66);
    let overview = overview(&process);
    assert_eq!(overview.jobs.failing, 6);
    let told: Vec<_> = overview.failing.iter().map(|job| job.error.clone().unwrap()).collect();
    assert_eq!(told, ["number 6", "number 5", "number 4", "number 3", "number 2"]);
}

#[test]
fn a_job_is_late_when_all_slots_are_taken_and_it_says_which() {
    for (limit, slots) in [(SlotLimit::MaxConcurrency, 1), (SlotLimit::MaxWorkers, 1)] {
        let world = World::default();
        let process = world.start_with(|builder| match limit {
            SlotLimit::MaxConcurrency => builder.max_concurrency(1),
            _ => builder.max_workers(1),
        });
        let long = process.add(every(10).seconds().name("long").call("block"));
        world.script.job_always(long, Act::Hang);
        process.jump(SECOND * 10);
        process.run(world.script.has_begun(1));
        let waits = process.add(every(5).seconds().name("waits").call("block"));
        process.jump(SECOND * 7);
        assert_eq!(late(&process), [], "it has been due for two seconds");
        process.jump(SECOND);
        assert_eq!(late(&process), [("waits".to_owned(), 15, LateReason::NoSlot { limit, slots })]);
        assert_eq!(attention(&process, waits), [Attention::Late]);
        world.script.release(1);
        process.run(world.script.has_begun(2));
        world.script.always(Act::Succeed);
    }
}

#[test]
fn a_function_that_needs_no_thread_is_not_late_for_want_of_one() {
    let world = World::default();
    let process = world.start_with(|builder| builder.max_workers(1));
    let long = process.add(every(10).seconds().name("long").call("block"));
    world.script.job_always(long, Act::Hang);
    process.jump(SECOND * 10);
    process.run(world.script.has_begun(1));
    process.add(every(5).seconds().name("other").call("work"));
    process.jump(SECOND * 8);
    assert_eq!(late(&process), []);
    assert_eq!(overview(&process).runs.running, 1);
    world.script.release(1);
}

#[test]
fn a_job_is_late_while_the_store_fails_and_says_how() {
    let store = Faulty::default();
    let world = World::default();
    let process = world.start_with(|builder| builder.storage(store.clone()));
    let id = process.add(every(10).seconds().name("job").call("work"));
    store.breaks(&[Action::Claim]);
    process.jump(SECOND * 14);
    let late = late(&process);
    assert_eq!((late.len(), &late[0].0, late[0].1), (1, &"job".to_owned(), 10));
    let LateReason::Store { error: Some(error) } = &late[0].2 else { panic!("{late:?}") };
    assert!(error.contains("the disk is on fire"), "{error}");
    assert_eq!(attention(&process, id), [Attention::Late]);
    assert_eq!(overview(&process).problems[0].code, fastscheduler::ProblemCode::StoreFailing);
    store.is_mended();
    process.jump(SECOND);
    assert_eq!(attention(&process, id), []);
}

#[test]
fn a_job_is_late_before_the_start_and_after_the_stop() {
    let world = World::default();
    let process = world.build_with(|builder| builder);
    process.add(every(10).seconds().name("job").call("work"));
    world.clock.advance(SECOND * 13);
    assert_eq!(late(&process), [("job".to_owned(), 10, LateReason::NotRunning)]);
    process.run(process.scheduler.start()).unwrap();
    process.settle();
    assert_eq!(late(&process), []);
    process.run(process.scheduler.stop()).unwrap();
    assert!(!overview(&process).is_running);
    world.clock.advance(SECOND * 20);
    assert_eq!(late(&process), [("job".to_owned(), 20, LateReason::NotRunning)]);
}

#[test]
fn a_job_is_late_when_the_clock_was_set_back_or_has_jumped_ahead() {
    let clock = |seconds| LateReason::Clock { by: TimeDelta::seconds(seconds) };
    let world = World::default();
    let process = world.start();
    process.add(every(30).seconds().name("job").call("work"));
    process.advance(SECOND * 40);
    // No more than a minute, so the job waits until its time comes again.
    world.clock.step(world.clock.now() - TimeDelta::seconds(20));
    process.settle();
    assert_eq!(late(&process), []);
    process.jump(SECOND * 23);
    assert_eq!(late(&process), [("job".to_owned(), 40, clock(-20))], "it would have run at 40 s");
    process.advance(SECOND * 17);
    assert_eq!(late(&process), []);
    world.clock.step(world.clock.now() + TimeDelta::seconds(40));
    assert_eq!(late(&process), [("job".to_owned(), 90, clock(40))], "its time has just come");
    process.settle();
    assert_eq!(late(&process), []);
}

#[test]
fn fires_that_come_due_while_a_job_runs_are_counted_before_and_after_they_have_a_record() {
    for (overlap, not_run) in [(Overlap::Skip, 5), (Overlap::Queue, 4)] {
        let world = World::default();
        let process = world.start();
        let id = process.add(every(1).minutes().overlap(overlap).name("job").call("work"));
        world.script.will(&[Act::Hang]);
        process.jump(MINUTE);
        assert_eq!(attention(&process, id), []);
        for _ in 0..5 {
            process.jump(MINUTE);
        }
        assert_eq!(attention(&process, id), [Attention::Behind], "{overlap:?}");
        let before = overview(&process);
        assert_eq!((before.behind[0].job, before.behind[0].due), (id, 5));
        assert_eq!(before.late, []);
        assert_eq!(before.not_run.by_reason, [(SkipReason::Overlap, not_run)].into());
        assert_eq!(process.scheduler.activity(10).missed.iter().sum::<u64>(), 0, "none has a record");
        world.script.release(1);
        process.settle();
        let after = overview(&process);
        assert_eq!(after.not_run, before.not_run, "{overlap:?}");
        let missed = process.scheduler.activity(10).missed;
        assert_eq!(missed.iter().sum::<u64>(), not_run, "{missed:?}");
        assert_eq!(attention(&process, id), []);
    }
}

#[test]
fn a_job_whose_fires_overlap_is_not_behind() {
    let world = World::default();
    let process = world.start();
    let id = process.add(every(1).minutes().overlap(Overlap::Allow).call("work"));
    world.script.always(Act::Hang);
    for _ in 0..3 {
        process.jump(MINUTE);
    }
    assert_eq!(attention(&process, id), []);
    assert_eq!(overview(&process).runs.running, 3);
}

#[test]
fn fires_of_a_paused_job_did_not_run_before_and_after_they_have_a_record() {
    for schedule in ["* * * * *", "0/1 * * * *"] {
        let world = World::default();
        let process = world.start();
        let id = process.add(cron(schedule).name("job").call("work"));
        process.run(process.scheduler.pause_job(id)).unwrap();
        process.jump(MINUTE * 7 + SECOND * 30);
        let paused = overview(&process);
        assert_eq!(paused.not_run.by_reason, [(SkipReason::Paused, 7)].into());
        assert_eq!((paused.not_run.total, paused.jobs.paused, paused.jobs.late), (7, 1, 0));
        assert_eq!(paused.next, []);
        process.run(process.scheduler.resume_job(id)).unwrap();
        process.settle();
        assert_eq!(overview(&process).not_run, paused.not_run);
        process.jump(HOUR * 2);
        let later = overview(&process).not_run.by_reason;
        assert_eq!(later.get(&SkipReason::Paused), None, "that was over an hour ago");
    }
}

#[test]
fn what_did_not_run_is_that_of_the_last_hour_however_long_a_job_is_paused() {
    let world = World::default();
    let process = world.start();
    let id = process.add(every(1).minutes().call("work"));
    process.run(process.scheduler.pause_job(id)).unwrap();
    process.jump(HOUR * 30);
    assert_eq!(overview(&process).not_run.total, 60);
    process.run(process.scheduler.resume_job(id)).unwrap();
    assert_eq!(overview(&process).not_run.total, 60);
    let day = process.scheduler.activity(1_440);
    assert_eq!((day.missed.len(), day.missed.iter().sum()), (1_440, 1_440));
    assert_eq!(since_monday(day.from), 6 * 3_600 + 60);
}

#[test]
fn an_orphan_wants_attention_and_is_never_late() {
    let world = World::default();
    let process = world.build_with(|builder| builder);
    let here = |_: JobContext| async {};
    process.run(async { process.scheduler.register_function("extra", here) }).unwrap();
    process.run(process.scheduler.start()).unwrap();
    let id = process.add(every(1).minutes().call("extra"));
    process.stop(Duration::ZERO);
    let process = world.start();
    process.jump(MINUTE * 10);
    assert_eq!(attention(&process, id), [Attention::Orphaned]);
    assert_eq!(overview(&process).next, []);
}

#[test]
fn what_wants_attention_comes_first_by_its_most_urgent_reason_and_then_by_name() {
    let world = World::default();
    let process = world.start();
    for name in ["d", "b", "c", "a"] {
        let id = process.add(every(1).hours().retries(0).name(name).call("work"));
        if name != "b" {
            world.script.job_always(id, Act::Fail);
        }
    }
    process.advance(HOUR);
    let behind = process.add(every(1).minutes().name("z").call("work"));
    world.script.job_always(behind, Act::Hang);
    process.jump(MINUTE);
    process.jump(MINUTE);
    let page = |is_descending, limit| {
        let query =
            JobQuery { order: JobOrder::Attention, is_descending, limit: Some(limit), ..JobQuery::default() };
        let page = process.run(process.scheduler.find_jobs(&query)).unwrap();
        assert_eq!(page.total, 5);
        page.jobs.iter().map(|job| job.name().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(page(false, 5), ["a", "c", "d", "z", "b"]);
    assert_eq!(page(false, 2), ["a", "c"]);
    assert_eq!(page(true, 2), ["b", "z"]);
    let both = vec![Attention::Failing, Attention::Behind];
    let query = JobQuery { attention: both, text: Some("z".to_owned()), ..JobQuery::default() };
    assert_eq!(process.run(process.scheduler.find_jobs(&query)).unwrap().total, 1);
}

#[test]
fn what_is_next_is_told_soonest_first() {
    let world = World::default();
    let process = world.start();
    for minutes in [9_u32, 3, 8, 4, 7, 5, 6] {
        process.add(every(minutes).minutes().name(format!("{minutes}")).call("work"));
    }
    let next = overview(&process).next;
    let names: Vec<&str> = next.iter().map(|job| &*job.name).collect();
    assert_eq!(names, ["3", "4", "5", "6", "7"]);
    assert_eq!(since_monday(next[0].at), 180);
}

#[test]
fn the_minutes_of_earlier_processes_are_counted_from_the_history() {
    let world = World::default();
    let process = world.start();
    let id = process.add(every(30).seconds().retries(0).call("work"));
    world.script.will(&[Act::Succeed, Act::Fail]);
    process.advance(MINUTE * 2);
    process.run(process.scheduler.pause_job(id)).unwrap();
    process.jump(MINUTE * 2);
    process.run(process.scheduler.resume_job(id)).unwrap();
    process.settle();
    let before = process.scheduler.activity(6);
    assert_eq!((&before.completed, &before.failed), (&vec![0, 1, 1, 1, 0, 0], &vec![0, 0, 1, 0, 0, 0]));
    assert_eq!(before.missed, [0, 0, 0, 1, 2, 1]);
    process.stop(Duration::ZERO);
    let process = world.start();
    assert_eq!(process.scheduler.activity(6), before);
    let missed = overview(&process).not_run.by_reason;
    assert_eq!(missed, [(SkipReason::Paused, 4)].into());
    process.stop(Duration::ZERO);
    world.pass(Duration::from_hours(25));
    let process = world.build_with(|builder| builder);
    assert_eq!(process.scheduler.activity(1_440).completed.iter().sum::<u64>(), 0, "that was the day before");
}

#[test]
fn nobody_looks_at_all_jobs_while_nobody_asks_what_wants_attention() {
    let store = Counted::default();
    let world = World::default();
    let process = world.start_with(|builder| builder.storage(store.clone()));
    let _events = process.scheduler.subscribe();
    let id = process.add(every(1).minutes().retries(0).call("work"));
    world.script.always(Act::Fail);
    process.advance(HOUR);
    assert_eq!(process.scheduler.activity(60).failed.iter().sum::<u64>(), 60);
    assert!(process.job(id).is_some());
    assert_eq!(store.looks(), 0);
    assert_eq!(overview(&process).jobs.failing, 1);
    assert_eq!(store.looks(), 1, "one look is enough for all of it");
}

#[test]
fn a_retry_that_waits_over_a_restart_is_one_still() {
    let world = World::default();
    let process = world.start();
    let id = process.add(every(1).hours().retries(1).retry_delay(600).call("work"));
    world.script.will(&[Act::Fail]);
    process.jump(HOUR);
    process.stop(Duration::ZERO);
    let process = world.start();
    assert_eq!(attention(&process, id), [Attention::Retrying]);
    process.jump(MINUTE * 10);
    assert_eq!(attention(&process, id), []);
}

#[test]
fn a_run_that_a_caller_asked_for_is_late_like_any_other() {
    let world = World::default();
    let process = world.start_with(|builder| builder.max_concurrency(1));
    let long = process.add(every(10).seconds().name("long").call("work"));
    world.script.job_always(long, Act::Hang);
    process.jump(SECOND * 10);
    let paused = process.add(every(1).hours().name("asked for").enabled(false).call("work"));
    process.run(process.scheduler.run_job_now(paused)).unwrap();
    process.jump(SECOND * 3);
    let why = LateReason::NoSlot { limit: SlotLimit::MaxConcurrency, slots: 1 };
    assert_eq!(late(&process), [("asked for".to_owned(), 10, why)]);
    assert_eq!(attention(&process, paused), [Attention::Late]);
}
