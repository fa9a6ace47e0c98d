//! The process that is killed.

use std::fs;
use std::os::unix::process::ExitStatusExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use fastscheduler_tests::diary::{self, Line};
use tempfile::TempDir;

use super::found::{JOURNAL, OLD_JOURNAL, STATE};

/// How often the diary is looked into for what is waited for.
const GLANCE: Duration = Duration::from_millis(4);

/// A folder with the files of processes that follow one another.
pub(crate) struct Home {
    folder: TempDir,
    seed: u64,
    lives: u64,
    /// How much of the diary was read.
    read: usize,
}

/// A process, which is ended with the test.
pub(crate) struct Life<'a> {
    home: &'a mut Home,
    child: Child,
}

impl Home {
    pub(crate) fn new(seed: u64) -> Self {
        Self { folder: tempfile::tempdir().unwrap(), seed, lives: 0, read: 0 }
    }

    pub(crate) fn path(&self) -> &Path {
        self.folder.path()
    }

    pub(crate) fn file(&self, name: &str) -> PathBuf {
        self.path().join(name)
    }

    /// Starts the next process, with only some of the jobs if it is to be small.
    pub(crate) fn start(&mut self, size: &str) -> Life<'_> {
        self.lives += 1;
        let child = Command::new(env!("CARGO_BIN_EXE_writes_until_killed"))
            .arg(self.path())
            .args([self.lives.to_string(), self.seed.to_string(), size.to_owned()])
            // Jobs panic all the time, and to say where takes longer than they do.
            .env("RUST_BACKTRACE", "0")
            .stdout(Stdio::null())
            .stderr(fs::File::create(self.file("stderr")).unwrap())
            .spawn()
            .expect("the program is built");
        Life { home: self, child }
    }

    /// What was written down since this was last asked. A torn line is cut off,
    /// so that the next process begins a line of its own.
    pub(crate) fn next_lines(&mut self) -> Vec<Line> {
        let text = self.unread();
        let (lines, whole) = diary::read(&text);
        self.read += whole;
        if whole < text.len() {
            let file = fs::File::options().write(true).open(self.file("diary")).unwrap();
            file.set_len(self.read as u64).unwrap();
        }
        lines
    }

    /// Whether the journals are much longer than those that are folded.
    pub(crate) fn has_long_journals(&self) -> bool {
        let length = |name| fs::metadata(self.file(name)).map_or(0, |file| file.len());
        length(JOURNAL) + length(OLD_JOURNAL) > 3 * length(STATE)
    }

    fn unread(&self) -> Vec<u8> {
        let text = fs::read(self.file("diary")).unwrap_or_default();
        text.get(self.read..).unwrap_or_default().to_vec()
    }

    /// What it said last.
    fn complaints(&self) -> String {
        let text = fs::read_to_string(self.file("stderr")).unwrap_or_default();
        text.lines().last().unwrap_or_default().to_owned()
    }
}

impl Life<'_> {
    pub(crate) fn home(&self) -> &Home {
        self.home
    }

    /// Waits for a line of the diary.
    pub(crate) fn until(&mut self, is_it: impl Fn(&Line) -> bool) -> Line {
        loop {
            if let Some(line) = diary::read(&self.home.unread()).0.into_iter().find(&is_it) {
                return line;
            }
            self.expect_alive();
            pass(GLANCE);
        }
    }

    /// Waits until something is so.
    pub(crate) fn until_so(&mut self, is_so: impl Fn(&Home) -> bool) {
        while !is_so(self.home) {
            self.expect_alive();
            pass(GLANCE);
        }
    }

    fn expect_alive(&mut self) {
        let ended = self.child.try_wait().unwrap();
        assert!(ended.is_none(), "it ended by itself: {ended:?}\n{}", self.home.complaints());
    }

    /// Kills it, in the middle of what it does.
    pub(crate) fn kill(mut self) {
        self.expect_alive();
        self.child.kill().unwrap();
        let ended = self.child.wait().unwrap();
        assert_eq!(ended.signal(), Some(9), "it ended by itself: {}", self.home.complaints());
    }

    /// Stops it in good order.
    pub(crate) fn stop(mut self) {
        let id = self.child.id().to_string();
        assert!(Command::new("kill").args(["-s", "TERM", &id]).status().unwrap().success());
        let ended = self.child.wait().unwrap();
        assert!(ended.success(), "it should stop in good order: {ended}\n{}", self.home.complaints());
    }
}

impl Drop for Home {
    fn drop(&mut self) {
        if std::thread::panicking() {
            // No run is like another: whoever looks into it needs these files.
            self.folder.disable_cleanup(true);
            println!("the files are kept in {}", self.path().display());
        }
    }
}

impl Drop for Life<'_> {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Lets processes live on.
pub(crate) fn pass(time: Duration) {
    #[expect(clippy::disallowed_methods, reason = "a process is killed after a real time")]
    std::thread::sleep(time);
}
