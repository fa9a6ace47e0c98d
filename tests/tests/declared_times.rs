//! Declared jobs that run once: for each start, and for a date.

use std::time::Duration;

use fastscheduler::prelude::*;
use fastscheduler::{RunStatus, SkipReason, Trigger};
use fastscheduler_tests::{Process, Script, World, monday};

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
fn a_past_date_that_never_ran_runs_or_is_recorded_as_its_catch_up_says_once() {
    let world = World::default();
    for _ in 0..3 {
        let process = world.start();
        process.settle();
        let runs = process.runs();
        let of = |name: &str| -> Vec<_> {
            runs.iter().filter(|run| run.function.name() == name).map(|run| run.status).collect()
        };
        assert_eq!(of("past_date"), [RunStatus::Completed]);
        assert_eq!(of("past_date_not_made_up_for"), [RunStatus::Missed]);
        let skipped = runs.iter().find(|run| run.function.name() == "past_date_not_made_up_for").unwrap();
        assert_eq!(skipped.skipped.as_ref().unwrap().reason, SkipReason::CatchUp);
        process.stop(Duration::ZERO);
        world.pass(MINUTE);
    }
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
