//! `fastscheduler::run()` as a process: signals, threads that are held, readers that go away.

#![cfg(unix)]

use std::io::{BufRead as _, BufReader, Lines};
use std::process::{Child, ChildStdout, Command, Stdio};

/// The program, which is ended with the test.
struct Program {
    child: Child,
    lines: Option<Lines<BufReader<ChildStdout>>>,
}

impl Program {
    fn start() -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_holds_a_thread"))
            .env("FASTSCHEDULER_STORAGE", "memory")
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("the program is built");
        let stdout = child.stdout.take().expect("it is piped");
        Self { child, lines: Some(BufReader::new(stdout).lines()) }
    }

    /// Reads up to a line that contains the text.
    fn wait_for(&mut self, text: &str) {
        let lines = self.lines.as_mut().expect("its output is read");
        let found = lines.by_ref().any(|line| line.expect("it is text").contains(text));
        assert!(found, "the program ended before it said `{text}`");
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
