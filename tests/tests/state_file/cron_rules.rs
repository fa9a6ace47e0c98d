//! A state file from before cron expressions were stored with their rules version.
//! Jobs whose expression has changed its meaning are rescheduled once; those whose
//! expression is no longer accepted keep their schedule.
//!
//! The file was written by the last such version, on Tuesday 2026-11-24 at 04:00
//! UTC.

use std::process::Command;

use chrono::{DateTime, Utc};
use fastscheduler::prelude::*;
use fastscheduler::testing::{self, ManualClock};
use fastscheduler::{
    Clock as _, Job, JobUpdate, Problem, ProblemCode, RescheduleCause, Run, SchedulerError, SkipReason,
};
use fastscheduler_tests::program::Program;
use fastscheduler_tests::state_folder::{STATE, StateFolder};
use fastscheduler_tests::{advance, instant, runs};

const SAVED: &str = "2026-11-24T04:00:00Z";

fn folder() -> StateFolder {
    let folder = StateFolder::new();
    folder.put(STATE, include_bytes!("../../vectors/state_before_cron_rules.json"));
    folder
}

async fn next(scheduler: &Scheduler, id: &str) -> DateTime<Utc> {
    scheduler.job(id).await.unwrap().unwrap().next_run_at().unwrap()
}

/// The records of schedules that ended since the file was written.
async fn ended(scheduler: &Scheduler) -> Vec<Run> {
    let is_ended = |run: &Run| {
        let closed = run.skipped.as_ref().and_then(|skipped| skipped.closed.as_ref());
        closed.is_some_and(|closed| closed.until >= instant(SAVED))
    };
    runs(scheduler).await.into_iter().filter(is_ended).collect()
}

/// Looks for fires that were lost, in the files.
async fn audit(folder: &StateFolder, clock: &ManualClock) {
    let folder = folder.after_a_kill();
    let store = folder.open().unwrap();
    let auditing = testing::audit(&store).zone(chrono_tz::UTC).until(clock.now());
    auditing.await.unwrap().assert_clean();
}

#[tokio::test]
async fn what_means_something_else_is_rescheduled_once_with_a_record() {
    let folder = folder();
    let clock = ManualClock::new(instant("2026-11-25T12:00:00Z"));
    let scheduler = folder.started(&clock).await;
    let outline: Vec<_> = ended(&scheduler)
        .await
        .iter()
        .map(|run| {
            let skipped = run.skipped.as_ref().unwrap();
            let closed = skipped.closed.as_ref().unwrap();
            assert_eq!(
                (skipped.reason, skipped.cause),
                (SkipReason::Rescheduled, Some(RescheduleCause::Rules))
            );
            (run.job_name.to_string(), closed.definition.to_string(), skipped.first, skipped.count)
        })
        .collect();
    let either = ", when the day of month or the day of week matches";
    let expected = [
        ("changed", format!("Cron: 0 0 */1 * MON (UTC){either}"), "2026-11-25T00:00:00Z", 1),
        ("paused", "Cron: 0 12 * * SUN-7 (UTC)".to_owned(), "2026-11-23T12:00:00Z", 3),
        ("failing", format!("Cron: 15 1 1-31 * WED (UTC){either}"), "2026-11-25T01:15:00Z", 1),
        ("keyed", format!("Cron: 45 0 20 * 0-7 (UTC){either}"), "2026-11-25T00:45:00Z", 1),
    ];
    assert_eq!(outline, expected.map(|(name, text, first, n)| (name.to_owned(), text, instant(first), n)));
    assert_eq!(next(&scheduler, "job_0").await, instant("2026-11-30T00:00:00Z"));
    let of_paused = scheduler.upcoming("job_5", 1).await.unwrap();
    assert_eq!(of_paused, [instant("2026-11-29T12:00:00Z")]);
    assert_eq!(next(&scheduler, "job_7").await, instant("2026-12-02T01:15:00Z"));
    assert_eq!(next(&scheduler, "job_8").await, instant("2026-12-20T00:45:00Z"));
    let job = scheduler.job("job_0").await.unwrap().unwrap();
    assert_eq!(job.definition().schedule.to_string(), "Cron: 0 0 */1 * MON");
    // The code has not changed.
    let revision = scheduler.job("job_8").await.unwrap().unwrap().revision();
    let keyed = cron("45 0 20 * 0-7").name("keyed").key("keyed").call("work");
    assert_eq!(scheduler.add(keyed).await.unwrap().to_string(), "job_8");
    assert_eq!(scheduler.job("job_8").await.unwrap().unwrap().revision(), revision);
    advance(&scheduler, &clock, 86_400).await;
    audit(&folder, &clock).await;
    let recorded = ended(&scheduler).await.len();
    scheduler.stop().await.unwrap();

    let scheduler = folder.started(&clock).await;
    assert_eq!(ended(&scheduler).await.len(), recorded, "once is enough");
    assert_eq!(next(&scheduler, "job_0").await, instant("2026-11-30T00:00:00Z"));
    // To Monday, but not so far that records in the file become too old.
    advance(&scheduler, &clock, 3 * 86_400 + 43_500).await;
    audit(&folder, &clock).await;
    let of_job = |run: &&Run| run.run_id.job.number() == 0 && run.skipped.is_none();
    let last = runs(&scheduler).await.iter().rfind(of_job).unwrap().scheduled_for();
    assert_eq!(last, instant("2026-11-30T00:00:00Z"));
}

