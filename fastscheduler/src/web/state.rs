//! What all handlers work with.

use std::sync::Arc;

use crate::schedule::Zone;
use crate::scheduler::Scheduler;

/// What all handlers work with: a handle, cheap to clone.
#[derive(Clone)]
pub(super) struct WebState(Arc<Parts>);

pub(super) struct Parts {
    pub(super) scheduler: Scheduler,
    /// The zone of jobs that name none.
    pub(super) zone: Zone,
}

impl WebState {
    pub(super) fn new(scheduler: &Scheduler) -> Self {
        Self(Arc::new(Parts { scheduler: scheduler.clone(), zone: scheduler.zone().into() }))
    }
}

impl std::ops::Deref for WebState {
    type Target = Parts;

    fn deref(&self) -> &Parts {
        &self.0
    }
}
