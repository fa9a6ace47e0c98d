//! What the feature `testing` needs from a scheduler.

use chrono::{DateTime, Utc};

use super::{Scheduler, SchedulerError};
use crate::storage::Storage;

impl Scheduler {
    /// Waits until nothing is due and no attempt is under way.
    pub(crate) async fn quiet(&self) -> Result<(), SchedulerError> {
        if !self.is_running() {
            return Err(SchedulerError::Phase("the scheduler is not running; call `start()` first"));
        }
        self.check_clock().await;
        Ok(self.0.engine.quiet().await?)
    }

    /// When the next fire, retry or manual run is due that is not due yet.
    pub(crate) async fn next_due(&self) -> Result<Option<DateTime<Utc>>, SchedulerError> {
        Ok(self.0.engine.queue.next_due(self.0.engine.clock.now()).await?)
    }

    /// The store.
    pub(crate) fn storage(&self) -> &dyn Storage {
        self.0.engine.storage.inner()
    }
}
