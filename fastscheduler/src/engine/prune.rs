//! Dropping history and dead letters that are beyond their limits.
//!
//! Asking the store to drop old records after each batch of new ones would cost a busy
//! scheduler more than it is worth. So they are dropped once a second: with a batch if
//! that was a second ago, which wakes nobody, and otherwise later. They are dropped at
//! once when as many as a quarter of a limit are new, and before a user reads the
//! history and at the stop, so that nobody finds more than the limits allow.

use std::sync::Arc;

use super::Engine;
use super::failure::describe;
use crate::storage::Limits;

impl Engine {
    /// Drops old records while there are new ones, until execution ends.
    pub(super) async fn prune_in_time(self: Arc<Self>) {
        let pruning = async {
            loop {
                self.unpruned.any().await;
                // Time that passes: the clock on the wall may be set back.
                self.clock.sleep(self.unpruned.until_due(self.clock.now())).await;
                // Not if that was done with a batch meanwhile.
                if self.unpruned.is_due(self.clock.now()) {
                    self.prune().await;
                }
            }
        };
        tokio::select! {
            biased;
            () = self.lifecycle.executed() => {}
            () = pruning => {}
        }
    }

    /// Drops old records if that was not done for a second, or if there are too many
    /// new ones to let them wait.
    pub(crate) async fn prune_if_due(&self) {
        let is_over = || self.unpruned.is_far_over(&self.setup.capacity);
        if self.unpruned.is_due(self.clock.now()) || is_over() {
            self.prune().await;
        }
    }

    /// Drops old records if there are new ones: whoever reads them, or closes the
    /// store, finds no more than the limits allow.
    pub(crate) async fn prune_new(&self) {
        if self.unpruned.is_any_left() {
            self.prune().await;
        }
    }

    /// Drops what is beyond the limits of history and dead letters. What could
    /// not be dropped goes the next time: no job waits for that.
    pub(crate) async fn prune(&self) {
        let recorded = self.unpruned.recorded();
        self.unpruned.is_asked(self.clock.now());
        match self.storage.prune(self.limits()).await {
            Ok(()) => self.unpruned.were_pruned(recorded),
            Err(error) => tracing::error!(error = describe(&error), "could not drop old history"),
        }
    }

    fn limits(&self) -> Limits {
        let days = self.setup.capacity.history_retention_days;
        let age =
            (days > 0 && self.clock.may_drop_by_age()).then(|| chrono::TimeDelta::days(i64::from(days)));
        Limits {
            max_history: self.setup.capacity.max_history,
            history_since: age.and_then(|age| self.clock.now().checked_sub_signed(age)),
            max_dead_letters: self.setup.capacity.max_dead_letters,
        }
    }
}
