//! A folder with a state file, and what is in its files.

use std::collections::BTreeMap;
use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::time::Duration;

use fastscheduler::prelude::*;
use fastscheduler::storage::{JsonStorage, Storage, StorageError, Stored};
use fastscheduler::testing::{self, ManualClock};
use fastscheduler::{Clock as _, DeadLetter, HistoryQuery, Job, Run, RunStatus, Statistics};
use serde_json::json;
use tempfile::TempDir;

use crate::{advance, monday, runs};

/// What the state file is called.
pub const STATE: &str = "scheduler.json";
/// The changes since.
pub const JOURNAL: &str = "scheduler.json.journal";
/// The changes before those, until they are folded in.
pub const OLD_JOURNAL: &str = "scheduler.json.journal.old";
/// The dead letters, for people.
pub const LETTERS: &str = "scheduler_dead_letters.json";
/// What is locked, and has nothing to keep.
pub const LOCK: &str = "scheduler.json.lock";

/// Names of files with what is in them.
pub type Contents = BTreeMap<String, Vec<u8>>;

/// A folder with a state file, which goes with it.
#[derive(Debug)]
pub struct StateFolder(TempDir);

/// All that can be read from a store.
#[derive(Debug, Clone, PartialEq)]
pub struct Everything {
    pub stored: Stored,
    pub history: Vec<Run>,
    pub letters: Vec<DeadLetter>,
    pub statistics: Statistics,
}

impl Everything {
    /// Reads all of it.
    ///
    /// # Panics
    ///
    /// If the store fails.
    pub async fn of(store: &dyn Storage) -> Self {
        let all = HistoryQuery { limit: usize::MAX, ..HistoryQuery::default() };
        Self {
            stored: store.load().await.expect("it is read"),
            history: store.history(&all).await.expect("it is read"),
            letters: store.dead_letters(usize::MAX).await.expect("it is read"),
            statistics: store.statistics().await.expect("it is read"),
        }
    }
}

impl Default for StateFolder {
    fn default() -> Self {
        Self::new()
    }
}

impl StateFolder {
    /// An empty one.
    ///
    /// # Panics
    ///
    /// If it cannot be made.
    pub fn new() -> Self {
        // Where there is one in memory, thousands of them take no time.
        let in_memory = tempfile::tempdir_in("/dev/shm");
        Self(in_memory.or_else(|_| tempfile::tempdir()).expect("a folder for temporary files"))
    }

    /// One with files.
    pub fn with(contents: &Contents) -> Self {
        let folder = Self::new();
        folder.set(contents);
        folder
    }

    /// One with what the Python program left, in which something may be replaced.
    ///
    /// # Panics
    ///
    /// If what is to be replaced is not there.
    pub fn of_python(replace: &[(&str, &str)]) -> Self {
        let mut state = include_str!("../vectors/python_state.json").to_owned();
        for (old, new) in replace {
            assert!(state.contains(old), "`{old}` is to be replaced");
            state = state.replacen(old, new, 1);
        }
        let folder = Self::new();
        folder.put(STATE, state.as_bytes());
        folder.put(LETTERS, include_bytes!("../vectors/python_state_dead_letters.json"));
        folder
    }

    /// A copy of what is there, as if all processes were killed now.
    #[must_use]
    pub fn after_a_kill(&self) -> Self {
        Self::with(&self.contents())
    }

    /// The folder.
    pub fn path(&self) -> &Path {
        self.0.path()
    }

