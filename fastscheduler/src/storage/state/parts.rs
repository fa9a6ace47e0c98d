//! The parts that a state is written in, and put together from again.

use std::sync::Arc;

use super::slots::Slot;
use super::{Recorded, State, Totals};
use crate::job::{DeadLetter, Job, OpenFire, Run, Statistics, Tombstone};

impl State {
    /// A state without jobs: the number of the next one, and the totals.
    pub(in crate::storage) fn new(next_job: u64, totals: Statistics) -> Self {
        let totals = Totals {
            runs: totals.total_runs,
            failures: totals.total_failures,
            retries: totals.total_retries,
            per_function: totals.per_function.into_iter().collect(),
        };
        Self { next_job, totals, ..Self::default() }
    }

    pub(in crate::storage) fn put_job(&mut self, job: Job, open: Vec<OpenFire>) {
        self.next_job = self.next_job.max(job.id().number().saturating_add(1));
        self.jobs.add(job.id(), || Slot { job, open });
    }

    pub(in crate::storage) fn put_outliving(&mut self, fire: OpenFire) {
        self.outliving.add(fire);
    }

    pub(in crate::storage) fn put_tombstone(&mut self, tombstone: Tombstone) {
        self.tombstones.insert(tombstone.job, tombstone);
    }

    pub(in crate::storage) fn put_run(&mut self, run: Run) {
        if self.history.is_new(run.run_id) {
            let run_count = run.run_count;
            self.history.add(Recorded::new(Arc::new(run), run_count));
        }
    }

    /// Gives it these dead letters, the oldest first, for its own.
    pub(in crate::storage) fn put_dead_letters(&mut self, letters: Vec<DeadLetter>) {
        self.dead_letters = letters.into_iter().map(Arc::new).collect();
    }

    pub(in crate::storage) fn next_job(&self) -> u64 {
        self.next_job
    }

    /// The jobs with their open fires, by id.
    pub(in crate::storage) fn job_parts(&self) -> Vec<(&Job, &[OpenFire])> {
        let mut parts: Vec<_> = self.jobs.iter().map(|slot| (&slot.job, slot.open.as_slice())).collect();
        parts.sort_unstable_by_key(|(job, _)| job.id());
        parts
    }

    /// The open fires of jobs that are gone, by job.
    pub(in crate::storage) fn outliving_parts(&self) -> Vec<&OpenFire> {
        self.outliving.iter().collect()
    }

    /// The tombstones, by id.
    pub(in crate::storage) fn tombstone_parts(&self) -> impl ExactSizeIterator<Item = &Tombstone> {
        self.tombstones.values()
    }

    /// The history, the oldest first.
    pub(in crate::storage) fn run_parts(&self) -> impl ExactSizeIterator<Item = Run> {
        self.history.iter().map(Recorded::to_run)
    }

    /// The dead letters, the oldest first.
    pub(in crate::storage) fn letter_parts(&self) -> impl ExactSizeIterator<Item = &Arc<DeadLetter>> {
        self.dead_letters.iter()
    }
}
