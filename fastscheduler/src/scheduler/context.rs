//! The scheduler, from inside a job.

use std::sync::{Arc, Weak};

use super::{Inner, Scheduler};
use crate::registry::JobContext;

impl JobContext {
    /// The scheduler that runs this attempt.
    ///
    /// # Panics
    ///
    /// If the context outlived the scheduler: that was stopped, and no handle to it
    /// is left. While an attempt runs, its scheduler is there.
    ///
    /// # Examples
    ///
    /// ```
    /// use fastscheduler::prelude::*;
    ///
    /// #[job]
    /// async fn check(url: String, context: JobContext) -> anyhow::Result<()> {
    ///     if url.starts_with("http:") {
    ///         // Look again in an hour.
    ///         context.scheduler().add(once("1h").call("check").args([url])).await?;
    ///     }
    ///     Ok(())
    /// }
    /// ```
    #[must_use]
    pub fn scheduler(&self) -> Scheduler {
        let host = self.host().expect("a context is used while its scheduler is there");
        Scheduler(host.downcast().expect("the host of all contexts is a scheduler"))
    }
}

impl Scheduler {
    /// Lets contexts of attempts find this scheduler.
    pub(super) fn host_contexts(&self) {
        let inner: Weak<Inner> = Arc::downgrade(&self.0);
        self.0.engine.setup.states.set_host(inner);
    }

    /// Keeps the scheduler until no attempt runs any more, even if all other
    /// handles are dropped.
    pub(super) async fn outlast_attempts(self) {
        self.0.engine.executed().await;
    }
}
