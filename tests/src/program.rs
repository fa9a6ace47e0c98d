//! `fastscheduler::run()` as a process, with what it prints.

use std::io::{BufRead as _, BufReader, Read};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use fastscheduler::{Clock as _, SystemClock};

/// How long to wait for what a program prints, and for its end.
pub const PATIENCE: Duration = Duration::from_secs(60);

/// A program, which is ended with the test.
pub struct Program {
    child: Child,
    /// The process that signals go to.
    id: u32,
    output: Option<Receiver<String>>,
    errors: Option<Receiver<String>>,
}

impl Program {
    /// Starts a program and reads what it prints.
    ///
    /// # Panics
    ///
    /// If it cannot be started.
    pub fn run(command: &mut Command) -> Self {
        // With a backtrace, an error is many lines.
        let command = command.env("RUST_BACKTRACE", "0").stdout(Stdio::piped()).stderr(Stdio::piped());
        Self::of(command.spawn().expect("the program is built"))
    }

    /// A program that was started. What it prints is read from pipes, if it has any.
    pub fn of(mut child: Child) -> Self {
        let (output, errors) = (child.stdout.take().map(lines), child.stderr.take().map(lines));
        Self { id: child.id(), child, output, errors }
    }

    /// The process that signals go to.
    pub fn id(&self) -> u32 {
        self.id
    }

    /// Sends signals to another process, which ends with this one.
    #[must_use]
    pub fn with_signals_to(mut self, id: u32) -> Self {
        self.id = id;
        self
    }

    /// Reads its standard output up to a line that contains the text; answers all of
    /// these lines.
    ///
    /// # Panics
    ///
    /// If there is no such line.
    pub fn wait_for(&mut self, text: &str) -> Vec<String> {
        read_to(self.output.as_ref().expect("its output is read"), text)
    }

    /// The same of its standard error.
    ///
    /// # Panics
    ///
    /// If there is no such line.
    pub fn wait_for_error(&mut self, text: &str) -> Vec<String> {
        read_to(self.errors.as_ref().expect("its errors are read"), text)
    }

    /// Reads its output no longer: what it prints from now on goes into a pipe that
    /// nobody has.
    pub fn stop_reading(&mut self) {
        self.output = None;
    }

    /// The rest of its standard output, once it has ended.
    ///
    /// # Panics
    ///
    /// If that is not read.
    pub fn rest(&mut self) -> String {
        rest(self.output.take().expect("its output is read"))
    }

    /// The rest of its standard error, once it has ended.
    ///
    /// # Panics
    ///
    /// If that is not read.
    pub fn rest_of_errors(&mut self) -> String {
        rest(self.errors.take().expect("its errors are read"))
    }

    /// Its exit code; `None` if it does not end, or is killed.
    ///
    /// # Panics
    ///
    /// If it is not there.
    pub fn code(&mut self) -> Option<i32> {
        let until = SystemClock.now() + PATIENCE;
        while SystemClock.now() < until {
            if let Some(status) = self.child.try_wait().expect("it is there") {
                return status.code();
            }
            std::thread::yield_now();
        }
        None
    }

    /// Waits until it has installed a handler for SIGTERM; on Linux.
    ///
    /// # Panics
    ///
    /// If it does not.
    pub fn catches_signals(&self) {
        /// The bit of SIGTERM, which is number 15.
        const TERM: u64 = 1 << 14;
        let file = format!("/proc/{}/status", self.id);
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

    /// Sends a signal, such as `TERM`.
    ///
    /// # Panics
    ///
    /// If it cannot be sent.
    pub fn signal(&self, name: &str) {
        let sent = Command::new("kill").args(["-s", name, &self.id.to_string()]).status();
        assert!(sent.expect("`kill` runs").success(), "`kill -s {name}` failed");
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The lines of a pipe. It is closed when nobody has them any more.
fn lines(pipe: impl Read + Send + 'static) -> Receiver<String> {
    let (to, from) = channel();
    std::thread::spawn(move || {
        for line in BufReader::new(pipe).lines().map_while(Result::ok) {
            if to.send(line).is_err() {
                break;
            }
        }
    });
    from
}

fn read_to(lines: &Receiver<String>, text: &str) -> Vec<String> {
    let until = SystemClock.now() + PATIENCE;
    let mut read = Vec::new();
    while !read.last().is_some_and(|line: &String| line.contains(text)) {
        let left = (until - SystemClock.now()).to_std().unwrap_or_default();
        match lines.recv_timeout(left) {
            Ok(line) => read.push(line),
            Err(error) => panic!("no line has `{text}` ({error}): {read:#?}"),
        }
    }
    read
}

fn rest(lines: Receiver<String>) -> String {
    lines.into_iter().map(|line| line + "\n").collect()
}
