//! Texts from outside in errors: on one line, and without what steers a terminal.

use std::fs::File;
use std::process::Command;

use fastscheduler::NewJob;
use fastscheduler::prelude::*;
use fastscheduler::storage::{MemoryStorage, StorageError};
use fastscheduler_tests::program::Program;
use fastscheduler_tests::state_folder::{LOCK, STATE, StateFolder};

/// It sets a terminal's title, begins a line, and turns the direction of what follows.
const NASTY: &str = "\u{1b}]0;x\u{7}\r\nz\u{202e}y";

/// What is shown of it.
const SHOWN: &str = " ]0;x   z y";

#[track_caller]
fn assert_is_harmless(what: &str, text: &str) {
    let steers = |letter: char| letter.is_control() || ('\u{2028}'..='\u{202e}').contains(&letter);
    assert!(!text.contains(steers), "{what}: {text:?}");
    assert!(text.contains(SHOWN), "{what}: {text:?}");
}

/// What a program says that ends with an error.
fn error(command: &mut Command) -> String {
    let mut program = Program::run(command);
    assert_eq!(program.code(), Some(1), "{command:?}");
    program.rest_of_errors()
}

#[test]
fn errors_that_end_a_program_are_on_one_line() {
    let program = || Command::new(env!("CARGO_BIN_EXE_reports"));
    let in_memory = [
        ("FASTSCHEDULER_TIMEZONE", NASTY.to_owned()),
        ("FASTSCHEDULER_QUIET", NASTY.to_owned()),
        ("FASTSCHEDULER_STORAGE", NASTY.to_owned()),
        ("FASTSCHEDULER_MAX_WORKERS", NASTY.to_owned()),
        ("FASTSCHEDULER_HTTP", NASTY.to_owned()),
        ("FASTSCHEDULER_ALLOWED_HOSTS", NASTY.to_owned()),
        ("FASTSCHEDULER_ALLOWED_ORIGINS", NASTY.to_owned()),
        (&format!("FASTSCHEDULER_{NASTY}"), "1".to_owned()),
        ("TZ", NASTY.to_owned()),
    ];
    for (name, value) in in_memory {
        let said = error(program().env("FASTSCHEDULER_STORAGE", "memory").env(name, value));
        let line = said.strip_suffix('\n').unwrap();
        assert_is_harmless(name, line);
    }
}

#[test]
fn errors_about_a_state_file_are_on_one_line() {
    let json = |text: &str| serde_json::to_string(text).unwrap();
    let folder = StateFolder::new();
    folder.put(STATE, format!("{{\"version\": {}}}", json(NASTY)).as_bytes());
    let mut command = Command::new(env!("CARGO_BIN_EXE_reports"));
    let said = error(command.env("FASTSCHEDULER_STATE_FILE", folder.state_file()));
    assert_is_harmless("a version", said.strip_suffix('\n').unwrap());
    // One whose folder is missing.
    let folder = StateFolder::new();
    let mut command = Command::new(env!("CARGO_BIN_EXE_reports"));
    let file = folder.path().join(NASTY).join("state.json");
    let said = error(command.env("FASTSCHEDULER_STATE_FILE", file));
    assert_is_harmless("a path", said.strip_suffix('\n').unwrap());
    // Who has it, as its lock says.
    let noted =
        format!("{{\"process\":7,\"host\":{},\"started_at\":\"2026-11-23T00:00:00Z\"}}\n", json(NASTY));
    folder.put(LOCK, noted.as_bytes());
    let lock = File::open(folder.file(LOCK)).unwrap();
    lock.lock().unwrap();
    let said = error(command.env("FASTSCHEDULER_STATE_FILE", folder.state_file()));
    assert_is_harmless("a host", said.strip_suffix('\n').unwrap());
}

#[test]
fn notes_about_a_state_file_are_on_one_line() {
    let nasty = serde_json::to_string(NASTY).unwrap();
    let folder =
        StateFolder::of_python(&[("\"schedule_type\": \"hourly\"", &format!("\"schedule_type\": {nasty}"))]);
    let mut command = Command::new(env!("CARGO_BIN_EXE_reports"));
    command.env("FASTSCHEDULER_STATE_FILE", folder.state_file());
    let said = Program::run(&mut command).wait_for_error("unknown type");
    assert_is_harmless("a type", said.last().unwrap());
}

/// Why a job is not added.
async fn refused(scheduler: &Scheduler, job: impl Into<NewJob>) -> String {
    scheduler.add(job).await.unwrap_err().to_string()
}

#[tokio::test]
async fn errors_about_what_a_caller_names_are_on_one_line() {
    let scheduler = Scheduler::builder().storage(MemoryStorage::default()).build().await.unwrap();
    let every = || every(10).seconds();
    let unknown = refused(&scheduler, every().call(NASTY)).await;
    let table = [
        ("a function", unknown),
        ("a key", refused(&scheduler, every().key(NASTY).always_new().call("quick")).await),
        ("an argument", refused(&scheduler, every().call("quick").kwargs([(NASTY, 1)])).await),
        ("a zone", refused(&scheduler, daily().at("09:00").tz(NASTY).call("quick")).await),
        ("a time", refused(&scheduler, daily().at(NASTY).call("quick")).await),
        ("a minute", refused(&scheduler, hourly().at(NASTY).call("quick")).await),
        ("a day", refused(&scheduler, weekly().on([NASTY]).at("09:00").call("quick")).await),
        ("a date", refused(&scheduler, at(NASTY).call("quick")).await),
        ("an expression", refused(&scheduler, cron(NASTY).call("quick")).await),
        ("a length", refused(&scheduler, every().timeout(NASTY).call("quick")).await),
        ("a job", scheduler.pause_job(NASTY).await.unwrap_err().to_string()),
        ("a run", scheduler.wait_for(NASTY).await.unwrap_err().to_string()),
        ("a dead letter", scheduler.retry_dead_letter(NASTY).await.unwrap_err().to_string()),
        ("an unknown key", scheduler.cancel_job_by_key(NASTY).await.unwrap_err().to_string()),
        ("a store's own error", StorageError::new("load jobs", NASTY).to_string()),
        ("a conflict", StorageError::Conflict(NASTY.to_owned()).to_string()),
    ];
    for (what, text) in table {
        assert_is_harmless(what, &text);
    }
}
