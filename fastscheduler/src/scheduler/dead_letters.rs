//! Fires that failed for good, and running them again.

use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};

use super::{Scheduler, SchedulerError};
use crate::job::{DeadLetter, Job, JobDefinition, JobId, Run, RunId, Source, Trigger};
use crate::schedule::{ScheduleDefinition, once};
use crate::storage::{Change, Durability, StorageError};

impl Scheduler {
    /// The newest dead letters, newest first.
    pub async fn dead_letters(&self, limit: usize) -> Result<Vec<DeadLetter>, SchedulerError> {
        self.0.engine.prune_new().await;
        Ok(self.0.engine.storage.dead_letters(limit).await?)
    }

    /// The dead letter of a run, or `None` if it has none.
    pub async fn dead_letter(&self, run_id: impl IntoRunId) -> Result<Option<DeadLetter>, SchedulerError> {
        let Ok(run_id) = run_id.into_run_id() else { return Ok(None) };
        self.0.engine.prune_new().await;
        Ok(self.0.engine.storage.dead_letter(run_id).await?)
    }

    /// How many dead letters there are.
    pub async fn dead_letter_count(&self) -> Result<usize, SchedulerError> {
        self.0.engine.prune_new().await;
        Ok(self.0.engine.storage.dead_letter_count().await?)
    }

    /// Drops all dead letters, and answers how many there were.
    pub async fn clear_dead_letters(&self) -> Result<usize, SchedulerError> {
        let engine = &self.0.engine;
        engine.prune_new().await;
        let cleared = engine.storage.clear_dead_letters().await?;
        if cleared > 0 {
            engine.announce_cleared();
        }
        Ok(cleared)
    }

    /// Drops one dead letter.
    ///
    /// # Errors
    ///
    /// [`SchedulerError::UnknownDeadLetter`] if there is none of that run.
    pub async fn remove_dead_letter(&self, run_id: impl IntoRunId) -> Result<(), SchedulerError> {
        let run_id = run_id.into_run_id().map_err(SchedulerError::UnknownDeadLetter)?;
        let taken = [Change::TakeDeadLetter(run_id)];
        match self.0.engine.apply(&taken, Durability::Now).await {
            Err(StorageError::Conflict(_)) => Err(SchedulerError::UnknownDeadLetter(run_id.to_string())),
            Err(error) => Err(error.into()),
            Ok(()) => {
                self.0.engine.announce(&taken);
                Ok(())
            }
        }
    }

    /// Runs the fire of a dead letter again, and removes the letter, both or
    /// neither.
    ///
    /// The job gets a fire of its own, at once; if it is gone, a one-time job
    /// with the letter's definition and arguments takes its place. Answers the
    /// id of the run's first attempt.
    ///
    /// # Errors
    ///
    /// [`SchedulerError::UnknownDeadLetter`] if there is none of that run;
    /// [`SchedulerError::Orphaned`] if its function is not there.
    pub async fn retry_dead_letter(&self, run_id: impl IntoRunId) -> Result<RunId, SchedulerError> {
        let run_id = run_id.into_run_id().map_err(SchedulerError::UnknownDeadLetter)?;
        let scheduler = self.clone();
        self.0.engine.to_the_end(async move { scheduler.retry_letter(run_id).await }).await
    }

    async fn retry_letter(&self, run_id: RunId) -> Result<RunId, SchedulerError> {
        let unknown = || SchedulerError::UnknownDeadLetter(run_id.to_string());
        let engine = &self.0.engine;
        let letter = engine.storage.dead_letter(run_id).await?.ok_or_else(unknown)?;
        let taken = Change::TakeDeadLetter(run_id);
        let requested = match self.live_job(run_id.job).await {
            Ok(job) => match self.request(&job, Trigger::Retry, vec![taken.clone()]).await {
                // The job was cancelled meanwhile, or the letter was taken.
                Err(error) if is_gone(&error) => self.revive(letter, taken).await,
                requested => requested,
            },
            Err(SchedulerError::UnknownJob(_)) => self.revive(letter, taken).await,
            Err(error) => Err(error),
        };
        requested.map_err(|error| if is_gone(&error) { unknown() } else { error })
    }

    /// Makes a one-time job of a letter whose job is gone.
    async fn revive(&self, letter: DeadLetter, taken: Change) -> Result<RunId, SchedulerError> {
        let engine = &self.0.engine;
        let id = JobId::new(engine.storage.reserve_job_number().await?);
        let now = engine.clock.now();
        let mut definition: JobDefinition = letter.definition;
        definition.schedule = once_at(now)?;
        let job = Job::new(id, Arc::new(definition), Source::Api, now);
        let orphaned = || SchedulerError::Orphaned(job.function().clone());
        let function = engine.table.function_of(letter.run.run_id);
        let live = Arc::new(self.live(&job, function.as_ref())?.ok_or_else(orphaned)?);
        engine.table.insert(Arc::clone(&live));
        live.activity.set_over(true);
        let changes = vec![taken, Change::AddJob(Box::new(job))];
        let requested = self.request(&live, Trigger::Retry, changes).await;
        if requested.is_err() && matches!(engine.storage.job(id).await, Ok(None)) {
            engine.table.remove(id);
        }
        requested
    }
}

/// Whether what was to be changed is gone, a job or a letter.
fn is_gone(error: &SchedulerError) -> bool {
    matches!(error, SchedulerError::UnknownJob(_) | SchedulerError::Storage(StorageError::Conflict(_)))
}

/// The schedule of a single fire at `at`.
fn once_at(at: DateTime<Utc>) -> Result<ScheduleDefinition, SchedulerError> {
    const DELAY: Duration = Duration::from_millis(1);
    Ok(once(DELAY).definition()?.placed(at - DELAY))
}

/// What names a run: a [`RunId`], by value or reference, its text, or its record.
pub trait IntoRunId {
    /// The id, or the text that is none.
    fn into_run_id(self) -> Result<RunId, String>;
}

impl IntoRunId for RunId {
    fn into_run_id(self) -> Result<RunId, String> {
        Ok(self)
    }
}

impl IntoRunId for &RunId {
    fn into_run_id(self) -> Result<RunId, String> {
        Ok(*self)
    }
}

impl IntoRunId for &Run {
    fn into_run_id(self) -> Result<RunId, String> {
        Ok(self.run_id)
    }
}

impl IntoRunId for &str {
    fn into_run_id(self) -> Result<RunId, String> {
        self.parse().map_err(|_| self.to_owned())
    }
}

impl IntoRunId for String {
    fn into_run_id(self) -> Result<RunId, String> {
        self.as_str().into_run_id()
    }
}

impl IntoRunId for &String {
    fn into_run_id(self) -> Result<RunId, String> {
        self.as_str().into_run_id()
    }
}
