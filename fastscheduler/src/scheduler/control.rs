//! Pausing, resuming, running and cancelling jobs, one or a group.

use std::collections::BTreeMap;
use std::sync::Arc;

use chrono::TimeDelta;

use super::edit::Edit;
use super::many::Action;
use super::{Scheduler, SchedulerError};
use crate::engine::LiveJob;
use crate::job::{
    IntoJobId, Job, JobId, JobStatus, Name, OpenFire, Progress, Run, RunId, SkipReason, Tombstone, Trigger,
};
use crate::storage::{Change, Durability, SkippedFires, StorageError};

impl Scheduler {
    /// Pauses a job: it stays, and does not fire until it is resumed. What is
    /// under way goes on; a retry that waits is held.
    ///
    /// To pause a paused job changes nothing.
    ///
    /// # Errors
    ///
    /// [`SchedulerError::UnknownJob`] if there is no job of that id.
    pub async fn pause_job(&self, id: impl IntoJobId) -> Result<(), SchedulerError> {
        self.edit(job_id(id)?, None, |job| Ok(Action::Pause.edit(job))).await.map(drop)
    }

    /// Resumes a paused job with its next regular fire. The fires that came
    /// due meanwhile are recorded as skipped, and a retry that was held runs.
    ///
    /// To resume a job that is not paused changes nothing.
    ///
    /// # Errors
    ///
    /// [`SchedulerError::UnknownJob`] if there is no job of that id.
    pub async fn resume_job(&self, id: impl IntoJobId) -> Result<(), SchedulerError> {
        self.edit(job_id(id)?, None, |job| Ok(Action::Resume.edit(job))).await.map(drop)
    }

    /// Runs a job now, also while it is paused, and does not move its schedule.
    ///
    /// Answers the id of the run's first attempt.
    ///
    /// # Errors
    ///
    /// [`SchedulerError::UnknownJob`] if there is no job of that id;
    /// [`SchedulerError::AlreadyRunning`] if it is running, unless its overlap
    /// is `allow`; [`SchedulerError::Orphaned`] if its function is not there.
    pub async fn run_job_now(&self, id: impl IntoJobId) -> Result<RunId, SchedulerError> {
        let id = job_id(id)?;
        let scheduler = self.clone();
        let requested = async move {
            let job = scheduler.live_job(id).await?;
            let requested = scheduler.ask(&job, Trigger::Manual).await?;
            let run_id = requested.run_id();
            let stored = scheduler.store_requests(vec![requested], Vec::new()).await;
            stored.map(|()| run_id).map_err(|error| match error {
                SchedulerError::Storage(StorageError::Conflict(_)) => {
                    SchedulerError::UnknownJob(id.to_string())
                }
                error => error,
            })
        };
        self.0.engine.to_the_end(requested).await
    }

    /// Cancels a job: it is removed, and its running attempts are cancelled.
    /// Its history stays.
    ///
    /// # Errors
    ///
    /// [`SchedulerError::UnknownJob`] if there is no job of that id.
    pub async fn cancel_job(&self, id: impl IntoJobId) -> Result<(), SchedulerError> {
        self.remove(job_id(id)?, SkipReason::Cancelled).await
    }

    /// Cancels the job of a key, as [`cancel_job`](Self::cancel_job) does.
    ///
    /// # Errors
    ///
    /// [`SchedulerError::UnknownKey`] if no job has that key.
    pub async fn cancel_job_by_key(&self, key: &str) -> Result<(), SchedulerError> {
        let unknown = || SchedulerError::UnknownKey(key.to_owned());
        let id = self.0.engine.table.by_key(&Name::from(key)).ok_or_else(unknown)?;
        self.remove(id, SkipReason::Cancelled).await.map_err(|error| match error {
            // It ended or was cancelled meanwhile.
            SchedulerError::UnknownJob(_) => unknown(),
            error => error,
        })
    }

    /// Removes a job, and records for what reason its fires come no more.
    async fn remove(&self, id: JobId, reason: SkipReason) -> Result<(), SchedulerError> {
        let scheduler = self.clone();
        let removed = async move {
            let editing = scheduler.0.engine.edit(id).await?;
            let removed = scheduler.remove_alone(id, reason).await;
            scheduler.0.engine.end_edits(vec![editing], removed).await
        };
        self.0.engine.to_the_end(removed).await
    }

    async fn remove_alone(&self, id: JobId, reason: SkipReason) -> Result<(), SchedulerError> {
        let engine = &self.0.engine;
        loop {
            let job = match self.stored(id).await {
                Err(gone @ SchedulerError::UnknownJob(_)) => {
                    let _held = engine.hold_batches().await;
                    if engine.table.get(id).is_some() || engine.table.is_orphan(id) {
                        // The answer to an earlier removal was lost.
                        engine.forget(id).await;
                    }
                    return Err(gone);
                }
                job => job?,
            };
            let changes = self.removal_of(job, reason).await?;
            let removed = engine.apply(&changes, Durability::Now).await;
            if let Err(StorageError::Conflict(_)) = removed {
                continue;
            }
            if removed.is_ok() || matches!(self.stored(id).await, Err(SchedulerError::UnknownJob(_))) {
                // The revision was only a means to find the job as it was read.
                // Of a removal that may be another's, only that is known.
                let known = if removed.is_ok() { 1 } else { changes.len() - 1 };
                self.forget_removed(id, &changes, known).await;
                engine.prune_if_due().await;
            }
            return Ok(removed?);
        }
    }

