//! `fastscheduler::run()` as a process: signals, threads that are held, readers that go away.

#![cfg(unix)]

use std::io::{BufRead as _, BufReader, Lines};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::time::Duration;

use fastscheduler::prelude::*;
use fastscheduler::{Clock as _, SystemClock};

/// How long to wait for a program to end.
const PATIENCE: Duration = Duration::from_secs(20);

/// The program, which is ended with the test.
struct Program {
    child: Child,
    lines: Option<Lines<BufReader<ChildStdout>>>,
}

impl Program {
    fn start() -> Self {
        Self::run(Command::new(env!("CARGO_BIN_EXE_holds_a_thread")).env("FASTSCHEDULER_STORAGE", "memory"))
    }

    fn run(command: &mut Command) -> Self {
        let command = command.stdout(Stdio::piped()).stderr(Stdio::null());
        let mut child = command.spawn().expect("the program is built");
        let stdout = child.stdout.take().expect("it is piped");
        Self { child, lines: Some(BufReader::new(stdout).lines()) }
    }

    /// Reads up to a line that contains the text.
    fn wait_for(&mut self, text: &str) {
        let lines = self.lines.as_mut().expect("its output is read");
        let found = lines.by_ref().any(|line| line.expect("it is text").contains(text));
        assert!(found, "the program ended before it said `{text}`");
    }

    /// The rest of its output.
    fn rest(&mut self) -> String {
        let lines = self.lines.take().expect("its output is read");
        lines.map(|line| line.expect("it is text") + "\n").collect()
    }

    /// Its exit code; `None` if it does not end, or is killed.
    fn code(&mut self) -> Option<i32> {
        let until = SystemClock.now() + PATIENCE;
        while SystemClock.now() < until {
            if let Some(status) = self.child.try_wait().expect("it is there") {
                return status.code();
            }
            std::thread::yield_now();
        }
        None
    }

    /// Waits until it has installed a handler for SIGTERM.
    #[cfg(target_os = "linux")]
    fn catches_signals(&self) {
        /// The bit of SIGTERM, which is number 15.
        const TERM: u64 = 1 << 14;
        let file = format!("/proc/{}/status", self.child.id());
        let caught = || {
            let status = std::fs::read_to_string(&file).expect("it is there");
            let mask = status.lines().find_map(|line| line.strip_prefix("SigCgt:")).expect("a mask");
            u64::from_str_radix(mask.trim(), 16).expect("a number") & TERM != 0
        };
        let until = SystemClock.now() + PATIENCE;
        while !caught() {
            assert!(SystemClock.now() < until, "it does not handle signals");
            std::thread::yield_now();
        }
    }

    fn signal(&self, name: &str) {
        let pid = self.child.id().to_string();
        let sent = Command::new("kill").args(["-s", name, &pid]).status().expect("`kill` runs");
        assert!(sent.success(), "`kill -s {name}` failed");
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn a_second_signal_ends_a_program_whose_thread_is_held_with_code_0() {
    let mut program = Program::start();
    program.wait_for("holding a thread");
    program.signal("TERM");
    program.wait_for("stopping when what runs has ended");
    program.signal("INT");
    program.wait_for("stopped");
    assert_eq!(program.child.wait().unwrap().code(), Some(0));
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

async fn write_many_jobs(file: &std::path::Path) {
    let scheduler = Scheduler::builder().state_file(file).build().await.unwrap();
    let add = |number| scheduler.add(every(1).hours().name(format!("{number}")).call("quick"));
    for added in futures_util::future::join_all((0..MANY).map(add)).await {
        added.unwrap();
    }
    scheduler.stop().await.unwrap();
}

#[test]
fn a_reader_that_goes_away_does_not_end_the_program() {
    let mut program = Program::start();
    program.wait_for("tick completed");
    program.lines = None;
    // Nothing tells when the next line was refused; ended by it, the program
    // would not have code 0, however late the signals come.
    program.signal("TERM");
    program.signal("INT");
    assert_eq!(program.child.wait().unwrap().code(), Some(0));
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
    let mut program = Program { child, lines: None };
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
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("it is built");
    let (stdout, stderr) = (child.stdout.take().unwrap(), child.stderr.take().unwrap());
    let errors = std::thread::spawn(move || std::io::read_to_string(stderr).unwrap());
    let mut program = Program { child, lines: Some(BufReader::new(stdout).lines()) };
    program.wait_for("failing");
    // What has failed by then is recorded and told of before it ends.
    program.signal("TERM");
    let output = program.rest();
    assert_eq!(program.child.wait().unwrap().code(), Some(0));
    (output, errors.join().unwrap())
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
    program.child.wait().unwrap();

    let mut child = command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
    let errors = BufReader::new(child.stderr.take().unwrap()).lines();
    let found = errors.map_while(Result::ok).find(|line| line.contains("its process ended before it did"));
    let _ = child.kill();
    child.wait().unwrap();
    let found = found.expect("it is said");
    assert!(found.contains(" WARN job_0 holds_a_thread failed at attempt 1 "), "{found}");
}
