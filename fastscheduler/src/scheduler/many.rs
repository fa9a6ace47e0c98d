//! Changing many jobs at once: one batch for the store, and one sync.

use super::edit::{Edit, Fires, TRIES};
use super::{Scheduler, SchedulerError};
use crate::job::{Job, JobId, SkipReason};
use crate::storage::{Change, Durability, StorageError};

/// What is done with each of several jobs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Action {
    Pause,
    Resume,
    Cancel,
}

/// A job that is changed, and the changes for it.
struct Changed {
    job: JobId,
    changes: Vec<Change>,
}

impl Action {
    /// What becomes of a job that stays; `None` if it is so already.
    pub(super) fn edit(self, job: &Job) -> Option<Edit> {
        let (is_paused, fires) = match self {
            Self::Pause => (true, Fires::Stay),
            Self::Resume => (false, Fires::Skip(SkipReason::Paused)),
            Self::Cancel => return None,
        };
        (job.is_paused != is_paused).then(|| Edit { is_paused, fires, ..Edit::of(job) })
    }
}

impl Scheduler {
    /// Does something with the jobs that are meant, and counts those it changed.
    /// Either all of them are changed or none.
    pub(super) async fn for_each(
        &self,
        is_meant: impl Fn(&Job) -> bool + Send + Sync,
        action: Action,
    ) -> Result<usize, SchedulerError> {
        let mut meant = Vec::new();
        let mut look = |job: &Job| meant.extend(is_meant(job).then_some(job.id));
        self.0.engine.storage.visit_jobs(&mut look).await?;
        meant.sort_unstable();
        if meant.is_empty() {
            return Ok(0);
        }
        let scheduler = self.clone();
        let changed = async move {
            let editing = scheduler.0.engine.edit_all(&meant).await?;
            let changed = scheduler.change_alone(&meant, action).await;
            scheduler.0.engine.end_edits(editing, changed).await
        };
        self.0.engine.to_the_end(changed).await
    }

    async fn change_alone(&self, ids: &[JobId], action: Action) -> Result<usize, SchedulerError> {
        let engine = &self.0.engine;
        let mut tries = 0;
        loop {
            let changed = self.changes_of(ids, action).await?;
            let batch: Vec<Change> =
                changed.iter().flat_map(|changed| changed.changes.iter().cloned()).collect();
            // With no changes, what others have changed may not be safe yet.
            match engine.apply(&batch, Durability::Now).await {
                Ok(()) => {
                    let mut adopted = Ok(());
                    for changed in &changed {
                        // All of them are stored, so one that fails stops none.
                        adopted = adopted.and(self.adopt_changed(changed, action).await);
                    }
                    engine.prune_if_due().await;
                    return adopted.map(|()| changed.len());
                }
                Err(StorageError::Conflict(_)) if tries < TRIES => tries += 1,
                Err(error) => {
                    // Perhaps only the answer was lost.
                    for changed in &changed {
                        if let Err(error) = self.adopt_if_stored(changed, action).await {
                            tracing::error!(
                                error = &error as &dyn std::error::Error,
                                "cannot adopt a change that is stored"
                            );
                        }
                    }
                    return Err(error.into());
                }
            }
        }
    }

    /// The changes for each job that is there and is to be changed.
    async fn changes_of(&self, ids: &[JobId], action: Action) -> Result<Vec<Changed>, SchedulerError> {
        let mut all = Vec::new();
        // Those that are not there have ended or were cancelled meanwhile.
        let jobs = self.0.engine.storage.jobs_by_id(ids).await?;
        for mut job in jobs.into_iter().flatten() {
            let id = job.id();
            self.agree(&job, None).await?;
            let changes = if action == Action::Cancel {
                self.removal_of(job, SkipReason::Cancelled).await?
            } else {
                let Some(edit) = action.edit(&job) else { continue };
                self.revise(&mut job, edit, self.0.engine.clock.now())?
            };
            all.push(Changed { job: id, changes });
        }
        Ok(all)
    }

    /// Has the engine follow a change that is stored.
    async fn adopt_changed(&self, changed: &Changed, action: Action) -> Result<(), SchedulerError> {
        let Changed { job, changes } = changed;
        if action == Action::Cancel {
            self.forget_removed(*job, changes, 1).await;
            return Ok(());
        }
        self.0.engine.announce(changes);
        self.adopt_stored(*job, None).await
    }

    /// The same of a change that may not be stored, or no longer be the last one.
    async fn adopt_if_stored(&self, changed: &Changed, action: Action) -> Result<(), SchedulerError> {
        let Changed { job: id, changes } = changed;
        match self.stored(*id).await {
            Ok(job) => {
                if self.agree(&job, None).await? {
                    self.0.engine.announce(&changes[..1]);
                }
            }
            Err(SchedulerError::UnknownJob(_)) if action == Action::Cancel => {
                self.forget_removed(*id, changes, changes.len() - 1).await;
            }
            // The store is down.
            Err(_) => {}
        }
        Ok(())
    }
}
