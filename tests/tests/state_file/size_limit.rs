//! A limit on the size of files: a snapshot makes room where it can, and where
//! it cannot, it is as on a full disk.

#![cfg(unix)]

use std::process::Command;

use fastscheduler_tests::state_folder::{JOURNAL, STATE, StateFolder};
use fastscheduler_tests::told::Told;

/// Starts a program whose files may have so many blocks, of 512 bytes or 1,024.
/// Left alone, it is ended by the signal of a write beyond that.
fn limited(folder: &StateFolder, blocks: u32) -> (Told, u32) {
    start(folder, blocks, "")
}

/// The same, after what the shell does before.
fn start(folder: &StateFolder, blocks: u32, before: &str) -> (Told, u32) {
    let mut command = Command::new("sh");
    let script = format!(r#"{before} ulimit -f "$1"; shift; exec "$@""#);
    command.args(["-c", &script, "sh"]).arg(blocks.to_string());
    command.arg(env!("CARGO_BIN_EXE_does_as_told")).arg(folder.state_file()).arg("0");
    Told::start(&mut command).expect("an empty state is small enough")
}

#[track_caller]
fn assert_is_too_large(why: &str) {
    assert!(why.starts_with("the store could not write the "), "{why}");
    assert!(why.ends_with("(raise the limit on the size of files): File too large (os error 27)"), "{why}");
}

#[tokio::test]
async fn a_journal_that_may_not_grow_is_folded_and_no_request_fails() {
    let folder = StateFolder::new();
    let (mut told, id) = limited(&folder, 16);
    told.tell("add tick 10").unwrap();
    for _ in 0..100 {
        told.tell("pause job_0").unwrap();
        told.tell("resume job_0").unwrap();
    }
    told.tell("pause job_0").unwrap();
    told.kill(id);
    // Each pause is a line of more than 400 bytes: far more than it may have.
    assert!(folder.contents()[JOURNAL].len() < 200 * 400);
    assert_eq!(folder.go_on(1, 0).await, ("tick:paused".to_owned(), 0));
}

#[tokio::test]
async fn a_state_that_is_too_large_fails_requests_and_jobs_go_on() {
    let folder = StateFolder::new();
    let (mut told, _) = limited(&folder, 64);
    told.tell("add tick 10").unwrap();
    told.tell("advance 10").unwrap();
    let (why, added) = told.add_until_it_fails();
    assert_is_too_large(&why);
    let jobs = [vec!["tick:scheduled".to_owned()], added].concat().join(" ");
    for request in ["pause job_0", "cancel job_0", "run job_0"] {
        assert_is_too_large(&told.tell(request).unwrap_err());
        assert_eq!(told.tell("jobs").unwrap(), jobs, "{request}");
    }
    told.tell("advance 10").unwrap();
    let completed: usize = told.tell("completed").unwrap().parse().unwrap();
    assert_eq!(completed, 1 + jobs.split(' ').count());
    assert_is_too_large(&told.tell("stop").unwrap_err());
    told.end();
    let files: Vec<_> = folder.contents().into_keys().collect();
    assert!(
        files.iter().any(|name| name == STATE) && files.iter().all(|name| !name.contains("tmp")),
        "{files:?}"
    );
    let (found, kept) = folder.go_on(21, 1).await;
    assert_eq!(found, jobs);
    assert!(kept >= 1);
}

#[tokio::test]
async fn what_was_acknowledged_under_a_limit_is_there_after_a_kill() {
    let folder = StateFolder::new();
    let (mut told, id) = limited(&folder, 64);
    let (why, added) = told.add_until_it_fails();
    assert_is_too_large(&why);
    told.tell("advance 30").unwrap();
    told.kill(id);
    assert_eq!(folder.go_on(31, 1).await.0, added.join(" "));
}

#[tokio::test]
async fn a_program_in_which_the_signal_is_ignored_is_told_the_same() {
    let folder = StateFolder::new();
    let (mut told, id) = start(&folder, 64, r#"trap "" XFSZ;"#);
    let (why, added) = told.add_until_it_fails();
    assert_is_too_large(&why);
    told.kill(id);
    assert_eq!(folder.go_on(1, 0).await.0, added.join(" "));
}
