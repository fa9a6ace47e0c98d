//! What the code declares, matched at each start with what is stored.
//!
//! Attributes are the same in one binary: that the code has changed is shown
//! by storing what an earlier program would have declared.

use fastscheduler::prelude::*;
use fastscheduler::queue::{Entry, EntryKind};
use fastscheduler::storage::{Change, Durability, MemoryStorage, Storage as _, Stored};
use fastscheduler::testing::ManualClock;
use fastscheduler::{
    Job, JobStatus, JobUpdate, Lane, RescheduleCause, Run, RunStatus, SkipReason, Source, Tombstone, Trigger,
};
use fastscheduler_tests::counted::Counted;
use fastscheduler_tests::fires::second;
use fastscheduler_tests::{advance, on_manual_clock, runs};
use serde_json::{Value, json};

#[every(10, minutes)]
async fn steady() {}

#[every(20, minutes, name = "first")]
#[every(30, minutes)]
async fn several() {}

#[at("2026-11-23 06:00:00")]
async fn dated() {}

#[once("1m")]
async fn soon() {}

#[every(1, hours, enabled = false)]
async fn asleep() {}

/// Before expressions were stored with their rules version, this meant every day.
#[cron("0 0 */1 * MON")]
async fn mondays() {}

/// How many jobs the attributes above declare.
const DECLARED: usize = 7;

async fn build(storage: &MemoryStorage, seconds: u64) -> (Scheduler, ManualClock) {
    let (builder, clock) = on_manual_clock();
    clock.set(second(seconds));
    (builder.storage(storage.clone()).build().await.unwrap(), clock)
}

async fn start(storage: &MemoryStorage, seconds: u64) -> (Scheduler, ManualClock) {
    let (scheduler, clock) = build(storage, seconds).await;
    scheduler.start().await.unwrap();
    (scheduler, clock)
}

async fn find(scheduler: &Scheduler, name: &str) -> Option<Job> {
    scheduler.jobs().await.unwrap().into_iter().find(|job| job.name() == name)
}

/// A store with what an earlier program left, changed as `change` says: it is
/// given each job or tombstone as JSON.
async fn as_if(storage: &MemoryStorage, change: impl Fn(&mut Value)) -> MemoryStorage {
    let Stored { jobs, tombstones, .. } = storage.load().await.unwrap();
    let other = MemoryStorage::default();
    for job in jobs {
        let mut json = serde_json::to_value(&job).unwrap();
        change(&mut json);
        let job: Job = serde_json::from_value(json).unwrap();
        other.apply(&[Change::AddJob(Box::new(job))], Durability::Now).await.unwrap();
    }
    for stone in tombstones {
        let mut json = serde_json::to_value(&stone).unwrap();
        change(&mut json);
        let stone: Tombstone = serde_json::from_value(json).unwrap();
        // A tombstone is left by a job alone: by any, here.
        let mut job = serde_json::to_value(find_any(storage).await).unwrap();
        job["id"] = json!(stone.job);
        let job: Job = serde_json::from_value(job).unwrap();
        let removed = Change::RemoveJob { job: stone.job, tombstone: Some(Box::new(stone)) };
        other.apply(&[Change::AddJob(Box::new(job)), removed], Durability::Now).await.unwrap();
    }
    other
}

async fn find_any(storage: &MemoryStorage) -> Job {
    storage.jobs().await.unwrap().remove(0)
}

/// Has an earlier program declare the jobs of that function another way.
fn declared_otherwise(json: &mut Value, function: &str, change: impl Fn(&mut Value)) {
    if json["declared"]["definition"]["function"]["name"] == function {
        change(&mut json["declared"]);
        if !json["definition"].is_null() {
            json["definition"] = json["declared"]["definition"].clone();
        }
    }
}

#[tokio::test]
async fn each_declared_job_is_made_once_however_often_the_program_starts() {
    let storage = MemoryStorage::default();
    let (scheduler, _) = build(&storage, 0).await;
    let before: Vec<_> = scheduler.jobs().await.unwrap().iter().map(Job::id).collect();
    assert_eq!(before.len(), DECLARED);
    for restart in 1..4 {
        let (scheduler, _) = build(&storage, restart).await;
        let after: Vec<_> = scheduler.jobs().await.unwrap().iter().map(Job::id).collect();
        assert_eq!(after, before);
    }
}

