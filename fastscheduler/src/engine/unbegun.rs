//! Which jobs may have fires that wait, or attempts after the first, so that nobody
//! need look at all jobs for it.

use std::collections::HashSet;
use std::sync::Mutex;

use super::lock;
use crate::job::JobId;
use crate::storage::Change;

/// Jobs of which a fire has been opened that waits: for a retry, or because a caller
/// asked for it. Those of which none does any more are left out by who looks.
#[derive(Debug, Default)]
pub(super) struct Unbegun(Mutex<HashSet<JobId>>);

impl Unbegun {
    /// Notes the jobs among changes that are stored.
    pub(super) fn note(&self, changes: &[Change]) {
        for change in changes {
            match change {
                Change::EndAttempt(ended) if ended.retry.is_some() => self.add(ended.run.job_id()),
                Change::OpenFire(entry) => self.add(entry.job),
                // Or else jobs that come and go would add up while nobody looks.
                Change::RemoveJob { job, .. } => self.remove(*job),
                Change::EndAttempt(_)
                | Change::AddJob(_)
                | Change::AddAgain { .. }
                | Change::ReviseJob(_)
                | Change::RequireJob(_)
                | Change::RemoveTombstone(_)
                | Change::Claim(_)
                | Change::Skip(_)
                | Change::TakeDeadLetter(_) => {}
            }
        }
    }

    pub(super) fn add(&self, job: JobId) {
        lock(&self.0).insert(job);
    }

    fn remove(&self, job: JobId) {
        lock(&self.0).remove(&job);
    }

    /// All of them.
    pub(super) fn all(&self) -> HashSet<JobId> {
        lock(&self.0).clone()
    }

    /// Takes all of them out. Who does so puts back those that it holds of still: what is
    /// noted meanwhile stays.
    pub(super) fn take(&self) -> HashSet<JobId> {
        std::mem::take(&mut *lock(&self.0))
    }
}
