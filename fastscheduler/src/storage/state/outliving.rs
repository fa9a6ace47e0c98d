//! Fires that are open though their jobs are gone.

use std::collections::BTreeMap;

use crate::job::{JobId, OpenFire, RunId};

/// What is left of the fires of jobs that were removed, until the ends of
/// their attempts are recorded.
#[derive(Default, Clone)]
pub(super) struct Outliving(BTreeMap<JobId, Vec<OpenFire>>);

impl Outliving {
    pub(super) fn add(&mut self, fire: OpenFire) {
        self.0.entry(fire.entry.job).or_default().push(fire);
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &OpenFire> {
        self.0.values().flatten()
    }

    pub(super) fn of_job(&self, job: JobId) -> &[OpenFire] {
        self.0.get(&job).map_or(&[], Vec::as_slice)
    }

    /// Whether the fire of an attempt is among them.
    pub(super) fn has(&self, run: RunId) -> bool {
        self.of(run).is_some()
    }

    /// Whether the fire of an attempt is among them, and no later attempt of it.
    pub(super) fn is_at(&self, run: RunId) -> bool {
        self.of(run).is_some_and(|open| open.entry.attempt <= run.attempt)
    }

    /// Closes the fire of an attempt that has ended, and says how many attempts
    /// of the job have.
    pub(super) fn end(&mut self, run: RunId) -> u64 {
        let Some(open) = self.0.get_mut(&run.job) else { return 0 };
        let mut ended = 0;
        for removed in open.iter_mut().filter_map(|open| open.removed.as_mut()) {
            removed.run_count = removed.run_count.saturating_add(1);
            ended = removed.run_count;
        }
        open.retain(|open| !open.is_of(run));
        if open.is_empty() {
            self.0.remove(&run.job);
        }
        ended
    }

    fn of(&self, run: RunId) -> Option<&OpenFire> {
        self.of_job(run.job).iter().find(|open| open.is_of(run))
    }
}
