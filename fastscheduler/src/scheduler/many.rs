//! Changing many jobs at once: one batch for the store, and one sync.

use super::edit::{Edit, Fires, TRIES};
use super::{RefusedJob, Scheduler, SchedulerError};
use crate::job::{Job, JobId, SkipReason};
use crate::storage::{Change, Durability, StorageError};

/// What is done with each of several jobs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Action {
    Pause,
    Resume,
    Cancel,
}

/// What a job that refuses means for the others.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum OnRefusal {
    /// None is changed. Jobs that are not there are no matter.
    ChangeNone,
    /// They are changed without it.
    LeaveOut,
}

/// What became of several jobs.
#[derive(Default)]
pub(super) struct ManyChanged {
    pub(super) changed: usize,
    /// Those that were so before.
    pub(super) unchanged: usize,
    pub(super) refused: Vec<RefusedJob>,
}

/// The changes for several jobs.
#[derive(Default)]
struct Planned {
    changed: Vec<Changed>,
    unchanged: usize,
    refused: Vec<RefusedJob>,
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
        Ok(self.change_all(meant, action, OnRefusal::ChangeNone).await?.changed)
    }

    /// Does something with jobs, each of which is named once, in one batch.
    pub(super) async fn change_all(
        &self,
        jobs: Vec<JobId>,
        action: Action,
        on_refusal: OnRefusal,
    ) -> Result<ManyChanged, SchedulerError> {
        if jobs.is_empty() {
            return Ok(ManyChanged::default());
        }
        let scheduler = self.clone();
        let changed = async move {
            let editing = scheduler.0.engine.edit_all(&jobs).await?;
            let changed = scheduler.change_alone(&jobs, action, on_refusal).await;
            scheduler.0.engine.end_edits(editing, changed).await
        };
        self.0.engine.to_the_end(changed).await
    }

    async fn change_alone(
        &self,
        ids: &[JobId],
        action: Action,
        on_refusal: OnRefusal,
    ) -> Result<ManyChanged, SchedulerError> {
        let engine = &self.0.engine;
        let mut tries = 0;
        loop {
            let Planned { changed, unchanged, refused } = self.planned(ids, action, on_refusal).await?;
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
                    return adopted.map(|()| ManyChanged { changed: changed.len(), unchanged, refused });
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
    async fn planned(
        &self,
        ids: &[JobId],
        action: Action,
        on_refusal: OnRefusal,
    ) -> Result<Planned, SchedulerError> {
        let mut planned = Planned::default();
        let jobs = self.0.engine.storage.jobs_by_id(ids).await?;
        for (id, job) in ids.iter().copied().zip(jobs) {
            let changes = match job {
                Some(job) => self.changes_of(job, action).await,
                // It was not there, has ended, or was cancelled meanwhile.
                None if on_refusal == OnRefusal::ChangeNone => continue,
                None => Err(SchedulerError::UnknownJob(id.to_string())),
            };
            match changes {
                Ok(Some(changes)) => planned.changed.push(Changed { job: id, changes }),
                Ok(None) => planned.unchanged += 1,
                Err(error @ SchedulerError::Storage(_)) => return Err(error),
                Err(error) if on_refusal == OnRefusal::ChangeNone => return Err(error),
                Err(error) => planned.refused.push(RefusedJob { job: id, error }),
            }
        }
        Ok(planned)
    }

    /// The changes for a job; `None` if it is as it is to be.
    async fn changes_of(&self, mut job: Job, action: Action) -> Result<Option<Vec<Change>>, SchedulerError> {
        self.agree(&job, None).await?;
        if action == Action::Cancel {
            return self.removal_of(job, SkipReason::Cancelled).await.map(Some);
        }
        let edit = action.edit(&job);
        edit.map(|edit| self.revise(&mut job, edit, self.0.engine.clock.now())).transpose()
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
