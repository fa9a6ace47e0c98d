//! What was recorded since old history was last dropped.

use std::sync::Mutex;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use tokio::sync::Notify;

use super::{Capacity, lock};
use crate::storage::Change;

const SECOND: TimeDelta = TimeDelta::seconds(1);

/// For how long old history is kept while there is new: a little less than a second, so
/// that a job each second need not wait for the next one.
const PAUSE: TimeDelta = TimeDelta::milliseconds(950);

/// Counts records, so that the store need not be asked to drop old ones after each.
#[derive(Debug, Default)]
pub(super) struct Unpruned {
    counts: Mutex<Counts>,
    some: Notify,
}

#[derive(Debug, Default, Clone, Copy)]
struct Counts {
    /// All that was recorded, at most: one that is stored twice counts twice.
    recorded: Records,
    /// What had been recorded when old history was last dropped.
    pruned: Records,
    /// When the store was last asked to, whether it did or not.
    asked_at: Option<DateTime<Utc>>,
}

/// Records that were made so far.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(super) struct Records {
    runs: u64,
    dead_letters: u64,
}

impl Counts {
    fn is_any_left(&self) -> bool {
        // Each dead letter comes with a run.
        self.recorded.runs > self.pruned.runs
    }
}

impl Unpruned {
    /// Counts the records among changes that are stored.
    pub(super) fn note(&self, changes: &[Change]) {
        let (mut runs, mut dead_letters) = (0, 0);
        for change in changes {
            if let Change::EndAttempt(ended) = change {
                runs += 1;
                dead_letters += u64::from(ended.dead_letter.is_some());
            } else if let Change::Skip(_) = change {
                runs += 1;
            }
        }
        if runs == 0 {
            return;
        }
        let mut counts = lock(&self.counts);
        let is_first = !counts.is_any_left();
        counts.recorded.runs += runs;
        counts.recorded.dead_letters += dead_letters;
        drop(counts);
        if is_first {
            self.some.notify_one();
        }
    }

    /// What was recorded so far, to be [dropped](Self::were_pruned) as far as it is old.
    pub(super) fn recorded(&self) -> Records {
        lock(&self.counts).recorded
    }

    /// The store is asked to drop old history.
    pub(super) fn is_asked(&self, now: DateTime<Utc>) {
        lock(&self.counts).asked_at = Some(now);
    }

    /// Old history was dropped after all of these were recorded.
    pub(super) fn were_pruned(&self, recorded: Records) {
        let mut counts = lock(&self.counts);
        // Others may have done so at the same time.
        if recorded.runs > counts.pruned.runs {
            counts.pruned = recorded;
        }
    }

    /// Whether anything was recorded since.
    pub(super) fn is_any_left(&self) -> bool {
        lock(&self.counts).is_any_left()
    }

    /// Whether anything was recorded, and nothing was dropped for about a second.
    pub(super) fn is_due(&self, now: DateTime<Utc>) -> bool {
        let counts = lock(&self.counts);
        // The clock may have been set back since.
        counts.is_any_left() && counts.asked_at.is_none_or(|at| (now - at).abs() >= PAUSE)
    }

    /// How much of a second is left since old history was dropped.
    pub(super) fn until_due(&self, now: DateTime<Utc>) -> Duration {
        let since = lock(&self.counts).asked_at.map(|at| (now - at).abs());
        let left = since.map_or(SECOND, |since| SECOND - since);
        // Nothing is left of it either if the clock was set.
        left.to_std().unwrap_or_default()
    }

    /// Whether there may be over a quarter more than is to be kept.
    pub(super) fn is_far_over(&self, capacity: &Capacity) -> bool {
        let Counts { recorded, pruned, .. } = *lock(&self.counts);
        let is_far_over = |recorded: u64, pruned: u64, limit: usize| {
            usize::try_from(recorded - pruned).is_ok_and(|records| records > limit / 4)
        };
        is_far_over(recorded.runs, pruned.runs, capacity.max_history)
            || is_far_over(recorded.dead_letters, pruned.dead_letters, capacity.max_dead_letters)
    }

    /// Waits until something is recorded, unless that was since.
    pub(super) async fn any(&self) {
        while !self.is_any_left() {
            self.some.notified().await;
        }
    }
}
