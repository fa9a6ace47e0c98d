//! Which jobs have attempts under way, so that nobody need look at all jobs for it.

use std::sync::Mutex;

use super::lock;
use crate::job::{JobId, JobMap};

/// The jobs with attempts under way, and how many each has.
#[derive(Debug, Default)]
pub(super) struct RunningJobs(Mutex<JobMap<u32>>);

impl RunningJobs {
    /// Attempts at these jobs begin.
    pub(super) fn add(&self, jobs: impl Iterator<Item = JobId>) {
        let mut running = lock(&self.0);
        jobs.for_each(|job| *running.entry(job).or_default() += 1);
    }

    /// Attempts at these jobs have ended.
    pub(super) fn remove(&self, jobs: impl Iterator<Item = JobId>) {
        let mut running = lock(&self.0);
        for job in jobs {
            if let Some(attempts) = running.get_mut(&job) {
                *attempts -= 1;
                if *attempts == 0 {
                    running.remove(&job);
                }
            }
        }
    }

    /// How many attempts a job has under way.
    pub(super) fn count(&self, job: JobId) -> u32 {
        lock(&self.0).get(&job).copied().unwrap_or_default()
    }

    /// How many attempts are under way.
    pub(super) fn attempts(&self) -> usize {
        lock(&self.0).values().map(|attempts| *attempts as usize).sum()
    }

    /// The jobs, in no order.
    pub(super) fn all(&self) -> Vec<JobId> {
        lock(&self.0).keys().copied().collect()
    }
}
