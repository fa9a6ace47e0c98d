//! The engine's tasks, none of which may die unseen.
//!
//! Whatever a task has in its hands, no other task knows of: claims, outcomes, a
//! change that the store has and the queue has not. So a task that panics is not
//! started again, which would lose that. The scheduler stops and says why, and its
//! next start finds in the store what was open.

use std::any::Any;
use std::panic::AssertUnwindSafe;
use std::sync::{Arc, OnceLock};

use futures_util::FutureExt as _;
use tokio::runtime::Handle;
use tokio_util::sync::CancellationToken;

use super::{Engine, Problem, ProblemCode};
use crate::job::panic_text;

/// Whether a task has panicked.
#[derive(Debug, Default)]
pub(super) struct Failure {
    /// Which task it was, and what it said.
    what: OnceLock<String>,
    has_come: CancellationToken,
}

impl Failure {
    pub(super) fn has_come(&self) -> bool {
        self.has_come.is_cancelled()
    }

    pub(super) async fn comes(&self) {
        self.has_come.cancelled().await;
    }
}

impl Engine {
    /// Does something beside the jobs; a stop waits for it.
    pub(crate) fn spawn(
        self: &Arc<Self>,
        name: &'static str,
        task: impl Future<Output = ()> + Send + 'static,
    ) {
        // Before the start, where the caller is.
        let runtime = self.runtime.get().cloned().or_else(|| Handle::try_current().ok());
        if let Some(runtime) = runtime {
            self.tasks.spawn_on(self.watched(name, task), &runtime);
        }
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
        let _ = self.failure.what.set(error.clone());
        self.failure.has_come.cancel();
        self.begin_to_stop();
        // Last, since it runs the code of whoever listens to the log.
        let values = [("error", error.into())];
        self.problems.begin(Problem::new(ProblemCode::TaskFailed, self.clock.now(), None, values));
    }

    /// Which task has panicked, and what it said.
    pub(crate) fn failure(&self) -> Option<&str> {
        self.failure.what.get().map(String::as_str)
    }

    /// Has the scheduler stop as soon as a task panics.
    pub(crate) async fn stop_at_failure(self: Arc<Self>, stop: impl Future<Output = ()> + Send + 'static) {
        tokio::select! {
            biased;
            () = self.failure.comes() => {}
            () = self.executing.cancelled() => return,
        }
        if let Some(runtime) = self.runtime.get() {
            // Not with `self.tasks`: it would wait for itself.
            runtime.spawn(stop);
        }
    }
}
