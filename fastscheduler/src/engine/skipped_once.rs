//! One-time jobs whose only fire was skipped, and which have ended with it.
//!
//! If it was skipped because the clock was ahead, the job comes back when the
//! clock is set back.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};

use chrono::{DateTime, Utc};

use super::{Engine, LiveJob, lock};
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

impl Engine {
    /// Remembers a job whose only fire is about to be skipped.
    pub(super) async fn remember_skipped_once(&self, live: &LiveJob) {
        // A store that does not answer has not skipped it either.
        if let Ok(Some(job)) = self.storage.job(live.id).await {
            let mut all = lock(&self.skipped_once.0);
            // It is here already if what skips it failed to be stored the first time.
            all.retain(|other| other.job.id != job.id);
            all.push_back(SkippedOnce { job, function: Arc::clone(&live.function) });
            let surplus = all.len().saturating_sub(MOST);
            all.drain(..surplus);
        }
    }

    /// Those whose fires are later than `now`, after the clock was set back.
    pub(crate) fn skipped_once_after(&self, now: DateTime<Utc>) -> Vec<SkippedOnce> {
        let all = lock(&self.skipped_once.0);
        all.iter().filter(|skipped| skipped.job.next_run_at > Some(now)).cloned().collect()
    }

    /// Forgets those that have come back.
    pub(crate) fn forget_skipped_once(&self, now: DateTime<Utc>) {
        lock(&self.skipped_once.0).retain(|skipped| skipped.job.next_run_at <= Some(now));
    }
}
