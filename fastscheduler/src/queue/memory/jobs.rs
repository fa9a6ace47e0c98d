//! The jobs that the queue knows.

use std::ops::{Index, IndexMut};

use super::job::JobState;
use crate::job::{JobId, JobMap};

/// Where the state of a job is, for as long as the queue knows the job.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Slot(u32);

/// The states of all jobs, side by side.
#[derive(Debug, Default)]
pub(super) struct Jobs {
    states: Vec<JobState>,
    free: Vec<Slot>,
    slots: JobMap<Slot>,
}

impl Jobs {
    pub(super) fn slot(&self, job: JobId) -> Option<Slot> {
        self.slots.get(&job).copied()
    }

    pub(super) fn slot_or_new(&mut self, job: JobId) -> Slot {
        *self.slots.entry(job).or_insert_with(|| {
            self.free.pop().unwrap_or_else(|| {
                if self.states.len() == self.states.capacity() {
                    // By a quarter: doubling would leave half of a large one empty.
                    self.states.reserve_exact(self.states.len() / 4 + 16);
                }
                self.states.push(JobState::default());
                Slot(
                    u32::try_from(self.states.len() - 1).expect("fewer than four billion jobs are in memory"),
                )
            })
        })
    }

    pub(super) fn forget(&mut self, job: JobId) {
        if let Some(slot) = self.slots.remove(&job) {
            self[slot] = JobState::default();
            self.free.push(slot);
        }
    }

    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        self.slots.len()
    }
}

impl Index<Slot> for Jobs {
    type Output = JobState;

    fn index(&self, slot: Slot) -> &JobState {
        &self.states[slot.0 as usize]
    }
}

impl IndexMut<Slot> for Jobs {
    fn index_mut(&mut self, slot: Slot) -> &mut JobState {
        &mut self.states[slot.0 as usize]
    }
}
