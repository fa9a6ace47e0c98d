//! Waiting until a fire has ended.

use super::{IntoRunId, Scheduler, SchedulerError};
use crate::engine::Event;
use crate::job::{Run, RunId};

impl Scheduler {
    /// Waits until the fire of a run has ended, retries included, and returns its
    /// last run.
    ///
    /// The id may be that of any attempt at the fire, such as the one that
    /// [`run_job_now`](Self::run_job_now) and
    /// [`retry_dead_letter`](Self::retry_dead_letter) return. A fire that has ended
    /// already is found in the history, or among the dead letters. A run that
    /// failed is returned like any other: see [`Run::status`] and [`Run::error`].
    ///
    /// It waits as long as the fire does: until the scheduler is started, until a
    /// paused job is resumed, and for all retries. Put it into a timeout if that is
    /// too long; dropping it changes nothing. It learns of what this process runs.
    ///
    /// # Errors
    ///
    /// - [`SchedulerError::UnknownRun`] if there is no run of that id. This includes
    ///   due times of the schedule that have not begun, and runs that are no longer
    ///   kept.
    /// - [`SchedulerError::StoppedFirst`] if the scheduler has stopped, or stops
    ///   before the fire ends. The fire stays open, and goes on at the next start.
    /// - [`SchedulerError::WaitsForItself`] if the fire's own job function calls
    ///   this. A task that it spawned is not noticed, and would wait in vain if the
    ///   function waits for the task.
    ///
    /// # Examples
    ///
    /// ```
    /// use fastscheduler::prelude::*;
    /// use fastscheduler::storage::MemoryStorage;
    ///
    /// # tokio::runtime::Runtime::new()?.block_on(async {
    /// let scheduler = Scheduler::builder().storage(MemoryStorage::default()).build().await?;
    /// let report = every(1).hours().run("report", || async { anyhow::Ok(42) });
    /// let job = scheduler.add(report).await?;
    /// scheduler.start().await?;
    ///
    /// let run_id = scheduler.run_job_now(&job).await?;
    /// let run = scheduler.wait_for(&run_id).await?;
    /// assert_eq!(run.result.as_deref(), Some("42"));
    /// scheduler.stop().await?;
    /// # anyhow::Ok(()) })?;
    /// # anyhow::Ok(())
    /// ```
    pub async fn wait_for(&self, run_id: impl IntoRunId) -> Result<Run, SchedulerError> {
        let run_id = run_id.into_run_id().map_err(SchedulerError::UnknownRun)?;
        // Before the first `.await`, while this surely runs on the caller's thread.
        let caller = self.0.engine.calling_attempt();
        if caller.is_some_and(|caller| caller.is_same_fire(run_id)) {
            return Err(SchedulerError::WaitsForItself(run_id));
        }
        let storage = &self.0.engine.storage;
        // Before it looks: what happens from here on is an event.
        let mut events = self.subscribe();
        while self.is_open(run_id).await? {
            let is_wanted = |run: &Run| run.is_final() && run.run_id.is_same_fire(run_id);
            loop {
                match events.next().await {
                    Some(Event::RunRecorded(run)) if is_wanted(&run) => {
                        // The record in the store is counted, but may have been pruned.
                        let kept = storage.last_run_of_fire(run_id).await?;
                        return Ok(kept.unwrap_or_else(|| Run::clone(&run)));
                    }
                    Some(Event::JobRemoved(job)) if job == run_id.job => break,
                    Some(Event::Missed(_)) => break,
                    Some(_) => {}
                    None if self.is_open(run_id).await? => return Err(SchedulerError::StoppedFirst(run_id)),
                    None => break,
                }
            }
        }
        let last = storage.last_run_of_fire(run_id).await?;
        last.ok_or_else(|| SchedulerError::UnknownRun(run_id.to_string()))
    }

    /// Whether the fire of a run is open: asked for or begun, and not ended.
    async fn is_open(&self, run_id: RunId) -> Result<bool, SchedulerError> {
        let open = self.0.engine.storage.open_fires(run_id.job).await?;
        Ok(run_id.attempt > 0 && open.iter().any(|open| open.entry.run_id().is_same_fire(run_id)))
    }
}
