//! Running the fires of dead letters again: of one, or of many in one batch.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};

use super::edit::TRIES;
use super::requests::Requested;
use super::{IntoRunId, Scheduler, SchedulerError};
use crate::job::{DeadLetter, Job, JobDefinition, JobId, RunId, Source, Trigger};
use crate::schedule::{ScheduleDefinition, once};
use crate::storage::{Change, DeadLetterQuery, StorageError};

/// Which dead letters are meant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DeadLetterTarget {
    /// The letters of these runs. One that is named twice counts once.
    Runs(Vec<RunId>),
    /// All letters that a query asks for, whatever its limit is.
    Matching(DeadLetterQuery),
}

/// What became of dead letters that were to be run again.
#[derive(Debug, Default)]
#[non_exhaustive]
pub struct RetryOutcome {
    /// The first attempts of the runs that take the place of letters, which are gone.
    pub retried: Vec<RunId>,
    /// The letters that refused, and stay.
    pub refused: Vec<RefusedRun>,
}

/// A run that refused, and why.
#[derive(Debug)]
#[non_exhaustive]
pub struct RefusedRun {
    /// The run.
    pub run: RunId,
    /// Why.
    pub error: SchedulerError,
}

/// The fires that take the place of letters, and the changes that go with them.
#[derive(Default)]
struct Retries {
    requested: Vec<Requested>,
    changes: Vec<Change>,
    /// The jobs that are made for letters whose jobs are gone.
    revived: Vec<JobId>,
    refused: Vec<RefusedRun>,
}

