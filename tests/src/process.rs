//! A process that may crash: a scheduler on a runtime of its own.

use std::time::Duration;

use fastscheduler::storage::MemoryStorage;
use fastscheduler::testing::{self, ManualClock};
use fastscheduler::{Clock as _, Job, JobId, NewJob, Run, RunStatus, Scheduler, SchedulerBuilder};
use tokio::runtime::{Builder, Runtime};

use crate::{Script, monday, outline, runs};

/// Nothing moves any more if nothing did for so many turns of the runtime,
/// which has one thread.
const TURNS: usize = 64;

/// What outlives processes: a store, a clock, and what job functions do.
#[derive(Clone)]
pub struct World {
    /// The store of all processes.
    pub storage: MemoryStorage,
    /// Their clock.
    pub clock: ManualClock,
    /// What their job functions do.
    pub script: Script,
}

impl Default for World {
    fn default() -> Self {
        Self {
            storage: MemoryStorage::default(),
            clock: ManualClock::new(monday()),
            script: Script::default(),
        }
    }
}

impl World {
    /// Starts a process.
    #[must_use]
    pub fn start(&self) -> Process {
        self.start_with(|builder| builder)
    }

    /// Starts a process with further settings.
    ///
    /// # Panics
    ///
    /// If it cannot be started.
    #[must_use]
    pub fn start_with(&self, settings: impl FnOnce(SchedulerBuilder) -> SchedulerBuilder) -> Process {
        let process = self.build_with(settings);
        process.run(process.scheduler.start()).expect("it starts");
        process
    }

    /// Builds the scheduler of a process, which is not started.
    ///
    /// # Panics
    ///
    /// If it cannot be built.
    #[must_use]
    pub fn build_with(&self, settings: impl FnOnce(SchedulerBuilder) -> SchedulerBuilder) -> Process {
        let runtime = Builder::new_current_thread().enable_all().build().expect("a runtime");
        let builder =
            Scheduler::builder().storage(MemoryStorage::default()).clock(self.clock.clone()).timezone("UTC");
        let builder = builder.storage(self.storage.clone()).state(self.script.clone());
        let builder = builder.max_history(1_000_000).history_retention_days(0);
        let scheduler = runtime.block_on(settings(builder).build()).expect("it is built");
        Process { runtime: Some(runtime), scheduler, world: self.clone() }
    }

    /// Lets time pass in which no process is there.
    pub fn pass(&self, time: Duration) {
        self.clock.advance(time);
    }

    /// Looks for fires that were lost or doubled, while no process is there or
    /// nothing moves.
    ///
    /// # Panics
    ///
    /// If there are any.
    #[track_caller]
    pub fn audit(&self, crashes: u32) {
        let runtime = Builder::new_current_thread().build().expect("a runtime");
        let auditing = testing::audit(&self.storage).zone(chrono_tz::UTC).crashes(crashes);
        let audit = runtime.block_on(auditing.until(self.clock.now()).into_future());
        audit.expect("a memory store answers").assert_clean();
    }
}

/// A scheduler on a runtime of its own.
pub struct Process {
    /// `None` when it has ended.
    runtime: Option<Runtime>,
    /// The scheduler.
    pub scheduler: Scheduler,
    world: World,
}

impl Process {
    /// Does something, while jobs run beside it.
    ///
    /// # Panics
    ///
    /// Never: it has not ended.
    pub fn run<T>(&self, what: impl Future<Output = T>) -> T {
        self.runtime.as_ref().expect("it has not ended").block_on(what)
    }

    /// Adds a job.
    ///
    /// # Panics
    ///
    /// If it is refused.
    pub fn add(&self, job: impl Into<NewJob>) -> JobId {
        self.run(self.scheduler.add(job)).expect("the job is added")
    }

    /// Lets time pass, stopping wherever something is due, until all of it has
    /// run. An attempt that hangs keeps it waiting.
    ///
    /// # Panics
    ///
    /// If the scheduler is not running.
    pub fn advance(&self, by: Duration) {
        self.run(testing::advance(&self.scheduler, &self.world.clock, by)).expect("it is running");
    }

    /// Lets time pass in one go, as while the machine is suspended, until
    /// nothing moves any more.
    pub fn jump(&self, by: Duration) {
        self.world.clock.advance(by);
        self.settle();
    }

    /// Waits until nothing moves any more; attempts may hang.
    pub fn settle(&self) {
        self.run(async {
            let mut events = self.scheduler.subscribe();
            let mut begun = self.world.script.count();
            let mut still = 0;
            while still < TURNS {
                tokio::task::yield_now().await;
                let now = self.world.script.count();
                let is_moving = events.try_next().is_some() || now != begun;
                begun = now;
                still = if is_moving { 0 } else { still + 1 };
            }
        });
    }

    /// A job as it is now.
    ///
    /// # Panics
    ///
    /// If the store fails.
    #[must_use]
    pub fn job(&self, id: JobId) -> Option<Job> {
        self.run(self.scheduler.job(id)).expect("a memory store answers")
    }

    /// All runs, oldest first.
    #[must_use]
    pub fn runs(&self) -> Vec<Run> {
        self.run(runs(&self.scheduler))
    }

    /// Status, and seconds since [`monday`] at which the fire was due, of each run.
    #[must_use]
    pub fn outline(&self) -> Vec<(RunStatus, i64)> {
        self.run(outline(&self.scheduler))
    }

    /// Ends at once, whatever is under way.
    pub fn crash(self) {
        drop(self);
    }

    /// Stops in good order, with so much patience, while the clock goes on if
    /// it has to be waited for.
    ///
    /// # Panics
    ///
    /// If it was not running.
    pub fn stop(self, grace: Duration) {
        let clock = self.world.clock.clone();
        self.run(async {
            let stopping = self.scheduler.stop_within(grace);
            tokio::pin!(stopping);
            for _ in 0..TURNS {
                tokio::select! {
                    biased;
                    stopped = &mut stopping => return stopped,
                    () = tokio::task::yield_now() => {}
                }
            }
            clock.advance(grace);
            stopping.await
        })
        .expect("it was running");
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            // It does not wait for threads that are held.
            runtime.shutdown_background();
        }
    }
}
