//! What a monitor asks.

use super::{Scheduler, SchedulerError};
use crate::engine::{Metrics, Problem};

impl Scheduler {
    /// What has happened in this process since the scheduler was built, and how
    /// much is under way. The totals of [`statistics`](Self::statistics) are
    /// those of the store, which outlive the process.
    ///
    /// # Examples
    ///
    /// ```rust,standalone_crate
    /// use fastscheduler::prelude::*;
    /// use fastscheduler::storage::MemoryStorage;
    ///
    /// # tokio::runtime::Runtime::new()?.block_on(async {
    /// let scheduler = Scheduler::builder().storage(MemoryStorage::default()).build().await?;
    /// scheduler.add(once(60).run("later", || async {})).await?;
    /// scheduler.start().await?;
    /// let metrics = scheduler.metrics().await?;
    /// assert_eq!((metrics.queued, metrics.due, metrics.running), (Some(1), Some(0), 0));
    /// assert_eq!(metrics.lateness.count(), 0);
    /// scheduler.stop().await?;
    /// # anyhow::Ok(()) })?;
    /// # anyhow::Ok(())
    /// ```
    pub async fn metrics(&self) -> Result<Metrics, SchedulerError> {
        Ok(self.0.engine.metrics().await?)
    }

    /// What an operator should know now, such as that the clock was set back.
    ///
    /// Each problem is logged when it begins and when it ends, and counted in
    /// [`metrics`](Self::metrics).
    ///
    /// # Examples
    ///
    /// ```
    /// use fastscheduler::prelude::*;
    /// use fastscheduler::storage::MemoryStorage;
    ///
    /// # tokio::runtime::Runtime::new()?.block_on(async {
    /// let scheduler = Scheduler::builder().storage(MemoryStorage::default()).build().await?;
    /// for problem in scheduler.problems().await? {
    ///     println!("{} since {}: {problem}", problem.code, problem.since);
    /// }
    /// # anyhow::Ok(()) })?;
    /// # anyhow::Ok(())
    /// ```
    #[expect(clippy::unused_async, reason = "a shared store is asked for its own")]
    pub async fn problems(&self) -> Result<Vec<Problem>, SchedulerError> {
        Ok(self.0.engine.problems())
    }

    /// Whether the store can be reached and takes changes.
    ///
    /// # Errors
    ///
    /// [`SchedulerError::Storage`] with the reason.
    pub async fn check_storage(&self) -> Result<(), SchedulerError> {
        Ok(self.0.engine.storage.check().await?)
    }
}
