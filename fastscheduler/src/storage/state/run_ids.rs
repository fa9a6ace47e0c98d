//! The ids of the runs that the history has, each with its number.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::hash::{BuildHasherDefault, Hash, Hasher};

use crate::job::{JobHasher, RunId};

/// A map that has the ids of adjacent jobs at about the same time side by
/// side: they come and go one after another, and when they go they have long
/// been out of the cache.
#[derive(Default, Clone)]
pub(super) struct RunIds(HashMap<Neighbour, u64, BuildHasherDefault<JobHasher>>);

#[derive(PartialEq, Eq, Clone, Copy)]
struct Neighbour(RunId);

impl Hash for Neighbour {
    fn hash<H: Hasher>(&self, state: &mut H) {
        let RunId { job, scheduled_for, attempt, .. } = self.0;
        // About a millisecond; what is nearer is told apart by the job.
        let time = scheduled_for.timestamp_micros().cast_unsigned() >> 10;
        let block = time.wrapping_mul(0x9E37_79B9_7F4A_7C15) ^ (job.number() / 16);
        state.write_u64((block << 4) | (job.number().wrapping_add(u64::from(attempt)) % 16));
    }
}

impl RunIds {
    /// Adds an id unless it is there already, and returns whether it added it.
    pub(super) fn insert(&mut self, run: RunId, number: u64) -> bool {
        match self.0.entry(Neighbour(run)) {
            Entry::Occupied(_) => false,
            Entry::Vacant(vacant) => {
                vacant.insert(number);
                true
            }
        }
    }

    pub(super) fn remove(&mut self, run: RunId) {
        self.0.remove(&Neighbour(run));
    }

    pub(super) fn get(&self, run: RunId) -> Option<u64> {
        self.0.get(&Neighbour(run)).copied()
    }
}
