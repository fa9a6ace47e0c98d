//! What runs beside the jobs from the start to the stop, such as a server.

use std::fmt;
use std::net::SocketAddr;

use futures_util::future::BoxFuture;

use super::{Scheduler, SchedulerError};

/// What runs beside the jobs from the start to the stop.
///
/// Layers above the scheduler give it to the builder.
pub(crate) trait Service: fmt::Debug + Send + Sync {
    /// Gets ready. What it answers goes on until the scheduler is being
    /// [stopped](Scheduler::stopping), and ends soon after; an error is one of
    /// the start.
    fn start<'a>(
        &'a self,
        scheduler: &'a Scheduler,
    ) -> BoxFuture<'a, Result<BoxFuture<'static, ()>, SchedulerError>>;

    /// Where it can be reached, once it has started.
    fn address(&self) -> Option<SocketAddr>;
}