#[tokio::test]
async fn a_start_stores_what_the_code_changes_in_one_batch() {
    let storage = MemoryStorage::default();
    let start = async |storage: &MemoryStorage, seconds: u64| {
        let counted = Counted::over(storage.clone());
        let (builder, clock) = on_manual_clock();
        clock.set(second(seconds));
        let scheduler = builder.storage(counted.clone()).build().await.unwrap();
        let at_build = counted.take();
        scheduler.start().await.unwrap();
        // It asks for what it goes by to be safe.
        let at_start = counted.take();
        assert_eq!(at_start, vec![(0, Durability::Now)]);
        scheduler.stop().await.unwrap();
        at_build
    };
    let new = start(&storage, 0).await;
    assert_eq!(new, vec![(DECLARED, Durability::Now)], "all jobs are new");

    // A delay counts anew from each start: a revision, and the record of that.
    let unchanged = start(&storage, 1).await;
    assert_eq!(unchanged, vec![(2, Durability::Now)], "the code is as it was");

    let changed = as_if(&storage, |json| {
        for function in ["steady", "several", "mondays"] {
            declared_otherwise(json, function, |declared| {
                declared["definition"]["policy"]["max_retries"] = json!(7)
            });
        }
        declared_otherwise(json, "asleep", |declared| {
            declared["definition"]["function"]["name"] = json!("steady")
        });
    });
    let at_build = start(&changed.await, 2).await;
    assert_eq!(at_build.len(), 1, "jobs are new, changed and removed: {at_build:?}");
}

#[tokio::test]
async fn the_state_of_a_declared_job_is_kept() {
    let storage = MemoryStorage::default();
    let (scheduler, clock) = start(&storage, 0).await;
    advance(&scheduler, &clock, 1_300).await;
    let id = find(&scheduler, "steady").await.unwrap().id();
    scheduler.pause_job(&id).await.unwrap();
    let first = find(&scheduler, "first").await.unwrap();
    scheduler.stop().await.unwrap();

    let (scheduler, _) = start(&storage, 1_350).await;
    let job = scheduler.job(&id).await.unwrap().unwrap();
    assert_eq!((job.is_paused(), job.run_count(), job.source()), (true, 2, Source::Code));
    let again = find(&scheduler, "first").await.unwrap();
    assert_eq!((again.run_count(), again.next_run_at()), (1, Some(second(2_400))));
    assert_eq!((again.id(), again.revision()), (first.id(), first.revision()));
}

#[tokio::test]
async fn an_edit_stays_until_the_definition_in_the_code_changes() {
    let storage = MemoryStorage::default();
    let (scheduler, clock) = start(&storage, 0).await;
    advance(&scheduler, &clock, 30).await;
    let id = find(&scheduler, "steady").await.unwrap().id();
    let edit = JobUpdate::new().schedule(every(7).minutes()).retries(9).name("edited");
    scheduler.update_job(&id, edit).await.unwrap();
    scheduler.stop().await.unwrap();

    let (scheduler, _) = start(&storage, 60).await;
    let job = scheduler.job(&id).await.unwrap().unwrap();
    assert_eq!((job.name(), job.max_retries(), job.next_run_at()), ("edited", 9, Some(second(450))));
    scheduler.stop().await.unwrap();

    // The program before this one had five minutes in the code.
    let other = as_if(&storage, |json| {
        if json["declared"]["definition"]["function"]["name"] == "steady" {
            json["declared"]["definition"]["schedule"]["interval"] = json!(300_000_000);
        }
    })
    .await;
    let (scheduler, _) = start(&other, 120).await;
    let job = scheduler.job(&id).await.unwrap().unwrap();
    assert_eq!((job.name(), job.max_retries()), ("steady", 3));
    assert_eq!(job.definition().schedule.to_string(), "Every 10 minutes");
    assert_eq!(job.next_run_at(), Some(second(120 + 600)), "the next run is computed anew");
    let all = runs(&scheduler).await;
    let recorded = all.iter().find(|run| run.job_id() == id).unwrap();
    let skipped = recorded.skipped.as_ref().unwrap();
    assert_eq!((skipped.reason, skipped.cause), (SkipReason::Rescheduled, Some(RescheduleCause::Schedule)));
}