#[tokio::test]
async fn what_is_no_longer_accepted_keeps_its_meaning() {
    let folder = folder();
    for _ in 0..2 {
        let clock = ManualClock::new(instant(SAVED));
        let scheduler = folder.started(&clock).await;
        for (id, due) in [
            ("job_2", "2026-11-24T05:00:00Z"),
            ("job_3", "2026-11-25T00:00:00Z"),
            ("job_4", "2026-12-08T09:00:00Z"),
        ] {
            assert_eq!(next(&scheduler, id).await, instant(due), "{id}");
        }
        scheduler.stop().await.unwrap();
    }
    let clock = ManualClock::new(instant(SAVED));
    let scheduler = folder.started(&clock).await;
    let named = JobUpdate::new().name("renamed").retries(1);
    scheduler.update_job("job_2", named).await.unwrap();
    assert_eq!(next(&scheduler, "job_2").await, instant("2026-11-24T05:00:00Z"));
    advance(&scheduler, &clock, 3 * 3_600).await;
    let job = scheduler.job("job_2").await.unwrap().unwrap();
    assert_eq!((job.name(), job.next_run_at()), ("renamed", Some(instant("2026-11-24T08:00:00Z"))));
    assert_eq!(job.definition().schedule.to_string(), "Cron: */90 * * * *");
    // A new schedule is read by the present rules.
    let same = JobUpdate::new().schedule(cron("*/90 * * * *"));
    let refused = scheduler.update_job("job_2", same).await;
    assert!(matches!(refused, Err(SchedulerError::Schedule(_))), "{refused:?}");
    scheduler.update_job("job_2", JobUpdate::new().schedule(cron("*/45 * * * *"))).await.unwrap();
    assert_eq!(next(&scheduler, "job_2").await, instant("2026-11-24T07:45:00Z"));
    advance(&scheduler, &clock, 86_400).await;
    audit(&folder, &clock).await;
    let closed = ended(&scheduler).await.pop().unwrap().skipped.unwrap().closed.unwrap();
    assert_eq!(closed.definition.to_string(), "Cron: */90 * * * * (UTC)");
}

#[tokio::test]
async fn a_job_whose_expression_is_no_longer_accepted_is_a_problem_until_it_has_another() {
    let folder = folder();
    let clock = ManualClock::new(instant(SAVED));
    let scheduler = folder.started(&clock).await;
    let problems = async || {
        let problems = scheduler.problems().await.unwrap();
        assert!(problems.iter().all(|problem| problem.code == ProblemCode::OutdatedSchedule));
        problems.iter().map(|problem| problem.job.unwrap().to_string()).collect::<Vec<_>>()
    };
    assert_eq!(problems().await, ["job_2", "job_3", "job_4"]);
    let outdated = scheduler.problems().await.unwrap().remove(0);
    assert_eq!(outdated.values["expression"], "*/90 * * * *");
    assert!(outdated.to_string().contains("60"), "it says the largest step: {outdated}");
    // Another name is no other schedule.
    scheduler.update_job("job_2", JobUpdate::new().name("renamed")).await.unwrap();
    assert_eq!(problems().await.len(), 3);
    scheduler.update_job("job_2", JobUpdate::new().schedule(cron("*/45 * * * *"))).await.unwrap();
    assert_eq!(problems().await, ["job_3", "job_4"]);
    scheduler.cancel_job("job_3").await.unwrap();
    assert_eq!(problems().await, ["job_4"]);
}

#[tokio::test]
async fn what_means_the_same_is_left_alone() {
    let folder = folder();
    let clock = ManualClock::new(instant(SAVED));
    let scheduler = folder.started(&clock).await;
    for (id, revision, due) in [("job_1", 1, "2026-11-24T09:00:00Z"), ("job_6", 2, "2026-12-13T06:00:00Z")] {
        let job = scheduler.job(id).await.unwrap().unwrap();
        assert_eq!((job.revision(), job.next_run_at()), (revision, Some(instant(due))), "{id}");
        assert!(ended(&scheduler).await.iter().all(|run| run.job_id() != job.id()), "{id}");
    }
    // The schedules that ended under the old rules are audited by them.
    audit(&folder, &clock).await;
}

