//! Declared jobs that run once: for each start, and for a date.

use std::time::Duration;

use chrono::{DateTime, Utc};
use fastscheduler::prelude::*;
use fastscheduler::storage::{Change, Durability, MemoryStorage, Storage as _};
use fastscheduler::{Job, JobId, JobUpdate, Run, RunStatus, SkipReason, Trigger};
use fastscheduler_tests::{Process, Script, World, instant, monday};
use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio::runtime::Builder;

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

#[daily(at = "09:00", from = "2020-01-01", until = "2020-01-31", tz = "UTC")]
async fn past_window() {}

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

/// Its due time, with the fraction and without.
const FRACTIONAL: &str = "2026-11-23T18:00:00.900Z";
const WHOLE: &str = "2026-11-23T18:00:00Z";

#[at("2026-11-23T18:00:00.900Z")]
async fn fractional(script: State<Script>, context: JobContext) -> anyhow::Result<()> {
    script.act(context).await
}

/// What is stored, as a version wrote it that dropped the fraction of a date.
fn without_fraction<T: Serialize + DeserializeOwned>(stored: &T) -> T {
    let text = serde_json::to_string(stored).unwrap();
    serde_json::from_str(&text.replace(":00.900Z", ":00Z").replace(":00.900+", ":00+")).unwrap()
}

/// The same world with the jobs and tombstones that such a version stored; `jobs`
/// are those that were.
fn before_fractions(world: &World, jobs: &[Job]) -> World {
    let storage = MemoryStorage::default();
    let storing = async {
        let stored = world.storage.load().await.unwrap();
        let mut changes: Vec<Change> =
            stored.jobs.iter().map(|job| Change::AddJob(Box::new(without_fraction(job)))).collect();
        for stone in &stored.tombstones {
            // Of the others, nothing depends on a fraction.
            let Some(job) = jobs.iter().find(|job| job.id() == stone.job) else { continue };
            changes.push(Change::AddJob(Box::new(without_fraction(job))));
            let tombstone = Some(Box::new(without_fraction(stone)));
            changes.push(Change::RemoveJob { job: stone.job, tombstone });
        }
        storage.apply(&changes, Durability::Now).await.unwrap();
    };
    Builder::new_current_thread().build().unwrap().block_on(storing);
    World { storage, ..world.clone() }
}

/// What became of the dates in the store, a row for each record: the job, its
/// status, and the instant that it was due at.
fn of_fractional(process: &Process) -> Vec<(JobId, RunStatus, DateTime<Utc>)> {
    let is_fractional = |run: &Run| run.function.name() == "fractional";
    let runs = process.runs().into_iter().filter(is_fractional);
    runs.map(|run| (run.job_id(), run.status, run.scheduled_for())).collect()
}

fn fractional_jobs(process: &Process) -> Vec<Job> {
    let jobs = process.run(process.scheduler.jobs()).unwrap();
    jobs.into_iter().filter(|job| job.function().name() == "fractional").collect()
}

/// A store of the version that dropped fractions, so many minutes after Monday, and
/// the job in it.
fn stored_before_fractions(minutes: u32) -> (World, JobId) {
    let world = World::default();
    let process = world.start();
    let jobs = fractional_jobs(&process);
    process.advance(MINUTE * minutes);
    process.stop(Duration::ZERO);
    (before_fractions(&world, &jobs), jobs[0].id())
}

#[test]
fn a_date_that_was_stored_without_its_fraction_gets_it_back_while_it_is_to_come() {
    let (world, id) = stored_before_fractions(10);
    for _ in 0..2 {
        let process = world.start();
        let [job] = &fractional_jobs(&process)[..] else { panic!("one job") };
        let revised = (job.id(), job.next_run_at(), job.revision());
        assert_eq!(revised, (id, Some(instant(FRACTIONAL)), 2));
        process.stop(Duration::ZERO);
    }
    let process = world.start();
    process.advance(MINUTE * 1_100);
    let completed = (id, RunStatus::Completed, instant(FRACTIONAL));
    assert_eq!(of_fractional(&process).last(), Some(&completed));
    process.stop(Duration::ZERO);
    world.audit(0);
}

#[test]
fn a_date_that_was_stored_without_its_fraction_and_came_due_is_caught_up_with() {
    let (world, id) = stored_before_fractions(10);
    world.pass(MINUTE * 1_100);
    for _ in 0..2 {
        let process = world.start();
        process.settle();
        assert_eq!(of_fractional(&process), [(id, RunStatus::Completed, instant(WHOLE))]);
        assert_eq!(fractional_jobs(&process), []);
        process.stop(Duration::ZERO);
    }
    world.audit(0);
}

#[test]
fn a_date_that_was_stored_without_its_fraction_and_has_run_does_not_come_back() {
    let (world, id) = stored_before_fractions(1_100);
    for _ in 0..2 {
        let process = world.start();
        process.settle();
        assert_eq!(of_fractional(&process), []);
        assert_eq!(fractional_jobs(&process), []);
        let stored = process.run(world.storage.load()).unwrap();
        let stone = stored.tombstones.iter().find(|stone| stone.job == id).unwrap();
        let due = serde_json::to_string(&stone.declared.definition.schedule).unwrap();
        assert!(due.contains(".900"), "it is what the code says: {due}");
        process.stop(Duration::ZERO);
    }
    world.audit(0);
}

#[test]
fn a_date_that_was_changed_at_run_time_stays_when_its_declaration_gets_its_fraction_back() {
    let world = World::default();
    let process = world.start();
    let jobs = fractional_jobs(&process);
    let later = JobUpdate::new().schedule(at("2026-11-23T20:00:00Z"));
    process.run(process.scheduler.update_job(jobs[0].id(), later)).unwrap();
    process.stop(Duration::ZERO);
    let world = before_fractions(&world, &jobs);
    let process = world.start();
    let next: Vec<_> = fractional_jobs(&process).iter().map(Job::next_run_at).collect();
    assert_eq!(next, [Some(instant("2026-11-23T20:00:00Z"))]);
    process.stop(Duration::ZERO);
}

#[test]
fn a_keyed_job_that_was_stored_without_its_fraction_gets_it_back() {
    let world = World::default();
    let keyed = || at(FRACTIONAL).key("keyed").call("past_date_not_made_up_for");
    let process = world.start();
    let id = process.add(keyed());
    process.stop(Duration::ZERO);
    let world = before_fractions(&world, &[]);
    let process = world.start();
    assert_eq!(process.job(id).unwrap().next_run_at(), Some(instant(WHOLE)));
    assert_eq!(process.add(keyed()), id);
    assert_eq!(process.job(id).unwrap().next_run_at(), Some(instant(FRACTIONAL)));
    process.stop(Duration::ZERO);
}

#[test]
fn a_declared_job_whose_last_date_is_over_is_recorded_once() {
    let world = World::default();
    for _ in 0..2 {
        let process = world.start();
        let of_function = |run: &Run| run.function.name() == "past_window";
        let all: Vec<Run> = process.runs().into_iter().filter(of_function).collect();
        let skipped: Vec<_> = all.iter().filter_map(|run| run.skipped.as_deref()).collect();
        assert_eq!((all.len(), skipped.len()), (1, 1));
        assert_eq!(
            (skipped[0].reason, skipped[0].count, skipped[0].last),
            (SkipReason::CatchUp, 1, instant("2020-01-31T09:00:00Z"))
        );
        process.stop(Duration::ZERO);
        world.pass(MINUTE);
    }
    world.audit(0);
}
