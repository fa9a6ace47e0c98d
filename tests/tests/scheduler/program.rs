//! `fastscheduler::run()` as a process: signals, threads that are held, readers that go away.

#![cfg(unix)]

use std::process::Command;

use fastscheduler::prelude::*;
use fastscheduler::{Clock as _, SystemClock};
use fastscheduler_tests::program::{PATIENCE, Program};

fn start() -> Program {
    Program::run(Command::new(env!("CARGO_BIN_EXE_holds_a_thread")).env("FASTSCHEDULER_STORAGE", "memory"))
}

#[test]
fn a_second_signal_ends_a_program_whose_thread_is_held_with_code_0() {
    let mut program = start();
    program.wait_for("holding a thread");
    program.signal("TERM");
    program.wait_for("stopping when what runs has ended");
    program.signal("INT");
    program.wait_for("stopped");
    assert_eq!(program.code(), Some(0));
}

#[test]
fn a_signal_ends_a_program_whose_start_waits() {
    for starts in ["1", "2"] {
        let told = ["hanging", starts];
        let mut program = Program::run(Command::new(env!("CARGO_BIN_EXE_does_as_told")).args(told));
        program.wait_for("ok");
        program.signal("TERM");
        assert_eq!(program.code(), Some(0), "{told:?}");
        assert_eq!(program.rest(), "ok stopped\n", "{told:?}");
    }
}

#[cfg(target_os = "linux")]
#[test]
fn a_signal_ends_a_program_that_is_still_reading_its_state_file() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("scheduler.json");
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    runtime.block_on(write_many_jobs(&file));
    let mut command = Command::new(env!("CARGO_BIN_EXE_holds_a_thread"));
    let mut program = Program::run(command.env("FASTSCHEDULER_STATE_FILE", &file));
    program.catches_signals();
    program.signal("TERM");
    assert_eq!(program.code(), Some(0));
    assert_eq!(program.rest(), "stopped\n");
    // Nothing was changed, and nobody has it open.
    runtime.block_on(async {
        let scheduler = Scheduler::builder().state_file(&file).build().await.unwrap();
        assert_eq!(scheduler.jobs().await.unwrap().len(), MANY);
    });
}

/// So many jobs that reading them takes longer than sending a signal.
const MANY: usize = 20_000;

pub(crate) async fn write_many_jobs(file: &std::path::Path) {
    let scheduler = Scheduler::builder().state_file(file).build().await.unwrap();
    let add = |number| scheduler.add(every(1).hours().name(format!("{number}")).call("quick"));
    for added in futures_util::future::join_all((0..MANY).map(add)).await {
        added.unwrap();
    }
    scheduler.stop().await.unwrap();
}

#[test]
fn a_reader_that_goes_away_does_not_end_the_program() {
    let mut program = start();
    program.wait_for("tick completed");
    program.stop_reading();
    // Nothing tells when the next line was refused; ended by it, the program
    // would not have code 0, however late the signals come.
    program.signal("TERM");
    program.signal("INT");
    assert_eq!(program.code(), Some(0));
}

/// A pipe that has no room, and the end that nobody reads.
#[cfg(target_os = "linux")]
fn full_pipe() -> (std::io::PipeReader, std::io::PipeWriter) {
    use std::io::Write as _;

    let (reader, writer) = std::io::pipe().unwrap();
    // It holds 64 KiB, or less if the user has very many. A thread that is still
    // writing goes on when the test is over and the reader is closed.
    let mut filling = writer.try_clone().unwrap();
    std::thread::spawn(move || {
        let _ = filling.write_all(&vec![b'.'; 128 * 1024]);
    });
    (reader, writer)
}

