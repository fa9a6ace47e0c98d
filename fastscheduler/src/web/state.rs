//! What all handlers work with.

use std::sync::Arc;

use super::events::Streams;
use crate::schedule::Zone;
use crate::scheduler::Scheduler;

/// What all handlers work with: a handle, cheap to clone.
#[derive(Clone)]
pub(super) struct WebState(Arc<Parts>);

pub(super) struct Parts {
    pub(super) scheduler: Scheduler,
    /// The zone of jobs that name none.
    pub(super) zone: Zone,
    /// Those who listen to events.
    pub(super) events: Streams,
}

impl WebState {
    pub(super) fn new(scheduler: &Scheduler) -> Self {
        let zone = scheduler.zone().into();
        Self(Arc::new(Parts { scheduler: scheduler.clone(), zone, events: Streams::new(scheduler, zone) }))
    }
}

impl std::ops::Deref for WebState {
    type Target = Parts;

    fn deref(&self) -> &Parts {
        &self.0
    }
}
