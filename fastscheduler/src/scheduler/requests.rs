//! Fires of their own, which callers ask for: of one job, or of many in one batch.

use std::slice;
use std::sync::Arc;

use chrono::DateTime;

use super::{Scheduler, SchedulerError};
use crate::engine::{LiveJob, Next};
use crate::job::{Entry, JobId, Overlap, RunId, Trigger};
use crate::storage::{Change, Durability};

/// A fire that was asked for, which the engine knows and the store does not yet.
pub(super) struct Requested {
    job: Arc<LiveJob>,
    entry: Entry,
}

impl Requested {
    pub(super) fn run_id(&self) -> RunId {
        self.entry.run_id()
    }

    /// Has the engine forget it.
    pub(super) fn withdraw(&self) {
        self.job.activity.end(self.run_id());
    }
}

impl Scheduler {
    /// Asks for a fire of its own. It is to be [stored](Self::store_requests) or
    /// [withdrawn](Requested::withdraw).
    pub(super) async fn ask(
        &self,
        job: &Arc<LiveJob>,
        trigger: Trigger,
    ) -> Result<Requested, SchedulerError> {
        if job.activity.is_gone() {
            return Err(SchedulerError::UnknownJob(job.id.to_string()));
        }
        self.remember_requests(slice::from_ref(job)).await?;
        let may_overlap = trigger == Trigger::Retry || job.overlap() == Overlap::Allow;
        let may_begin = |is_busy: bool| may_overlap || !is_busy;
        let now = self.0.engine.clock.now();
        let entry = job.activity.request(now, may_begin, |at| job.own_fire(trigger, at));
        let entry = entry.ok_or_else(|| SchedulerError::AlreadyRunning(job.definition.name.clone()))?;
        Ok(Requested { job: Arc::clone(job), entry })
    }

    /// Stores fires that were asked for, after other changes, all or none. It is
    /// a conflict if one of the jobs was cancelled first. What is not stored is
    /// withdrawn.
    pub(super) async fn store_requests(
        &self,
        requested: Vec<Requested>,
        mut changes: Vec<Change>,
    ) -> Result<(), SchedulerError> {
        let Some(first) = requested.first().map(Requested::run_id) else { return Ok(()) };
        let engine = &self.0.engine;
        changes.extend(requested.iter().flat_map(|Requested { job, entry }| {
            [Change::RequireJob(job.id), Change::OpenFire(Box::new(entry.clone()))]
        }));
        let applied = engine.apply(&changes, Durability::Now).await;
        // All of them are stored or none.
        if applied.is_err() && !matches!(engine.storage.is_final(first).await, Ok(false)) {
            requested.iter().for_each(Requested::withdraw);
            return Ok(applied?);
        }
        // It is stored, even if the answer to that was lost, and so it runs.
        let _batch_of_one = engine.batch().await;
        // A job may have been changed since, and the fire placed with that.
        // Before the start it is the start that places it. If a job is
        // cancelled, the fire gets its record with that.
        let to_be_placed = |Requested { job, entry }: Requested| {
            let is_to_be_placed = engine.is_placing() && job.activity.is_waiting(entry.run_id());
            let job = engine.table.get(job.id).filter(|_| is_to_be_placed)?;
            Some(Entry { revision: job.revision, ..entry })
        };
        let entries = requested.into_iter().filter_map(to_be_placed).collect();
        engine.follow(&changes, &Next::entries(entries)).await;
        Ok(applied?)
    }

    /// Has jobs know which instants name fires of their own, from before this
    /// start: by a clock that stands still, or was set back, one of them may be
    /// now.
    pub(super) async fn remember_requests(&self, jobs: &[Arc<LiveJob>]) -> Result<(), SchedulerError> {
        let unaware: Vec<&Arc<LiveJob>> = jobs.iter().filter(|job| !job.activity.knows_requests()).collect();
        if unaware.is_empty() {
            return Ok(());
        }
        let ids: Vec<JobId> = unaware.iter().map(|job| job.id).collect();
        let newest = self.0.engine.storage.newest_requests(&ids).await?;
        for (job, newest) in unaware.into_iter().zip(newest) {
            job.activity.was_requested(newest.unwrap_or(DateTime::UNIX_EPOCH));
        }
        Ok(())
    }

    /// The same of those among many jobs that can run, with one question to the store.
    pub(super) async fn remember_requests_of(&self, jobs: &[JobId]) -> Result<(), SchedulerError> {
        let live: Vec<_> = jobs.iter().filter_map(|job| self.0.engine.table.get(*job)).collect();
        self.remember_requests(&live).await
    }
}
