//! One-time jobs whose only fire was skipped, and which have ended with it.
//!
//! If it was skipped because the clock was ahead, the job comes back when the
//! clock is set back.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};

use chrono::{DateTime, Utc};

use super::lock;
use crate::job::Job;
use crate::registry::Function;

/// The most of them that are remembered.
const MOST: usize = 1_000;

/// A job as it was before its fire was skipped.
#[derive(Debug, Clone)]
pub(crate) struct SkippedOnce {
    pub(crate) job: Job,
    pub(crate) function: Arc<Function>,
}

/// The last of them, the oldest first.
#[derive(Debug, Default)]
pub(super) struct AllSkippedOnce(Mutex<VecDeque<SkippedOnce>>);

impl AllSkippedOnce {
    /// Remembers a job, also if it is here already: what skips its fire may have
    /// failed to be stored the first time.
    pub(super) fn add(&self, skipped: SkippedOnce) {
        let mut all = lock(&self.0);
        all.retain(|other| other.job.id != skipped.job.id);
        all.push_back(skipped);
        let surplus = all.len().saturating_sub(MOST);
        all.drain(..surplus);
    }

    /// Those whose fires are later than `now`.
    pub(super) fn after(&self, now: DateTime<Utc>) -> Vec<SkippedOnce> {
        lock(&self.0).iter().filter(|skipped| skipped.job.next_run_at > Some(now)).cloned().collect()
    }

    /// Forgets those whose fires are later than `now`.
    pub(super) fn forget_after(&self, now: DateTime<Utc>) {
        lock(&self.0).retain(|skipped| skipped.job.next_run_at <= Some(now));
    }
}