#[tokio::test]
async fn counters_and_pause_are_kept_when_the_code_changes() {
    let storage = MemoryStorage::default();
    let (scheduler, clock) = start(&storage, 0).await;
    advance(&scheduler, &clock, 700).await;
    let id = find(&scheduler, "steady").await.unwrap().id();
    scheduler.pause_job(&id).await.unwrap();
    scheduler.stop().await.unwrap();
    let other = as_if(&storage, |json| {
        declared_otherwise(json, "steady", |declared| {
            declared["definition"]["schedule"]["interval"] = json!(60_000_000);
        });
    })
    .await;
    let (scheduler, _) = start(&other, 710).await;
    let job = scheduler.job(&id).await.unwrap().unwrap();
    assert_eq!((job.is_paused(), job.run_count()), (true, 1));
    assert_eq!(job.definition().schedule.to_string(), "Every 10 minutes");
}

#[tokio::test]
async fn a_declaration_is_known_by_its_name_even_with_another_schedule() {
    let storage = MemoryStorage::default();
    let (scheduler, _) = build(&storage, 0).await;
    let first = find(&scheduler, "first").await.unwrap().id();
    let second = find(&scheduler, "several").await.unwrap().id();
    // Each had the other's schedule.
    let other = as_if(&storage, |json| {
        declared_otherwise(json, "several", |declared| {
            let is_first = declared["definition"]["name"] == "first";
            let minutes = if is_first { 30 } else { 20 };
            declared["definition"]["schedule"]["interval"] = json!(minutes * 60_000_000);
        });
    })
    .await;
    let (scheduler, _) = build(&other, 0).await;
    assert_eq!(find(&scheduler, "first").await.unwrap().id(), first);
    assert_eq!(find(&scheduler, "several").await.unwrap().id(), second);
}

#[tokio::test]
async fn a_declaration_without_its_name_is_known_by_an_identical_schedule() {
    let storage = MemoryStorage::default();
    let (scheduler, _) = build(&storage, 0).await;
    let first = find(&scheduler, "first").await.unwrap().id();
    let other = as_if(&storage, |json| {
        declared_otherwise(json, "several", |declared| {
            if declared["definition"]["name"] == "first" {
                declared["definition"]["name"] = json!("an earlier name");
                declared["position"] = json!(5);
            }
        });
    })
    .await;
    let (scheduler, _) = build(&other, 0).await;
    assert_eq!(find(&scheduler, "first").await.unwrap().id(), first);
    assert_eq!(scheduler.jobs().await.unwrap().len(), DECLARED);
}

#[tokio::test]
async fn a_declaration_that_is_gone_from_the_code_is_removed_with_a_record() {
    let storage = MemoryStorage::default();
    let (scheduler, _) = build(&storage, 0).await;
    let steady = find(&scheduler, "steady").await.unwrap();
    let mut gone = serde_json::to_value(&steady).unwrap();
    gone["id"] = json!("job_99");
    for definition in ["definition", "declared"] {
        let definition = gone.get_mut(definition).unwrap();
        let definition =
            if definition["definition"].is_null() { definition } else { &mut definition["definition"] };
        definition["name"] = json!("taken out");
        definition["schedule"]["interval"] = json!(60_000_000);
    }
    gone["declared"]["position"] = json!(1);
    gone["next_run_at"] = json!(second(60));
    let gone: Job = serde_json::from_value(gone).unwrap();
    // One of its retries is waiting.
    let retry = Entry {
        kind: EntryKind::Fire,
        job: gone.id(),
        trigger: Trigger::Manual,
        scheduled_for: second(10),
        due_at: second(20),
        attempt: 2,
        crashes: 0,
        covers_until: second(10),
        catch_up_until: None,
        is_last_late: false,
        revision: gone.revision(),
        is_exclusive: true,
        lane: Lane::Async,
        function: gone.function().clone(),
    };
    let changes = [Change::AddJob(Box::new(gone)), Change::OpenFire(Box::new(retry))];
    storage.apply(&changes, Durability::Now).await.unwrap();

    let (scheduler, _) = start(&storage, 150).await;
    assert_eq!(scheduler.job("job_99").await.unwrap(), None);
    assert_eq!(scheduler.jobs().await.unwrap().len(), DECLARED);
    let all = runs(&scheduler).await;
    let of_job: Vec<_> = all.iter().filter(|run| run.job_name == "taken out").collect();
    let errors: Vec<_> = of_job.iter().filter_map(|run| run.error.as_deref()).collect();
    assert_eq!(errors, ["cancelled: the code no longer declares the job"]);
    let record = of_job.iter().find(|run| run.skipped.is_some()).unwrap();
    let skipped = record.skipped.as_ref().unwrap();
    assert_eq!((record.status, skipped.reason, skipped.count), (RunStatus::Missed, SkipReason::Orphaned, 2));
    assert_eq!((skipped.first, skipped.last), (second(60), second(120)));
    assert!(storage.load().await.unwrap().tombstones.is_empty());
}