#[tokio::test]
async fn a_dead_letter_from_before_is_retried() {
    let folder = folder();
    let clock = ManualClock::new(instant(SAVED));
    let scheduler = folder.started(&clock).await;
    let letter = scheduler.dead_letters(1).await.unwrap().remove(0);
    let retried = scheduler.retry_dead_letter(letter.run.run_id).await.unwrap();
    testing::quiet(&scheduler).await.unwrap();
    assert!(runs(&scheduler).await.iter().any(|run| run.run_id == retried));
}

#[tokio::test]
async fn a_job_of_the_python_program_whose_expression_is_no_longer_accepted_is_taken_over() {
    let table = [
        ("*/90 * * * *", "2026-11-23T08:00:00Z"),
        ("0 */36 * * *", "2026-11-24T00:00:00Z"),
        ("0 0 * * MON-FRI#2", "2026-12-08T00:00:00Z"),
        ("0 0 ?/2 * *", "2026-11-25T00:00:00Z"),
    ];
    for (expression, due) in table {
        let new = format!("\"cron_expression\": \"{expression}\"");
        let zone = ("\"timezone\": \"America/New_York\"", "\"timezone\": null");
        let paused = ("\"paused\": true", "\"paused\": false");
        let folder =
            StateFolder::of_python(&[("\"cron_expression\": \"0 9 * * MON-FRI\"", &new), zone, paused]);
        let clock = ManualClock::new(instant("2026-11-23T07:37:17.741122Z"));
        for start in 0..2 {
            let scheduler = folder.started(&clock).await;
            let jobs = scheduler.jobs().await.unwrap();
            let is_of_it = |job: &&Job| job.definition().schedule.to_string().contains(expression);
            let job = jobs.iter().find(is_of_it).unwrap_or_else(|| panic!("{start}: {expression}"));
            let (next, problems) = (job.next_run_at(), scheduler.problems().await.unwrap());
            assert_eq!(next, Some(instant(due)), "{start}: {expression}");
            let is_outdated = |problem: &Problem| {
                (problem.code, problem.job) == (ProblemCode::OutdatedSchedule, Some(job.id()))
            };
            assert!(problems.iter().any(is_outdated), "{start}: {expression}: {problems:?}");
            scheduler.stop().await.unwrap();
        }
    }
    let never = "\"cron_expression\": \"0 0 30 2 *\"";
    let folder = StateFolder::of_python(&[("\"cron_expression\": \"0 9 * * MON-FRI\"", never)]);
    let notes = folder.open().unwrap().notes().to_vec();
    assert!(notes.iter().any(|note| note.contains("`0 0 30 2 *` never fires")), "{notes:?}");
}

/// What `fastscheduler::run()` says is wrong, up to this text.
fn said(folder: &StateFolder, last: &str) -> Vec<String> {
    let mut command = Command::new(env!("CARGO_BIN_EXE_holds_a_thread"));
    command.env("FASTSCHEDULER_STATE_FILE", folder.state_file()).env("FASTSCHEDULER_TIMEZONE", "UTC");
    Program::run(&mut command).wait_for_error(last)
}

#[test]
fn each_start_names_the_jobs_whose_expression_is_no_longer_accepted() {
    let folder = folder();
    let refused = [
        ("job_2 `ninety` ", "`*/90` is not a minute: the largest step is 60"),
        ("job_3 `any` ", "`?` takes no step; write `*/2`"),
        ("job_4 `second` ", "write `MON#2,TUE#2,WED#2,THU#2,FRI#2`"),
    ];
    let (_, last) = refused[2];
    let first = said(&folder, last);
    let moved = ["job_0 `changed`", "job_5 `paused`", "job_7 `failing`", "job_8 `keyed`"];
    assert_eq!(first.len(), moved.len() + refused.len(), "{first:#?}");
    for (line, job) in first.iter().zip(moved) {
        let note = line.strip_prefix("note: ").unwrap_or_else(|| panic!("{line}"));
        assert!(note.starts_with(job) && note.contains("the meaning of"), "{note}");
        assert!(!note.contains("next due"), "it is paused or waits for its function: {note}");
    }
    for lines in [&first[moved.len()..], &said(&folder, last)] {
        assert_eq!(lines.len(), refused.len(), "{lines:#?}");
        for (line, (job, reason)) in lines.iter().zip(refused) {
            assert!(line.contains(&format!(" WARN {job}")) && line.contains(reason), "{line}");
        }
    }
}
