//! What the log says of attempts: the span that they run in, and their failures.

use std::collections::BTreeMap;
use std::future::pending;
use std::time::Duration;

use fastscheduler::prelude::*;
use fastscheduler::{JobId, JobUpdate, NewJob, Overlap, Permanent};
use fastscheduler_tests::spans::Spans;
use fastscheduler_tests::{Act, Process, World};

const SECOND: Duration = Duration::from_secs(1);

/// Logs when it is dropped.
struct LogsAtItsEnd;

impl Drop for LogsAtItsEnd {
    fn drop(&mut self) {
        tracing::info!("dropped");
    }
}

#[fastscheduler::job]
fn logs_on_a_thread() {
    tracing::info!("on a thread");
}

#[fastscheduler::job]
async fn logs_and_waits() {
    let _end = LogsAtItsEnd;
    tracing::info!("at first");
    tokio::task::yield_now().await;
    tracing::info!("after it has waited");
}

#[fastscheduler::job]
async fn logs_and_hangs() {
    let _end = LogsAtItsEnd;
    pending::<()>().await;
}

#[fastscheduler::job]
async fn logs_and_panics() {
    let _end = LogsAtItsEnd;
    panic!("bang");
}

/// The lines of a job that are not the library's own, each without the span.
fn lines_in_span(name: &str, function: &str) -> Vec<String> {
    let span = format!(
        " in job{{job=job_0 name={name:?} function=fires::logs::{function} \
         run=job_0-s-1795392001000000-1 attempt=1}}"
    );
    let lines = Spans::of_program().lines_with(&format!("name={name:?}"));
    lines.into_iter().filter_map(|line| line.strip_suffix(&span).map(str::to_owned)).collect()
}

#[test]
fn what_an_attempt_logs_is_in_its_span_wherever_its_code_runs() {
    Spans::of_program();
    for (function, expected) in [
        ("logs_and_waits", &["INFO at first", "INFO after it has waited", "INFO dropped"][..]),
        ("logs_and_hangs", &["INFO dropped"]),
        ("logs_and_panics", &["INFO dropped"]),
        ("logs_on_a_thread", &["INFO on a thread"]),
    ] {
        let process = World::default().start();
        let name = format!("span of {function}");
        process.add(once(1).timeout(SECOND * 5).retries(0).name(&*name).call(function));
        process.jump(SECOND);
        // A thread is not waited for.
        process.run(async {
            while process.scheduler.running().len() > usize::from(function == "logs_and_hangs") {
                tokio::task::yield_now().await;
            }
        });
        process.jump(SECOND * 5);
        assert_eq!(lines_in_span(&name, function), expected, "{function}");
    }
}

/// Lets jobs of one name fail, and returns what is logged of it, without ids.
fn failures(name: &str) -> Vec<String> {
    let lines = Spans::of_program().lines_with(&format!("name={name:?}"));
    let of_failures = lines.iter().filter(|line| line.contains("attempt failed"));
    let named = format!(" job=job_0 name={name:?} function=");
    of_failures.map(|line| line.replacen(&named, " ", 1)).collect()
}

#[test]
fn a_failure_is_a_warning_and_a_dead_letter_an_error_that_say_which_attempt_and_why() {
    let world = World::default();
    Spans::of_program();
    world.script.will(&[Act::Fail, Act::Panic, Act::Hang]);
    let process = world.start();
    process.add(once(1).retries(2).timeout(SECOND * 5).name("fails thrice").call("work"));
    process.advance(SECOND * 4);
    process.jump(SECOND * 4);
    process.jump(SECOND * 5);
    assert_eq!(
        failures("fails thrice"),
        [
            "WARN attempt failed; retry 1 of 2 follows fires::work run=job_0-s-1795392001000000-1 attempt=1 \
             error=\"boom\" retry_at=2026-11-23 00:00:03 UTC",
            "WARN attempt failed; retry 2 of 2 follows fires::work run=job_0-s-1795392001000000-2 attempt=2 \
             error=\"panicked: bang\" retry_at=2026-11-23 00:00:07 UTC",
            "ERROR attempt failed and left a dead letter; no retry, all 2 are used up fires::work \
             run=job_0-s-1795392001000000-3 attempt=3 error=\"timed out after 5s\"",
        ]
    );
}

#[fastscheduler::job]
async fn fails_for_good() -> anyhow::Result<()> {
    Err(Permanent::new(anyhow::anyhow!("no such address")).into())
}

#[fastscheduler::job]
async fn returns_what_cannot_be_kept() -> BTreeMap<(u8, u8), u8> {
    BTreeMap::from([((1, 2), 3)])
}

