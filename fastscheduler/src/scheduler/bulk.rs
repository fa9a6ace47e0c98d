//! Doing something with many jobs at once, of which some may refuse.

use std::collections::HashSet;

use serde::{Deserialize, Serialize};

use super::edit::TRIES;
use super::many::{Action, OnRefusal};
use super::requests::Requested;
use super::{Scheduler, SchedulerError};
use crate::job::{Job, JobId, Trigger};
use crate::storage::{JobQuery, StorageError};

/// What is done with each of many jobs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BulkAction {
    /// As [`Scheduler::run_job_now`] does.
    Run,
    /// As [`Scheduler::pause_job`] does.
    Pause,
    /// As [`Scheduler::resume_job`] does.
    Resume,
    /// As [`Scheduler::cancel_job`] does.
    Cancel,
}

/// Which jobs are meant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum BulkTarget {
    /// These jobs. One that is named twice counts once.
    Jobs(Vec<JobId>),
    /// The jobs that a query asks for.
    Matching(JobQuery),
}

/// What became of many jobs.
#[derive(Debug, Default)]
#[non_exhaustive]
pub struct BulkOutcome {
    /// How many jobs are as they were to be, those among them that were so before.
    pub done: usize,
    /// The jobs that refused, in the order in which they were named.
    pub refused: Vec<RefusedJob>,
}

/// A job that refused, and why.
#[derive(Debug)]
#[non_exhaustive]
pub struct RefusedJob {
    /// The job.
    pub job: JobId,
    /// Why.
    pub error: SchedulerError,
}

impl Scheduler {
    /// Does something with many jobs: in one write with all that do not refuse.
    ///
    /// A job that refuses keeps none of the others from it: one that is not there, or is to run
    /// and runs already, or whose function is not there.
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
    /// use fastscheduler::{BulkAction, BulkTarget, JobId, JobQuery, SchedulerError};
    ///
    /// # tokio::runtime::Runtime::new()?.block_on(async {
    /// let scheduler = Scheduler::builder().storage(MemoryStorage::default()).build().await?;
    /// let id = scheduler.add(every(1).hours().group("mail").run("digest", || async {})).await?;
    ///
    /// let named = BulkTarget::Jobs(vec![id, JobId::new(999)]);
    /// let outcome = scheduler.bulk(BulkAction::Pause, named).await?;
    /// assert_eq!(outcome.done, 1);
    /// assert!(matches!(outcome.refused[0].error, SchedulerError::UnknownJob(_)));
    ///
    /// let query = JobQuery { groups: vec!["mail".to_owned()], ..JobQuery::default() };
    /// let outcome = scheduler.bulk(BulkAction::Cancel, BulkTarget::Matching(query)).await?;
    /// assert_eq!((outcome.done, outcome.refused.len()), (1, 0));
    /// # anyhow::Ok(()) })?;
    /// # anyhow::Ok(())
    /// ```
    pub async fn bulk(&self, action: BulkAction, target: BulkTarget) -> Result<BulkOutcome, SchedulerError> {
        let mut jobs = match target {
            BulkTarget::Jobs(jobs) => jobs,
            BulkTarget::Matching(query) => {
                let now = self.jobs_now(&query).await?;
                let found = self.0.engine.storage.find_jobs(&query, &now).await?;
                found.jobs.iter().map(Job::id).collect()
            }
        };
        let mut named = HashSet::new();
        jobs.retain(|job| named.insert(*job));
        let action = match action {
            BulkAction::Run => {
                let scheduler = self.clone();
                return self.0.engine.to_the_end(async move { scheduler.run_all(jobs).await }).await;
            }
            BulkAction::Pause => Action::Pause,
            BulkAction::Resume => Action::Resume,
            BulkAction::Cancel => Action::Cancel,
        };
        let changed = self.change_all(jobs, action, OnRefusal::LeaveOut).await?;
        Ok(BulkOutcome { done: changed.changed + changed.unchanged, refused: changed.refused })
    }

    /// Runs jobs now, in one batch.
    async fn run_all(&self, jobs: Vec<JobId>) -> Result<BulkOutcome, SchedulerError> {
        self.remember_requests_of(&jobs).await?;
        let mut gone = HashSet::new();
        let mut tries = 0;
        loop {
            let mut requested = Vec::new();
            let mut refused = Vec::new();
            for job in &jobs {
                match self.ask_for_run(*job, &gone).await {
                    Ok(fire) => requested.push(fire),
                    Err(error @ SchedulerError::Storage(_)) => {
                        requested.iter().for_each(Requested::withdraw);
                        return Err(error);
                    }
                    Err(error) => refused.push(RefusedJob { job: *job, error }),
                }
            }
            let done = requested.len();
            match self.store_requests(requested, Vec::new()).await {
                Ok(()) => return Ok(BulkOutcome { done, refused }),
                Err(SchedulerError::Storage(StorageError::Conflict(_))) if tries < TRIES => tries += 1,
                Err(error) => return Err(error),
            }
            // One was cancelled meanwhile, and the engine may not know yet.
            let stored = self.0.engine.storage.jobs_by_id(&jobs).await?;
            gone.extend(jobs.iter().zip(&stored).filter(|(_, job)| job.is_none()).map(|(id, _)| *id));
        }
    }

    async fn ask_for_run(&self, job: JobId, gone: &HashSet<JobId>) -> Result<Requested, SchedulerError> {
        if gone.contains(&job) {
            return Err(SchedulerError::UnknownJob(job.to_string()));
        }
        self.ask(&self.live_job(job).await?, Trigger::Manual).await
    }
}