#[tokio::test]
async fn a_finished_at_leaves_a_tombstone_and_does_not_come_back_until_its_definition_changes() {
    let storage = MemoryStorage::default();
    let (scheduler, clock) = start(&storage, 0).await;
    advance(&scheduler, &clock, 7 * 3_600).await;
    assert_eq!(find(&scheduler, "dated").await, None);
    scheduler.stop().await.unwrap();
    let (scheduler, clock) = start(&storage, 8 * 3_600).await;
    advance(&scheduler, &clock, 60).await;
    assert_eq!(find(&scheduler, "dated").await, None);
    let ran = runs(&scheduler).await.iter().filter(|run| run.job_name == "dated").count();
    assert_eq!(ran, 1);
    scheduler.stop().await.unwrap();

    // The program before this one had another hour in the code.
    let other = as_if(&storage, |json| {
        declared_otherwise(json, "dated", |declared| {
            declared["definition"]["schedule"]["at"] = json!("2026-11-23 05:00:00");
        });
    })
    .await;
    let (scheduler, clock) = start(&other, 8 * 3_600).await;
    advance(&scheduler, &clock, 1).await;
    let all = runs(&scheduler).await;
    let ran: Vec<_> = all.iter().filter(|run| run.job_name == "dated").map(Run::scheduled_for).collect();
    assert_eq!(ran, [second(6 * 3_600)]);
    assert_eq!(other.load().await.unwrap().tombstones.len(), 1);
}

#[tokio::test]
async fn a_cancelled_declaration_leaves_a_tombstone_and_does_not_come_back_until_its_definition_changes() {
    let storage = MemoryStorage::default();
    let (scheduler, _) = start(&storage, 0).await;
    for name in ["steady", "soon", "first", "asleep"] {
        assert_eq!(scheduler.cancel_job_by_name(name).await.unwrap(), 1, "{name}");
    }
    scheduler.stop().await.unwrap();
    for seconds in [10, 20] {
        let (scheduler, _) = build(&storage, seconds).await;
        let names: Vec<_> = scheduler.jobs().await.unwrap().iter().map(|job| job.name().to_owned()).collect();
        assert_eq!(names, ["dated", "mondays", "several"], "sorted by id");
    }
    let other = as_if(&storage, |json| {
        declared_otherwise(json, "steady", |declared| {
            declared["definition"]["policy"]["max_retries"] = json!(8);
        });
    })
    .await;
    let (scheduler, _) = build(&other, 30).await;
    let back = find(&scheduler, "steady").await.unwrap();
    assert_eq!((back.next_run_at(), back.run_count()), (Some(second(630)), 0));
    assert_eq!(scheduler.jobs().await.unwrap().len(), 4);
}

#[tokio::test]
async fn a_delay_belongs_to_its_process_and_is_never_caught_up() {
    let storage = MemoryStorage::default();
    let (scheduler, clock) = start(&storage, 0).await;
    advance(&scheduler, &clock, 30).await;
    scheduler.stop().await.unwrap();
    let (scheduler, clock) = start(&storage, 100).await;
    advance(&scheduler, &clock, 59).await;
    let soon = |runs: Vec<Run>| -> Vec<_> {
        let completed = runs.into_iter().filter(|run| run.job_name == "soon" && run.skipped.is_none());
        completed.map(|run| run.scheduled_for()).collect()
    };
    assert!(soon(runs(&scheduler).await).is_empty());
    advance(&scheduler, &clock, 1).await;
    assert_eq!(soon(runs(&scheduler).await), [second(160)]);
    scheduler.stop().await.unwrap();
    // Each start.
    let (scheduler, clock) = start(&storage, 300).await;
    advance(&scheduler, &clock, 60).await;
    assert_eq!(soon(runs(&scheduler).await), [second(160), second(360)]);
}

