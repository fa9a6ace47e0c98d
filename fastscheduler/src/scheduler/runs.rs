//! Attempts that are under way, and runs one by one.

use super::{IntoRunId, Scheduler, SchedulerError};
use crate::engine::RunningAttempt;
use crate::job::{JobId, Run};

impl Scheduler {
    /// The attempts that are under way here, by when they began. They are not
    /// in the history yet.
    ///
    /// # Examples
    ///
    /// ```
    /// use fastscheduler::prelude::*;
    /// use fastscheduler::storage::MemoryStorage;
    /// use fastscheduler::{Event, RunStatus};
    ///
    /// # tokio::runtime::Runtime::new()?.block_on(async {
    /// let scheduler = Scheduler::builder().storage(MemoryStorage::default()).build().await?;
    /// let mut events = scheduler.subscribe();
    /// let job = once(0.01).run("waits", || std::future::pending::<()>());
    /// scheduler.add(job).await?;
    /// scheduler.start().await?;
    /// while !matches!(events.next().await, Some(Event::RunStarted(_))) {}
    ///
    /// let running = scheduler.running();
    /// assert_eq!((running.len(), running[0].status), (1, RunStatus::Running));
    /// scheduler.cancel_run(&running[0]).await?;
    /// scheduler.stop().await?;
    /// # anyhow::Ok(()) })?;
    /// # anyhow::Ok(())
    /// ```
    #[must_use]
    pub fn running(&self) -> Vec<Run> {
        self.running_attempts().into_iter().map(|attempt| attempt.run).collect()
    }

    /// The same attempts, with the arguments they were begun with and when their
    /// timeouts end them.
    #[must_use]
    pub fn running_attempts(&self) -> Vec<RunningAttempt> {
        self.0.engine.running()
    }

    /// Whether this attempt at a blocking function has ended by its timeout, or was
    /// cancelled, and its thread is still busy here. The thread keeps its slot until
    /// it ends.
    #[must_use]
    pub fn holds_thread(&self, run_id: impl IntoRunId) -> bool {
        run_id.into_run_id().is_ok_and(|run| self.0.engine.holds_thread(run))
    }

    /// The recorded attempts at the fire of a run, the first one first; none of fires
    /// that did not run, and none if there is no run of that id.
    ///
    /// An attempt that is under way is not among them.
    pub async fn attempts_of(&self, run_id: impl IntoRunId) -> Result<Vec<Run>, SchedulerError> {
        let Ok(run_id) = run_id.into_run_id() else { return Ok(Vec::new()) };
        self.0.engine.prune_new().await;
        Ok(self.0.engine.storage.attempts_of_fire(run_id).await?)
    }

    /// The last recorded attempts of each of these jobs, at most `limit` of each, the
    /// newest last: those whose outcomes [`Job::recent`](crate::Job::recent) has, as
    /// long as the history keeps them.
    pub async fn recent_runs(&self, jobs: &[JobId], limit: usize) -> Result<Vec<Vec<Run>>, SchedulerError> {
        self.0.engine.prune_new().await;
        Ok(self.0.engine.storage.recent_attempts(jobs, limit).await?)
    }

    /// The record of one run: of an attempt under way, or from the history, or
    /// from the dead letters; `None` if there is none of that id.
    pub async fn find_run(&self, run_id: impl IntoRunId) -> Result<Option<Run>, SchedulerError> {
        let Ok(run_id) = run_id.into_run_id() else { return Ok(None) };
        // One that has timed out has its record, though its thread has not ended.
        let is_running = |run: &Run| run.run_id == run_id && !self.0.engine.holds_thread(run_id);
        if let Some(run) = self.running().into_iter().find(is_running) {
            return Ok(Some(run));
        }
        self.0.engine.prune_new().await;
        Ok(self.0.engine.storage.run(run_id).await?)
    }

    /// Cancels an attempt that is under way here: it is recorded as failed and
    /// not tried again, and makes no dead letter. The job stays.
    ///
    /// A future is dropped. A blocking function is told through its
    /// [`JobContext`](crate::JobContext), and keeps its thread until it returns.
    ///
    /// # Errors
    ///
    /// [`SchedulerError::UnknownRun`] if there is no run of that id;
    /// [`SchedulerError::NotRunning`] if it is not running, or has timed out and
    /// only its thread has not ended.
    pub async fn cancel_run(&self, run_id: impl IntoRunId) -> Result<(), SchedulerError> {
        let run_id = run_id.into_run_id().map_err(SchedulerError::UnknownRun)?;
        if self.0.engine.cancel_run(run_id) {
            return Ok(());
        }
        match self.find_run(run_id).await? {
            // It ended meanwhile, or is about to.
            Some(_) => Err(SchedulerError::NotRunning(run_id)),
            None => Err(SchedulerError::UnknownRun(run_id.to_string())),
        }
    }
}