impl Scheduler {
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
        let RetryOutcome { retried, refused } =
            self.retry_dead_letters(DeadLetterTarget::Runs(vec![run_id])).await?;
        match refused.into_iter().next() {
            Some(RefusedRun { error, .. }) => Err(error),
            None => retried.first().copied().ok_or_else(|| unknown(run_id)),
        }
    }

    /// Runs the fires of many dead letters again, as
    /// [`retry_dead_letter`](Self::retry_dead_letter) does: in one write with all that do
    /// not refuse.
    ///
    /// # Errors
    ///
    /// If the store fails. Nothing was done then, unless only the store's answer was
    /// lost.
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
    /// for group in scheduler.dead_letter_groups(&DeadLetterQuery::default()).await? {
    ///     let query = DeadLetterQuery { error: Some(group.error), ..DeadLetterQuery::default() };
    ///     let outcome = scheduler.retry_dead_letters(DeadLetterTarget::Matching(query)).await?;
    ///     println!("{} run again, {} do not", outcome.retried.len(), outcome.refused.len());
    /// }
    /// # anyhow::Ok(()) })?;
    /// # anyhow::Ok(())
    /// ```
    pub async fn retry_dead_letters(&self, target: DeadLetterTarget) -> Result<RetryOutcome, SchedulerError> {
        let scheduler = self.clone();
        self.0.engine.to_the_end(async move { scheduler.retry_letters(&target).await }).await
    }

    async fn retry_letters(&self, target: &DeadLetterTarget) -> Result<RetryOutcome, SchedulerError> {
        let mut tries = 0;
        loop {
            let (letters, missing) = self.letters_of(target).await?;
            let mut retries = Retries { refused: missing, ..Retries::default() };
            let asked = self.ask_again(letters, &mut retries).await;
            let Retries { requested, changes, revived, refused } = retries;
            let stored = match asked {
                Ok(()) => {
                    let runs = requested.iter().map(Requested::run_id).collect();
                    let stored = self.store_requests(requested, changes).await;
                    stored.map(|()| RetryOutcome { retried: runs, refused })
                }
                Err(error) => {
                    requested.iter().for_each(Requested::withdraw);
                    Err(error)
                }
            };
            if stored.is_err() {
                self.forget_unstored(&revived).await;
            }
            match stored {
                // A letter was taken meanwhile, or a job cancelled.
                Err(SchedulerError::Storage(StorageError::Conflict(_))) if tries < TRIES => tries += 1,
                stored => return stored,
            }
        }
    }

    /// The letters that are meant, the oldest first or as they are named, and those
    /// among the named ones that are not there.
    pub(super) async fn letters_of(
        &self,
        target: &DeadLetterTarget,
    ) -> Result<(Vec<DeadLetter>, Vec<RefusedRun>), SchedulerError> {
        let storage = &self.0.engine.storage;
        match target {
            DeadLetterTarget::Runs(runs) => {
                let (mut letters, mut missing) = (Vec::new(), Vec::new());
                let mut named = HashSet::new();
                for run in runs.iter().copied().filter(|run| named.insert(*run)) {
                    match storage.dead_letter(run).await? {
                        Some(letter) => letters.push(letter),
                        None => missing.push(RefusedRun { run, error: unknown(run) }),
                    }
                }
                Ok((letters, missing))
            }
            DeadLetterTarget::Matching(query) => {
                self.0.engine.prune_new().await;
                let all = DeadLetterQuery { before_run: None, limit: usize::MAX, ..query.clone() };
                let mut letters = storage.find_dead_letters(&all).await?.letters;
                letters.reverse();
                Ok((letters, Vec::new()))
            }
        }
    }

    /// Asks for a fire for each letter.
    async fn ask_again(&self, letters: Vec<DeadLetter>, retries: &mut Retries) -> Result<(), SchedulerError> {
        let ids: Vec<JobId> = letters.iter().map(|letter| letter.run.job_id()).collect();
        let jobs = self.0.engine.storage.jobs_by_id(&ids).await?;
        self.remember_requests_of(&ids).await?;
        for (letter, job) in letters.into_iter().zip(jobs) {
            let run = letter.run.run_id;
            let taken = Change::TakeDeadLetter(run);
            let requested = match self.ask_of_letters_job(run.job, job.is_some()).await {
                Ok(requested) => Ok((requested, vec![taken])),
                Err(SchedulerError::UnknownJob(_)) => self
                    .revive(letter, &mut retries.revived)
                    .await
                    .map(|(requested, added)| (requested, vec![taken, added])),
                Err(error) => Err(error),
            };
            match requested {
                Ok((requested, changes)) => {
                    retries.requested.push(requested);
                    retries.changes.extend(changes);
                }
                Err(error @ SchedulerError::Storage(_)) => return Err(error),
                Err(error) => retries.refused.push(RefusedRun { run, error }),
            }
        }
        Ok(())
    }

    async fn ask_of_letters_job(&self, id: JobId, is_stored: bool) -> Result<Requested, SchedulerError> {
        // One that was cancelled just now may still be in the engine.
        if !is_stored {
            return Err(SchedulerError::UnknownJob(id.to_string()));
        }
        self.ask(&self.live_job(id).await?, Trigger::Retry).await
    }

    /// Makes a one-time job of a letter whose job is gone, with its fire.
    async fn revive(
        &self,
        letter: DeadLetter,
        revived: &mut Vec<JobId>,
    ) -> Result<(Requested, Change), SchedulerError> {
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
        revived.push(id);
        live.activity.set_over(true);
        // It is new, so nobody has asked for a fire of it.
        live.activity.was_requested(DateTime::UNIX_EPOCH);
        let requested = self.ask(&live, Trigger::Retry).await?;
        Ok((requested, Change::AddJob(Box::new(job))))
    }

    /// Has the engine forget jobs that were made and are not in the store.
    async fn forget_unstored(&self, jobs: &[JobId]) {
        let engine = &self.0.engine;
        for id in jobs {
            if matches!(engine.storage.job(*id).await, Ok(None)) {
                engine.table.remove(*id);
            }
        }
    }
}

fn unknown(run: RunId) -> SchedulerError {
    SchedulerError::UnknownDeadLetter(run.to_string())
}

/// The schedule of a single fire at `at`.
fn once_at(at: DateTime<Utc>) -> Result<ScheduleDefinition, SchedulerError> {
    const DELAY: Duration = Duration::from_millis(1);
    Ok(once(DELAY).definition()?.placed(at - DELAY))
}
