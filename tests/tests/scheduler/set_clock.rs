//! A real process whose wall clock is set.

#![cfg(target_os = "linux")]

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use tempfile::TempDir;

/// How long to wait for a line before giving up.
const PATIENCE: Duration = Duration::from_secs(60);
const DAY: i64 = 86_400;

/// A program whose clock can be set.
struct Program {
    child: Child,
    lines: Receiver<String>,
    folder: TempDir,
}

impl Program {
    /// Starts it with a clock that is `ahead` by that many seconds.
    fn start(ahead: i64) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let library = shim(folder.path());
        fs::write(folder.path().join("ahead"), ahead.to_string()).unwrap();
        let mut child = Command::new(env!("CARGO_BIN_EXE_holds_a_thread"))
            .env("FASTSCHEDULER_STORAGE", "memory")
            .env("FASTSCHEDULER_TIMEZONE", "UTC")
            .env("LD_PRELOAD", library)
            .env("CLOCK_AHEAD", folder.path().join("ahead"))
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("the program is built");
        let output = BufReader::new(child.stdout.take().expect("it is piped"));
        let (sender, lines) = channel();
        std::thread::spawn(move || {
            output.lines().map_while(Result::ok).try_for_each(|line| sender.send(line))
        });
        Self { child, lines, folder }
    }

    fn set_ahead(&self, seconds: i64) {
        let (new, file) = (self.folder.path().join("new"), self.folder.path().join("ahead"));
        fs::write(&new, seconds.to_string()).unwrap();
        fs::rename(new, file).unwrap();
    }

    /// The second of the day at which the next run of `tick` ended.
    fn next_tick(&self) -> i64 {
        loop {
            let line = self.lines.recv_timeout(PATIENCE).expect("jobs go on");
            if line.contains("tick completed") {
                let time = line.split(' ').next().unwrap();
                let parts: Vec<i64> = time.split(':').map(|part| part.parse().unwrap()).collect();
                return (parts[0] * 60 + parts[1]) * 60 + parts[2];
            }
        }
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Builds the library that sets the clock. Linking Rust programs needs `cc` too.
fn shim(folder: &Path) -> PathBuf {
    let library = folder.join("set_clock.so");
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("shim/set_clock.c");
    let built = Command::new("cc").args(["-shared", "-fPIC", "-o"]).arg(&library).arg(source).status();
    assert!(built.expect("`cc` is there, which links Rust programs too").success());
    library
}

#[test]
fn a_program_whose_clock_is_set_back_an_hour_goes_on() {
    // The clock is ahead from the start, or only briefly between two checks.
    for was_right in [false, true] {
        let program = Program::start(if was_right { 0 } else { 3_600 });
        let mut ahead = program.next_tick();
        if was_right {
            let right = ahead;
            program.set_ahead(3_600);
            while (ahead - right).rem_euclid(DAY) < 3_000 {
                ahead = program.next_tick();
            }
        }
        program.set_ahead(0);
        // By the wall clock, this run ends about an hour before the previous one.
        while !(3_000..=3_600).contains(&(ahead - program.next_tick()).rem_euclid(DAY)) {}
        program.next_tick();
    }
}