    /// A file in it.
    pub fn file(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    /// The state file.
    pub fn state_file(&self) -> PathBuf {
        self.file(STATE)
    }

    /// Opens it, in the zone in which its schedulers are.
    ///
    /// # Errors
    ///
    /// Those of the store.
    pub fn open(&self) -> Result<JsonStorage, StorageError> {
        let store = JsonStorage::open(self.state_file())?;
        store.write_local_times_in(chrono_tz::UTC);
        Ok(store)
    }

    /// All files, but for that which is locked.
    ///
    /// # Panics
    ///
    /// If they cannot be read.
    pub fn contents(&self) -> Contents {
        let files = fs::read_dir(self.path()).expect("it is there").map(|file| file.expect("it is there"));
        files
            .map(|file| (file.file_name().into_string().expect("it is text"), file.path()))
            .filter(|(name, file)| name != LOCK && file.is_file())
            .filter_map(|(name, file)| match fs::read(file) {
                // What is written beside a file is gone once it is in its place.
                Err(error) if error.kind() == ErrorKind::NotFound => None,
                read => Some((name, read.expect("it can be read"))),
            })
            .collect()
    }

    /// Makes it have these files, and no others, while nobody has it open.
    ///
    /// # Panics
    ///
    /// If they cannot be written.
    pub fn set(&self, contents: &Contents) {
        let mut there = self.contents();
        for name in there.keys().filter(|name| !contents.contains_key(*name)) {
            fs::remove_file(self.file(name)).expect("it can be removed");
        }
        for (name, bytes) in contents {
            if there.remove(name).as_ref() != Some(bytes) {
                self.put(name, bytes);
            }
        }
        // To write its process into an old one would take as long as the rest.
        let _ = fs::remove_file(self.file(LOCK));
    }

    /// Writes a file.
    ///
    /// # Panics
    ///
    /// If it cannot be written.
    pub fn put(&self, name: &str, bytes: &[u8]) {
        // A file that is cut to nothing first is written to the disk at once.
        let _ = fs::remove_file(self.file(name));
        fs::write(self.file(name), bytes).expect("it can be written");
    }

    /// A scheduler on it that was started, with the functions of the samples.
    ///
    /// # Panics
    ///
    /// If it cannot be.
    pub async fn started(&self, clock: &ManualClock) -> Scheduler {
        let builder = Scheduler::builder().state_file(self.state_file()).clock(clock.clone()).timezone("UTC");
        let scheduler = builder.build().await.expect("it can be opened");
        scheduler.register_function("work", |_: Args| async {}).expect("it is new");
        scheduler.register_function("sample_quick", |_: Args, _: Kwargs| async {}).expect("it is new");
        let fails = |_: Args, _: Kwargs| async {
            anyhow::Result::<()>::Err(anyhow::anyhow!("no — ‘boom’ \u{1f4a5}"))
        };
        scheduler.register_function("sample_fails", fails).expect("it is new");
        scheduler.start().await.expect("it starts");
        scheduler
    }

    /// Goes on with what the program `does_as_told` left, twenty seconds from so
    /// many after Monday, and looks for fires that were lost. Answers what jobs
    /// and how many completed runs it found.
    ///
    /// # Panics
    ///
    /// If a fire was lost, or it cannot be opened.
    pub async fn go_on(&self, seconds: u64, crashes: u32) -> (String, usize) {
        let clock = ManualClock::new(monday() + Duration::from_secs(seconds));
        let scheduler = self.started(&clock).await;
        let jobs = scheduler.jobs().await.expect("they are read");
        let state = |job: &Job| if job.is_paused() { "paused" } else { "scheduled" };
        let jobs: Vec<_> = jobs.iter().map(|job| format!("{}:{}", job.name(), state(job))).collect();
        let completed =
            runs(&scheduler).await.iter().filter(|run| run.status == RunStatus::Completed).count();
        advance(&scheduler, &clock, 20).await;
        scheduler.stop().await.expect("it was running");
        let store = self.open().expect("it was let go of");
        let audit = testing::audit(&store).zone(chrono_tz::UTC).until(clock.now()).crashes(crashes).await;
        audit.expect("it is read").assert_clean();
        (jobs.join(" "), completed)
    }

    /// What a scheduler leaves that was stopped, started again and killed:
    /// a snapshot and a journal, each with jobs, history and dead letters.
    ///
    /// # Panics
    ///
    /// If it cannot be made.
    pub async fn sample() -> Contents {
        let folder = Self::new();
        let clock = ManualClock::new(monday());
        let scheduler = folder.started(&clock).await;
        let mail = every(10).seconds().group("mail").name("news").call("sample_quick");
        let args = (0.1, 5e-324, "Grüße, \u{1f4e8}", json!({"deep": [1, [2.5, null]]}));
        scheduler.add(mail.args(args)).await.expect("it is added");
        let failing = scheduler.add(every(20).seconds().retries(0).call("sample_fails")).await;
        let gone = scheduler.add(every(1).hours().call("sample_quick")).await.expect("it is added");
        advance(&scheduler, &clock, 25).await;
        scheduler.pause_job(failing.expect("it is added")).await.expect("it is there");
        scheduler.stop().await.expect("it was running");

        let scheduler = folder.started(&clock).await;
        let daily = daily().at("09:00").tz("Asia/Tokyo").name("später").call("sample_fails");
        let daily = scheduler.add(daily.kwargs([("n", u64::MAX)])).await.expect("it is added");
        advance(&scheduler, &clock, 10).await;
        scheduler.cancel_job(gone).await.expect("it is there");
        scheduler.run_job_now(&daily).await.expect("it is there");
        testing::quiet(&scheduler).await.expect("it is running");
        let killed = folder.contents();
        scheduler.stop().await.expect("it was running");
        killed
    }
}
