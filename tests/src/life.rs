//! A scheduler on a state file, from its start to one end or another.

use std::time::Duration;

use fastscheduler::prelude::*;
use fastscheduler::storage::{JsonStorage, Storage as _};
use fastscheduler::testing::{self, ManualClock};
use fastscheduler::{Job, JobId, NewJob};
use tokio::runtime::{Builder, Runtime};

use crate::fires::{Fate, fires, second};
use crate::script::Script;
use crate::state_folder::{Everything, StateFolder};

/// How a scheduler ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    /// In good order.
    Stopped,
    /// Killed from outside, with what its files have at that moment.
    Killed,
    /// Dropped with its runtime, as a program is that returns.
    Dropped,
}

/// How a scheduler ends, and the length of the journal that is folded.
pub type Way = (End, u64);

/// All ways: with journals that are never folded, and with such as always are.
/// The files of the latter cannot be copied at one moment.
pub const WAYS: [Way; 5] = [
    (End::Stopped, 1 << 24),
    (End::Killed, 1 << 24),
    (End::Dropped, 1 << 24),
    (End::Stopped, 1),
    (End::Dropped, 1),
];

/// A scheduler on a runtime of its own, whose clock stands still.
pub struct Life {
    runtime: Runtime,
    pub scheduler: Scheduler,
    store: JsonStorage,
    folder: StateFolder,
    clock: ManualClock,
    way: Way,
}

impl Life {
    /// Begins so many seconds after Monday, to end in this way.
    ///
    /// # Panics
    ///
    /// If it cannot.
    pub fn begin(folder: StateFolder, script: &Script, seconds: u64, way: Way) -> Self {
        let runtime = Builder::new_current_thread().enable_all().build().expect("a runtime");
        let store = folder.open().expect("it is whole").fold_at(way.1);
        let clock = ManualClock::new(second(seconds));
        let builder = Scheduler::builder().storage(store.clone()).state(script.clone());
        let building = builder.clock(clock.clone()).timezone("UTC").build();
        let scheduler = runtime.block_on(building).expect("it can be read");
        runtime.block_on(scheduler.start()).expect("it starts");
        Self { runtime, scheduler, store, folder, clock, way }
    }

    /// Does something, while jobs run beside it.
    pub fn run<T>(&self, what: impl Future<Output = T>) -> T {
        self.runtime.block_on(what)
    }

    /// Adds a job.
    ///
    /// # Panics
    ///
    /// If it is refused.
    pub fn add(&self, job: impl Into<NewJob>) -> JobId {
        self.run(self.scheduler.add(job)).expect("the job is added")
    }

    /// A job.
    ///
    /// # Panics
    ///
    /// If it is not there.
    pub fn job(&self, id: JobId) -> Job {
        self.run(self.scheduler.job(id)).expect("it is read").expect("it is there")
    }

    /// Lets seconds pass, until all that came due has run.
    ///
    /// # Panics
    ///
    /// If it fails.
    pub fn advance(&self, seconds: u64) {
        let by = Duration::from_secs(seconds);
        self.run(testing::advance(&self.scheduler, &self.clock, by)).expect("it is running");
    }

    /// Lets seconds pass in one go, while jobs hang, until so many attempts have
    /// begun.
    pub fn jump(&self, seconds: u64, script: &Script, attempts: usize) {
        self.clock.advance(Duration::from_secs(seconds));
        self.run(script.has_begun(attempts));
    }

    /// What became of each fire of an interval, in seconds since Monday.
    pub fn fires(&self, job: JobId, interval: u32) -> Vec<(i64, Fate)> {
        self.run(fires(&self.scheduler, job, interval))
    }

    /// All that is stored.
    pub fn everything(&self) -> Everything {
        self.run(Everything::of(&self.store))
    }

    /// Looks for fires that were lost.
    ///
    /// # Panics
    ///
    /// If there are any.
    #[track_caller]
    pub fn audit(&self, crashes: u32) {
        let auditing = testing::audit(&self.store).zone(chrono_tz::UTC).crashes(crashes);
        self.run(auditing.into_future()).expect("it is read").assert_clean();
    }

    /// Ends, without patience, and leaves its files.
    ///
    /// # Panics
    ///
    /// If it cannot be stopped.
    pub fn end(self) -> StateFolder {
        let (end, _) = self.way;
        if end == End::Killed {
            return self.folder.after_a_kill();
        }
        if end == End::Stopped {
            self.run(self.scheduler.stop_within(Duration::ZERO)).expect("it was running");
            self.run(self.store.close()).expect("it is closed already");
        }
        self.folder
    }
}
