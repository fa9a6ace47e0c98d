//! What runs beside the jobs from the start to the stop, such as a server.

use std::fmt;
use std::net::SocketAddr;

use futures_util::future::BoxFuture;

use super::{Scheduler, SchedulerError};

/// What runs beside the jobs from the start to the stop.
///
/// Layers above the scheduler give it to the builder.
pub(crate) trait Service: fmt::Debug + Send + Sync {
    /// Gets ready; an error is one of the start. If the start fails later, what
    /// this returns is dropped.
    fn start<'a>(&'a self, scheduler: &'a Scheduler) -> BoxFuture<'a, Result<Started, SchedulerError>>;
}

/// A service that is ready.
pub(crate) struct Started {
    /// Where it can be reached.
    pub(crate) address: SocketAddr,
    /// Goes on until the scheduler is being [stopped](Scheduler::stopping), and
    /// ends soon after.
    pub(crate) serving: BoxFuture<'static, ()>,
}