/// The level, the message and the error of each line.
fn outline(name: &str) -> Vec<String> {
    let short = |line: &String| {
        let (message, fields) = line.split_once(" fires::").unwrap();
        let (_, error) = fields.split_once("error=").unwrap();
        let error = error.split_once(" retry_at=").map_or(error, |(error, _)| error);
        format!("{message}: {error}")
    };
    failures(name).iter().map(short).collect()
}

#[test]
fn every_way_to_fail_is_logged() {
    /// What a case does once the first attempt has ended or hangs.
    type Then = fn(&Process, JobId);
    Spans::of_program();
    let nothing: Then = |_, _| {};
    let cancel_job: Then = |process, id| process.run(process.scheduler.cancel_job(id)).unwrap();
    let cancel_run: Then = |process, _| {
        let run = process.scheduler.running().remove(0);
        process.run(process.scheduler.cancel_run(&run)).unwrap();
    };
    let cases: [(&str, NewJob, Act, Then, &[&str]); 7] = [
        (
            "permanent",
            once(1).call("fails_for_good").into(),
            Act::Succeed,
            nothing,
            &[
                "ERROR attempt failed and left a dead letter; no retry, the error is permanent: \"no such address\"",
            ],
        ),
        (
            "result",
            once(1).call("returns_what_cannot_be_kept").into(),
            Act::Succeed,
            nothing,
            &["ERROR attempt failed and left a dead letter; no retry, the error is permanent: \
               \"the returned value is not JSON: key must be a string; the function has already done its work, so it is not retried\""],
        ),
        (
            "gives way",
            every(2).seconds().overlap(Overlap::Cancel).call("work").into(),
            Act::Fail,
            nothing,
            &["ERROR attempt failed and left a dead letter; no retry, the next run came first: \"boom\""],
        ),
        (
            "run cancelled",
            once(1).call("work").into(),
            Act::Hang,
            cancel_run,
            &[
                "WARN attempt failed; no retry, the attempt was cancelled: \"cancelled: the run was cancelled\"",
            ],
        ),
        (
            "job cancelled",
            once(1).call("work").into(),
            Act::Hang,
            cancel_job,
            &[
                "WARN attempt failed; no retry, the attempt was cancelled: \"cancelled: the job was cancelled\"",
            ],
        ),
        (
            "retry cancelled",
            once(1).call("work").into(),
            Act::Fail,
            cancel_job,
            &[
                "WARN attempt failed; retry 1 of 3 follows: \"boom\"",
                "WARN attempt failed; no retry, the attempt was cancelled: \"cancelled: the job was cancelled\"",
            ],
        ),
        ("succeeds", once(1).call("work").into(), Act::Succeed, nothing, &[]),
    ];
    for (name, job, act, then, expected) in cases {
        let world = World::default();
        world.script.will(&[act]);
        let process = world.start();
        let id = process.add(job);
        process.run(process.scheduler.update_job(id, JobUpdate::new().name(name))).unwrap();
        process.jump(SECOND * 2);
        then(&process, id);
        process.settle();
        assert_eq!(outline(name), expected, "{name}");
        let runs = process.runs();
        assert!(runs.iter().any(|run| run.skipped.is_none()), "{name} has run");
    }
}

#[test]
fn a_crash_is_logged_when_it_is_found() {
    let world = World::default();
    Spans::of_program();
    world.script.always(Act::Hang);
    let mut process = world.start();
    process.add(once(1).name("crashes").call("work"));
    process.jump(SECOND);
    for _ in 0..3 {
        process.crash();
        process = world.start();
        process.settle();
    }
    let crash = "WARN attempt failed; it runs again: \"its process ended before it did\"";
    let last = "ERROR attempt failed and left a dead letter; it does not run again: \
                \"its process ended before it did, for the 3rd time\"";
    assert_eq!(outline("crashes"), [crash, crash, last]);
}

#[test]
fn names_and_errors_from_outside_are_on_one_line_of_the_log() {
    const NASTY: &str = "\u{1b}]0;x\u{7}\r\nz\u{202e}y";
    const SHOWN: &str = " ]0;x   z y";
    let log = Spans::of_program();
    let process = World::default().start();
    process.add(
        once(1).retries(0).name(NASTY).run("fails", || async { anyhow::bail!(NASTY) as anyhow::Result<()> }),
    );
    process.jump(SECOND);
    let lines = log.lines_with(SHOWN);
    let added = lines.iter().any(|line| line.contains("added a new job"));
    let failed =
        lines.iter().any(|line| line.matches(SHOWN).count() == 2 && line.starts_with("ERROR attempt failed"));
    assert!(added && failed, "{lines:#?}");
    let steers = |letter: char| letter.is_control() || letter == '\u{202e}';
    let wrong = log.lines_with("0;x").into_iter().filter(|line| line.contains(steers));
    assert_eq!(wrong.collect::<Vec<_>>(), Vec::<String>::new());
}
