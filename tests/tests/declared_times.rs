//! Declared jobs that run once: for each start, and for a date.

use std::time::Duration;

use fastscheduler::prelude::*;
use fastscheduler::{RunStatus, SkipReason, Trigger};
use fastscheduler_tests::{Process, Script, World, instant, monday};

const MINUTE: Duration = Duration::from_secs(60);

#[once(30, minutes)]
async fn each_start(script: State<Script>, context: JobContext) -> anyhow::Result<()> {
    script.act(context).await
}

#[at("2020-01-01 00:00:00")]
async fn past_date(script: State<Script>, context: JobContext) -> anyhow::Result<()> {
    script.act(context).await
}

#[at("2020-01-01 00:00:00", catch_up = "none")]
async fn past_date_not_made_up_for() {}

#[at("2020-01-01 00:00:00", enabled = false)]
async fn past_date_of_a_paused_job() {}

#[at("2026-11-23 12:00:00", no_catch_up)]
async fn coming_date_not_made_up_for() {}

#[at("2026-11-23 12:00:00")]
async fn coming_date(script: State<Script>, context: JobContext) -> anyhow::Result<()> {
    script.act(context).await
}

/// The minutes at which runs of a function started.
fn started(process: &Process, function: &str) -> Vec<i64> {
    let runs = process.runs().into_iter().filter(|run| run.function.name() == function);
    runs.filter_map(|run| run.started_at).map(|at| (at - monday()).num_minutes()).collect()
}

#[test]
fn a_declared_delay_belongs_to_its_process_and_is_never_caught_up() {
    let world = World::default();
    let process = world.start();
    process.advance(MINUTE * 10);
    process.stop(Duration::ZERO);
    world.pass(MINUTE * 60);
    let process = world.start();
    process.advance(MINUTE * 29);
    assert_eq!(started(&process, "each_start"), [0; 0]);
    process.advance(MINUTE);
    assert_eq!(started(&process, "each_start"), [100]);
    process.stop(Duration::ZERO);
    let process = world.start();
    process.advance(MINUTE * 60);
    assert_eq!(started(&process, "each_start"), [100, 130]);
    let caught_up = process.runs().into_iter().filter(|run| run.function.name() == "each_start");
    assert_eq!(caught_up.filter(|run| run.run_id.trigger == Trigger::CatchUp).count(), 0);
    world.audit(0);
}

#[test]
fn a_date_that_was_over_before_the_store_knew_it_never_runs_and_is_recorded_once() {
    let world = World::default();
    for start in 0..3 {
        let process = world.start();
        process.settle();
        let runs = process.runs();
        for name in ["past_date", "past_date_not_made_up_for", "past_date_of_a_paused_job"] {
            let of_date: Vec<_> = runs.iter().filter(|run| run.function.name() == name).collect();
            let [missed] = of_date[..] else { panic!("start {start}: {name} has {of_date:?}") };
            let skipped = missed.skipped.as_deref().unwrap();
            let date = instant("2020-01-01T00:00:00Z");
            assert_eq!(missed.status, RunStatus::Missed);
            assert_eq!((skipped.reason, skipped.first, skipped.count), (SkipReason::CatchUp, date, 1));
        }
        let jobs = process.run(process.scheduler.jobs()).unwrap();
        assert!(jobs.iter().all(|job| !job.name().starts_with("past_date")));
        process.stop(Duration::ZERO);
        world.pass(MINUTE);
    }
    assert_eq!(world.script.count(), 0);
    world.audit(0);
}

#[test]
fn a_date_that_came_due_while_no_process_was_there_runs_late_or_is_recorded_as_its_catch_up_says() {
    let world = World::default();
    world.start().stop(Duration::ZERO);
    world.pass(MINUTE * 721);
    let process = world.start();
    process.settle();
    assert_eq!(started(&process, "coming_date"), [721]);
    let runs = process.runs();
    let missed = runs.iter().find(|run| run.function.name() == "coming_date_not_made_up_for").unwrap();
    assert_eq!(missed.skipped.as_deref().unwrap().reason, SkipReason::CatchUp);
    world.audit(0);
}

#[test]
fn a_date_runs_once_ever_over_starts_and_crashes() {
    let world = World::default();
    for is_crash in [false, true, false, true] {
        let process = world.start();
        process.advance(MINUTE * 400);
        if is_crash { process.crash() } else { process.stop(Duration::ZERO) }
    }
    let process = world.start();
    assert_eq!(started(&process, "coming_date"), [720]);
    world.audit(0);
}
