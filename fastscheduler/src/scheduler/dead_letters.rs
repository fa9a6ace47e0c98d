//! Fires that failed for good: listing and dropping them.

use super::edit::TRIES;
use super::{DeadLetterTarget, Scheduler, SchedulerError};
use crate::job::{DeadLetter, Run, RunId};
use crate::storage::{Change, DeadLetterGroup, DeadLetterPage, DeadLetterQuery, Durability, StorageError};

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

    /// The dead letters that a query asks for, the newest first.
    ///
    /// # Errors
    ///
    /// [`SchedulerError::UnknownDeadLetter`] if there is no letter of
    /// [`before_run`](DeadLetterQuery::before_run) any more.
    pub async fn find_dead_letters(&self, query: &DeadLetterQuery) -> Result<DeadLetterPage, SchedulerError> {
        let engine = &self.0.engine;
        engine.prune_new().await;
        let page = engine.storage.find_dead_letters(query).await?;
        match query.before_run {
            Some(run) if page.letters.is_empty() && engine.storage.dead_letter(run).await?.is_none() => {
                Err(SchedulerError::UnknownDeadLetter(run.to_string()))
            }
            Some(_) | None => Ok(page),
        }
    }

    /// The dead letters that a query asks for in groups: those whose errors differ only
    /// in numbers, quoted parts, ids and the like are one. The group of the newest letter
    /// comes first.
    pub async fn dead_letter_groups(
        &self,
        query: &DeadLetterQuery,
    ) -> Result<Vec<DeadLetterGroup>, SchedulerError> {
        self.0.engine.prune_new().await;
        Ok(self.0.engine.storage.dead_letter_groups(query).await?)
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

    /// Drops many dead letters in one write, and returns how many there were.
    ///
    /// # Examples
    ///
    /// ```
    /// use fastscheduler::prelude::*;
    /// use fastscheduler::storage::MemoryStorage;
    /// use fastscheduler::{DeadLetterQuery, DeadLetterTarget};
    ///
    /// # tokio::runtime::Runtime::new()?.block_on(async {
    /// let scheduler = Scheduler::builder().storage(MemoryStorage::default()).build().await?;
    /// let error = Some("no user '…'".to_owned());
    /// let query = DeadLetterQuery { error, ..DeadLetterQuery::default() };
    /// assert_eq!(scheduler.remove_dead_letters(DeadLetterTarget::Matching(query)).await?, 0);
    /// # anyhow::Ok(()) })?;
    /// # anyhow::Ok(())
    /// ```
    pub async fn remove_dead_letters(&self, target: DeadLetterTarget) -> Result<usize, SchedulerError> {
        let engine = &self.0.engine;
        let mut tries = 0;
        loop {
            let (letters, _) = self.letters_of(&target).await?;
            let taken: Vec<Change> =
                letters.iter().map(|letter| Change::TakeDeadLetter(letter.run.run_id)).collect();
            if taken.is_empty() {
                return Ok(0);
            }
            match engine.apply(&taken, Durability::Now).await {
                Ok(()) => {
                    engine.announce_cleared();
                    return Ok(taken.len());
                }
                // One of them was taken meanwhile.
                Err(StorageError::Conflict(_)) if tries < TRIES => tries += 1,
                Err(error) => return Err(error.into()),
            }
        }
    }
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
