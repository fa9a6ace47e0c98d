//! What runs beside the jobs from the start to the stop, such as a server.

use std::fmt;
use std::net::SocketAddr;

use futures_util::future::BoxFuture;

use super::{Scheduler, SchedulerError};

/// What runs beside the jobs from the start to the stop.
///
/// Layers above the scheduler give it to the builder.
pub(crate) trait Service: fmt::Debug + Send + Sync {
    /// Gets ready; an error fails the scheduler's start. If the start fails later,
    /// the returned value is dropped.
    fn start<'a>(&'a self, scheduler: &'a Scheduler) -> BoxFuture<'a, Result<Started, SchedulerError>>;

    /// The path of its page, for people.
    fn page(&self) -> &'static str;
}

/// A service that is ready.
pub(crate) struct Started {
    /// Where it can be reached.
    pub(crate) address: SocketAddr,
    /// Runs until the scheduler begins to [stop](Scheduler::stopping), and ends
    /// soon after.
    pub(crate) serving: BoxFuture<'static, ()>,
}
