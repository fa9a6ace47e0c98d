//! Which attempts have timed out and still hold a thread.

use std::collections::HashMap;
use std::sync::Mutex;

use chrono::{DateTime, Utc};

use super::lock;
use crate::job::{Name, RunId};

/// A thread that is busy with an attempt which has ended: by its timeout, or since it
/// was cancelled.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct HeldThread {
    /// The attempt.
    pub run_id: RunId,
    /// The name of its job.
    pub job_name: Name,
    /// When the attempt ended.
    pub since: DateTime<Utc>,
}

/// The threads that are held.
#[derive(Debug, Default)]
pub(super) struct HeldThreads(Mutex<HashMap<RunId, HeldThread>>);

impl HeldThreads {
    pub(super) fn add(&self, held: HeldThread) {
        lock(&self.0).insert(held.run_id, held);
    }

    pub(super) fn remove(&self, run: RunId) {
        lock(&self.0).remove(&run);
    }

    pub(super) fn has(&self, run: RunId) -> bool {
        lock(&self.0).contains_key(&run)
    }

    /// All of them, the one that is held longest first.
    pub(super) fn all(&self) -> Vec<HeldThread> {
        let mut all: Vec<_> = lock(&self.0).values().cloned().collect();
        all.sort_by_key(|held| (held.since, held.run_id));
        all
    }
}
