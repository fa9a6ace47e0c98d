//! What happened minute by minute.

use chrono::{DateTime, Utc};

use super::Scheduler;
use crate::engine::{MINUTES, Minute, first_minute};

/// What happened in each of the last minutes; see [`Scheduler::activity`].
///
/// The lists have one number for each minute, the present one last.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Activity {
    /// When the first of the minutes began.
    pub from: DateTime<Utc>,
    /// Attempts that completed, by when they ended.
    pub completed: Vec<u64>,
    /// Attempts that failed, by when they ended.
    pub failed: Vec<u64>,
    /// Fires that did not run, by when they were due. Those of a record of many are spread
    /// evenly from the first to the last.
    pub missed: Vec<u64>,
}

impl Scheduler {
    /// What happened in so many of the last minutes, at least 1 and at most 1,440: a day.
    ///
    /// It is counted as it is recorded, and at the start from the history that is kept.
    /// Records that have been dropped from the history since are counted still. Fires of
    /// jobs that are paused or busy are not among them before they have a record.
    ///
    /// # Examples
    ///
    /// ```
    /// use fastscheduler::prelude::*;
    /// use fastscheduler::storage::MemoryStorage;
    ///
    /// # tokio::runtime::Runtime::new()?.block_on(async {
    /// let scheduler = Scheduler::builder().storage(MemoryStorage::default()).build().await?;
    /// let hour = scheduler.activity(60);
    /// assert_eq!((hour.completed.len(), hour.failed.iter().sum::<u64>()), (60, 0));
    /// # anyhow::Ok(()) })?;
    /// # anyhow::Ok(())
    /// ```
    #[must_use]
    pub fn activity(&self, minutes: usize) -> Activity {
        let minutes = minutes.clamp(1, MINUTES);
        let now = self.now();
        let last = self.0.engine.last_minutes(minutes, now);
        Activity {
            from: first_minute(minutes, now),
            completed: last.iter().map(|minute| minute.completed).collect(),
            failed: last.iter().map(|minute| minute.failed).collect(),
            missed: last.iter().map(Minute::missed).collect(),
        }
    }
}