#[cfg(target_os = "linux")]
#[test]
fn a_reader_that_does_not_read_holds_up_neither_jobs_nor_signals() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("scheduler.json");
    let (reader, writer) = full_pipe();
    let mut command = Command::new(env!("CARGO_BIN_EXE_holds_a_thread"));
    command.env("FASTSCHEDULER_STATE_FILE", &file);
    let child = command.stdout(writer.try_clone().unwrap()).stderr(writer).spawn().unwrap();
    drop(command);
    let mut program = Program::of(child);
    // Runs are recorded, though none can be shown.
    let journal = folder.path().join("scheduler.json.journal");
    let until = SystemClock.now() + PATIENCE;
    while std::fs::read_to_string(&journal).map_or(0, |text| text.matches("\"completed\"").count()) < 100 {
        assert!(SystemClock.now() < until, "no jobs run");
        std::thread::yield_now();
    }
    program.signal("TERM");
    program.signal("INT");
    assert_eq!(program.code(), Some(0));
    drop(reader);
}

/// What is printed on standard output and on standard error, if a run is ended
/// when both jobs have failed.
fn printed(command: &mut Command) -> (String, String) {
    let command = command.env("FASTSCHEDULER_STORAGE", "memory").env("FASTSCHEDULER_TIMEZONE", "UTC");
    let mut program = Program::run(command);
    program.wait_for("failing");
    // What has failed by then is recorded and told of before it ends.
    program.signal("TERM");
    let output = program.rest();
    assert_eq!(program.code(), Some(0));
    (output, program.rest_of_errors())
}

/// A line without its time of day and what the run's id says of its fire, which
/// is due when the program starts, or late.
fn without_times(line: &str) -> String {
    let (_, line) = line.split_once(' ').unwrap();
    let (before, id) = line.split_once('-').unwrap();
    let (id, after) = id.split_once(')').unwrap();
    format!("{before}-…-{}){after}", id.rsplit_once('-').unwrap().1)
}

#[test]
fn failures_are_printed_on_standard_error_where_there_is_no_subscriber() {
    let program = || Command::new(env!("CARGO_BIN_EXE_fails_twice"));
    let (output, errors) = printed(&mut program());
    let mut lines: Vec<_> = errors.lines().map(without_times).collect();
    lines.sort();
    assert_eq!(
        lines,
        [
            "ERROR job_1 fails_for_good failed at attempt 1 (job_1-…-1): out of paper; no retry, the job \
             has none; it is a dead letter now",
            "WARN job_0 fails_first failed at attempt 1 (job_0-…-1): the line is busy; retry 1 of 1 in 1.5s",
        ]
    );
    assert!(!output.contains("out of paper"), "it is printed once: {output}");

    let (output, errors) = printed(program().env("FASTSCHEDULER_QUIET", "true"));
    assert_eq!((output.as_str(), errors.as_str()), ("", ""), "quiet");

    let (output, errors) = printed(program().arg("with a subscriber"));
    assert_eq!(errors, "", "the subscriber has them");
    assert!(output.contains(" job_1 fails_for_good failed: out of paper\n"), "{output}");
}

#[test]
fn a_crash_that_the_start_finds_is_printed_on_standard_error() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("scheduler.json");
    let mut command = Command::new(env!("CARGO_BIN_EXE_holds_a_thread"));
    command.env("FASTSCHEDULER_STATE_FILE", &file);
    let mut program = Program::run(&mut command);
    program.wait_for("holding a thread");
    // Both jobs are claimed in batches; this one is open from here on.
    program.wait_for("tick completed");
    let is_written = || {
        let journal = std::fs::read_to_string(folder.path().join("scheduler.json.journal"));
        journal.is_ok_and(|journal| journal.contains("\"end_attempt\""))
    };
    while !is_written() {
        std::thread::yield_now();
    }
    program.signal("KILL");
    program.code();

    let errors = Program::run(&mut command).wait_for_error("its process ended before it did");
    let found = errors.last().unwrap();
    assert!(found.contains(" WARN job_0 holds_a_thread failed at attempt 1 "), "{found}");
}
