//! The engine's tasks, none of which may die unseen.
//!
//! Whatever a task has in its hands, no other task knows of: claims, outcomes, a
//! change that the store has and the queue has not. So a task that panics is not
//! started again, which would lose that. The scheduler stops and says why, and its
//! next start finds in the store what was open.

use std::any::Any;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;

use futures_util::FutureExt as _;

use super::{Engine, Problem, ProblemCode};
use crate::job::panic_text;

impl Engine {
    /// Does something beside the jobs; a stop waits for it.
    pub(crate) fn spawn(
        self: &Arc<Self>,
        name: &'static str,
        task: impl Future<Output = ()> + Send + 'static,
    ) {
        self.lifecycle.spawn(self.watched(name, task));
    }

    /// A task that stops the scheduler if it panics.
    pub(super) fn watched<F: Future<Output = ()> + Send>(
        self: &Arc<Self>,
        name: &'static str,
        task: F,
    ) -> impl Future<Output = ()> + Send + use<F> {
        // The task decides for how long there is an engine.
        let engine = Arc::downgrade(self);
        AssertUnwindSafe(task).catch_unwind().map(move |ended| {
            if let Err(panic) = ended
                && let Some(engine) = engine.upgrade()
            {
                engine.has_panicked(name, panic);
            }
        })
    }

    /// Begins to stop, since a task has panicked.
    pub(super) fn has_panicked(&self, name: &str, panic: Box<dyn Any + Send>) {
        let error = format!("{name} {}", panic_text(panic));
        self.lifecycle.fail(error.clone());
        self.lifecycle.begin_to_stop();
        // Last, since it runs the code of whoever listens to the log.
        let values = [("error", error.into())];
        self.begin_problem(Problem::new(ProblemCode::TaskFailed, self.clock.now(), None, values));
    }

    /// Which task has panicked, and what it said.
    pub(crate) fn failure(&self) -> Option<&str> {
        self.lifecycle.failure()
    }

    /// Has the scheduler stop as soon as a task panics.
    pub(crate) async fn stop_at_failure(self: Arc<Self>, stop: impl Future<Output = ()> + Send + 'static) {
        tokio::select! {
            biased;
            () = self.lifecycle.failed() => {}
            () = self.lifecycle.executed() => return,
        }
        self.lifecycle.spawn_outside(stop);
    }
}
