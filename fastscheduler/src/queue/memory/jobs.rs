//! The jobs that the queue knows.

use std::ops::{Index, IndexMut};

use super::job::JobState;
use super::node::Slot;
use crate::job::{JobId, JobPages};

/// How many states lie side by side.
const CHUNK: usize = 1024;

/// The states of all jobs, side by side.
#[derive(Debug, Default)]
pub(super) struct Jobs {
    /// In chunks, which neither move nor leave room for more than one more.
    chunks: Vec<Vec<JobState>>,
    free: Vec<Slot>,
    slots: JobPages<Slot>,
}

impl Jobs {
    pub(super) fn slot(&self, job: JobId) -> Option<Slot> {
        self.slots.get(job).copied()
    }

    pub(super) fn slot_or_new(&mut self, job: JobId) -> Slot {
        let Self { chunks, free, slots } = self;
        *slots.get_or_insert_with(job, || free.pop().unwrap_or_else(|| new_slot(chunks)))
    }

    pub(super) fn forget(&mut self, job: JobId) {
        if let Some(slot) = self.slots.remove(job) {
            self[slot] = JobState::default();
            self.free.push(slot);
        }
    }

    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        self.slots.len()
    }
}

fn new_slot(chunks: &mut Vec<Vec<JobState>>) -> Slot {
    if chunks.last().is_none_or(|chunk| chunk.len() == CHUNK) {
        // The first grows with the need: most queues are small.
        let room = if chunks.is_empty() { 0 } else { CHUNK };
        chunks.push(Vec::with_capacity(room));
    }
    let before = (chunks.len() - 1) * CHUNK;
    let chunk = chunks.last_mut().expect("a chunk was added where there was none");
    chunk.push(JobState::default());
    Slot::new(before + chunk.len() - 1)
}

impl Index<Slot> for Jobs {
    type Output = JobState;

    fn index(&self, slot: Slot) -> &JobState {
        let index = slot.index();
        &self.chunks[index / CHUNK][index % CHUNK]
    }
}

impl IndexMut<Slot> for Jobs {
    fn index_mut(&mut self, slot: Slot) -> &mut JobState {
        let index = slot.index();
        &mut self.chunks[index / CHUNK][index % CHUNK]
    }
}
