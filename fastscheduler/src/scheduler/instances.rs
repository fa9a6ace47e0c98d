//! The processes that work with a scheduler's jobs.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use chrono_tz::Tz;

use super::{Phase, Scheduler, SchedulerError};
use crate::clock::system_zone_data_version;
use crate::engine::{Durations, HeldThread, Problem, SlotUsage, StoreFailure};
use crate::schedule::zone_data_version;

/// A process that works with a scheduler's jobs.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Instance {
    /// Its name, as in [`Run::instance`](crate::Run::instance).
    pub name: Arc<str>,
    /// The version of the scheduler.
    pub version: &'static str,
    /// Whether it was started and not stopped.
    pub is_running: bool,
    /// When it was started, if it runs.
    pub started_at: Option<DateTime<Utc>>,
    /// Attempts that are under way in it.
    pub running_attempts: usize,
    /// Functions that its jobs may run.
    pub functions: usize,
    /// What may run at once, and how much does.
    pub slots: SlotUsage,
    /// Fires that are due and wait for a slot or for their job, if the queue knows.
    pub waiting: Option<usize>,
    /// The threads that are busy with attempts which have ended, the one that is held
    /// longest first.
    pub held_threads: Vec<HeldThread>,
    /// What kind of store it has: `json`, `memory`, or the word of another one.
    pub store: &'static str,
    /// The last failure of its store or queue, whether it is over or not.
    pub last_store_failure: Option<StoreFailure>,
    /// The zone of schedules that name none.
    pub timezone: Tz,
    /// The version of the rules of time zones that it has, such as `2026f`.
    pub tzdata: &'static str,
    /// The version of those that the system has, if it says so. If it is later, the
    /// program is to be built again.
    pub system_tzdata: Option<String>,
    /// How long after they were due attempts have begun in it.
    pub lateness: Durations,
    /// What an operator should know of it.
    pub problems: Vec<Problem>,
}

impl Scheduler {
    /// The processes that work with these jobs; of a private store, this one.
    ///
    /// # Examples
    ///
    /// ```
    /// use fastscheduler::prelude::*;
    /// use fastscheduler::storage::MemoryStorage;
    ///
    /// # tokio::runtime::Runtime::new()?.block_on(async {
    /// let storage = MemoryStorage::default();
    /// let scheduler = Scheduler::builder().storage(storage).max_workers(4).build().await?;
    /// let instance = &scheduler.instances().await?[0];
    /// assert_eq!((instance.store, instance.is_running), ("memory", false));
    /// assert_eq!((instance.slots.max_workers, instance.slots.busy_threads), (4, 0));
    /// # anyhow::Ok(()) })?;
    /// # anyhow::Ok(())
    /// ```
    pub async fn instances(&self) -> Result<Vec<Instance>, SchedulerError> {
        let engine = &self.0.engine;
        let started_at = match *self.phase() {
            Phase::Running { since } => Some(since),
            Phase::Built | Phase::Stopped => None,
        };
        let functions = self.registry().iter().count();
        Ok(vec![Instance {
            name: Arc::clone(&engine.setup.instance),
            version: env!("CARGO_PKG_VERSION"),
            is_running: started_at.is_some(),
            started_at,
            running_attempts: engine.running_attempts(),
            functions,
            slots: engine.slot_usage(),
            waiting: engine.waiting_fires().await,
            held_threads: engine.held_threads(),
            store: engine.storage.kind(),
            last_store_failure: engine.last_store_failure(),
            timezone: self.zone(),
            tzdata: zone_data_version(),
            system_tzdata: system_zone_data_version(),
            lateness: engine.lateness(),
            problems: self.problems().await?,
        }])
    }
}