    /// Removes a job from the engine that is gone from the store, and announces the
    /// changes from `known` on.
    pub(super) async fn forget_removed(&self, id: JobId, changes: &[Change], known: usize) {
        let engine = &self.0.engine;
        engine.announce(&changes[known..]);
        let _held = engine.hold_batches().await;
        engine.cancel_late(id, changes).await;
        // Also if it is not known yet: whoever adds it hears of that.
        engine.forget(id).await;
    }

    /// The changes that remove a job as this process knows it.
    pub(super) async fn removal_of(
        &self,
        job: Job,
        reason: SkipReason,
    ) -> Result<Vec<Change>, SchedulerError> {
        let engine = &self.0.engine;
        // Those of an orphan wait for its function.
        let is_orphan = engine.table.is_orphan(job.id);
        let open = if is_orphan { engine.storage.open_fires(job.id).await? } else { Vec::new() };
        self.removal(job, reason, &open)
    }

    /// The changes that remove a job, if it is still as it was read, and the
    /// records of its fires that are open and that this process has not taken
    /// over.
    pub(super) fn removal(
        &self,
        mut job: Job,
        reason: SkipReason,
        open: &[OpenFire],
    ) -> Result<Vec<Change>, SchedulerError> {
        let now = self.0.engine.clock.now();
        let until = now.max(job.scheduled_since + TimeDelta::microseconds(1));
        let record = self.closing(&job, reason, until)?.map(|skipped| {
            let run = Arc::new(Run::skipped(job.id, &job.definition, job.rewinds(), skipped, now));
            let progress = Progress { scheduled_since: job.scheduled_since, next_run_at: None };
            Change::Skip(SkippedFires { run, progress })
        });
        let is_declared = reason == SkipReason::Cancelled && self.is_declared(&job);
        let declared = job.declared.clone().filter(|_| is_declared);
        let id = job.id;
        let tombstone =
            declared.map(|declared| Box::new(Tombstone { job: id, declared: (*declared).clone() }));
        let edit = Edit::of(&job);
        let mut changes = self.revise(&mut job, edit, now)?;
        changes.extend(record);
        changes.extend(self.0.engine.ends_without_job(&job.definition, open, reason));
        changes.extend(self.0.engine.cancelled_fires(id));
        changes.push(Change::RemoveJob { job: id, tombstone });
        Ok(changes)
    }

    /// Cancels all jobs of that name, or of a function of that name or full
    /// name, and answers how many there were.
    pub async fn cancel_job_by_name(&self, name: &str) -> Result<usize, SchedulerError> {
        let is_meant = |job: &Job| {
            let function = job.function();
            job.name() == name || function.name() == name || function.to_string() == name
        };
        self.for_each(is_meant, Action::Cancel).await
    }

    /// The groups that jobs belong to, sorted; `default` is always among them.
    pub async fn groups(&self) -> Result<Vec<String>, SchedulerError> {
        Ok(self.group_counts().await?.into_keys().collect())
    }

    /// The groups that jobs belong to, each with how many jobs of each status it has;
    /// `default` is always among them.
    pub async fn group_counts(&self) -> Result<BTreeMap<String, BTreeMap<JobStatus, usize>>, SchedulerError> {
        let mut groups = self.job_counts().await?.by_group;
        groups.entry(self.0.default_group.as_str().to_owned()).or_default();
        Ok(groups)
    }

    /// Pauses the jobs of a group, and answers how many were not paused before.
    pub async fn pause_group(&self, group: &str) -> Result<usize, SchedulerError> {
        self.for_each(|job| job.group() == group, Action::Pause).await
    }

    /// Resumes the jobs of a group, and answers how many were paused.
    pub async fn resume_group(&self, group: &str) -> Result<usize, SchedulerError> {
        self.for_each(|job| job.group() == group, Action::Resume).await
    }

    /// Cancels the jobs of a group, and answers how many there were.
    pub async fn cancel_group(&self, group: &str) -> Result<usize, SchedulerError> {
        self.for_each(|job| job.group() == group, Action::Cancel).await
    }

    /// A job that can run.
    pub(super) async fn live_job(&self, id: JobId) -> Result<Arc<LiveJob>, SchedulerError> {
        match self.0.engine.table.get(id) {
            Some(job) => Ok(job),
            None => Err(self.why_not_live(&self.stored(id).await?)),
        }
    }

    /// Why a job that is stored cannot run.
    pub(super) fn why_not_live(&self, job: &Job) -> SchedulerError {
        if self.0.engine.table.is_orphan(job.id) {
            SchedulerError::Orphaned(job.function().clone())
        } else {
            // Whoever adds it has not been told so yet, or its last fire has
            // just ended and it is about to be removed.
            SchedulerError::UnknownJob(job.id.to_string())
        }
    }
}

/// The id, or the error that there is no such job.
pub(super) fn job_id(id: impl IntoJobId) -> Result<JobId, SchedulerError> {
    id.into_job_id().map_err(SchedulerError::UnknownJob)
}