#[tokio::test]
async fn a_job_declared_disabled_is_paused_and_stays_as_it_was_set_at_run_time() {
    let storage = MemoryStorage::default();
    let (scheduler, _) = start(&storage, 0).await;
    let job = find(&scheduler, "asleep").await.unwrap();
    assert_eq!(job.status(), JobStatus::Paused);
    scheduler.resume_job(job.id()).await.unwrap();
    scheduler.stop().await.unwrap();
    let (scheduler, _) = start(&storage, 60).await;
    assert!(!scheduler.job(job.id()).await.unwrap().unwrap().is_paused());
}

/// Makes it look as if stored by a program that stored no rules version.
fn without_rules(json: &mut Value) {
    match json {
        Value::Object(members) => {
            members.remove("rules");
            members.values_mut().for_each(without_rules);
        }
        Value::Array(values) => values.iter_mut().for_each(without_rules),
        _ => {}
    }
}

fn of_job(runs: Vec<Run>, job: &Job) -> Vec<Run> {
    runs.into_iter().filter(|run| run.job_id() == job.id()).collect()
}

#[tokio::test]
async fn an_expression_that_means_something_else_is_rescheduled_once_and_is_no_change_of_the_code() {
    let storage = MemoryStorage::default();
    let (scheduler, _) = build(&storage, 0).await;
    let id = find(&scheduler, "mondays").await.unwrap().id();
    let other = as_if(&storage, |json| {
        if json["id"] == json!(id) {
            without_rules(json);
            json["next_run_at"] = json!("2026-11-24T00:00:00Z");
            // An edit over HTTP, which only a change in the code overrides.
            json["definition"]["name"] = json!("edited");
        }
    })
    .await;
    for restart in 1..3 {
        let (scheduler, _) = build(&other, restart).await;
        let job = scheduler.job(&id).await.unwrap().unwrap();
        assert_eq!((job.name(), job.revision()), ("edited", 2), "start {restart}");
        assert_eq!(job.next_run_at(), Some(second(7 * 86_400)), "start {restart}");
        assert_eq!(scheduler.jobs().await.unwrap().len(), DECLARED);
        let recorded = of_job(runs(&scheduler).await, &job);
        assert_eq!(recorded.len(), 1, "start {restart}");
        let skipped = recorded[0].skipped.as_ref().unwrap();
        assert_eq!((skipped.reason, skipped.first), (SkipReason::Rescheduled, second(86_400)));
    }
}

#[tokio::test]
async fn an_edited_job_whose_declaration_means_something_else_keeps_its_edit() {
    let storage = MemoryStorage::default();
    let (scheduler, _) = build(&storage, 0).await;
    let id = find(&scheduler, "mondays").await.unwrap().id();
    let edit = JobUpdate::new().schedule(daily().at("06:00"));
    scheduler.update_job(&id, edit).await.unwrap();
    let other = as_if(&storage, |json| {
        if json["id"] == json!(id) {
            without_rules(json);
        }
    })
    .await;
    let (scheduler, _) = build(&other, 1).await;
    let job = scheduler.job(&id).await.unwrap().unwrap();
    assert_eq!(job.definition().schedule.to_string(), "Daily at 06:00");
    assert_eq!(job.next_run_at(), Some(second(6 * 3_600)));
    assert!(of_job(runs(&scheduler).await, &job).is_empty(), "its schedule has not changed");
}

#[tokio::test]
async fn a_cancelled_declaration_whose_expression_means_something_else_does_not_come_back() {
    let storage = MemoryStorage::default();
    let (scheduler, _) = build(&storage, 0).await;
    assert_eq!(scheduler.cancel_job_by_name("mondays").await.unwrap(), 1);
    let other = as_if(&storage, |json| {
        if json["declared"]["definition"]["function"]["name"] == "mondays" {
            without_rules(json);
        }
    })
    .await;
    let (scheduler, _) = build(&other, 1).await;
    assert!(find(&scheduler, "mondays").await.is_none());
}
