//! Which attempts have timed out and still hold a thread.

use std::collections::HashSet;
use std::sync::Mutex;

use super::lock;
use crate::job::RunId;

/// Attempts at blocking functions that have ended by their timeout, or were cancelled,
/// while their threads have not ended.
#[derive(Debug, Default)]
pub(super) struct HeldThreads(Mutex<HashSet<RunId>>);

impl HeldThreads {
    pub(super) fn add(&self, run: RunId) {
        lock(&self.0).insert(run);
    }

    pub(super) fn remove(&self, run: RunId) {
        lock(&self.0).remove(&run);
    }

    pub(super) fn has(&self, run: RunId) -> bool {
        lock(&self.0).contains(&run)
    }
}
