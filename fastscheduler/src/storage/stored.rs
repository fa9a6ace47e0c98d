//! What is in a store, how soon, and for how long.

use chrono::{DateTime, Utc};

use crate::job::{Job, OpenFire, Tombstone};

/// All that a scheduler must know when it starts.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Stored {
    /// All jobs, by id.
    pub jobs: Vec<Job>,
    /// The fires that are open, by job, instant and trigger.
    pub open: Vec<OpenFire>,
    /// Declared jobs that do not come back, by id.
    pub tombstones: Vec<Tombstone>,
}

/// How soon a change must be safe.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Durability {
    /// Before the call returns: a caller is told that it succeeded.
    Now,
    /// Within 100 ms.
    Soon,
}

/// How much history is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// The most runs.
    pub max_history: usize,
    /// Runs and dead letters that ended before this instant go. One may stay
    /// as long as another stays that was recorded before it.
    pub history_since: Option<DateTime<Utc>>,
    /// The most dead letters.
    pub max_dead_letters: usize,
}
