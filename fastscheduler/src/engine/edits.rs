//! Changes of jobs: one at a time for each job, and whole.
//!
//! A change marks its job, which keeps new claims of it from beginning, waits for
//! the batches that have not seen the mark, and holds all batches while the engine
//! adopts the revision that the store then has. A store that is slow to confirm a
//! change holds up this one job and no other.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use tokio::sync::RwLockWriteGuard;

use super::Engine;
use super::gate::Batch;
use crate::job::JobId;
use crate::storage::StorageError;

/// A change of a job that is under way, until it is dropped.
pub(crate) struct Editing {
    job: JobId,
    engine: Arc<Engine>,
}

impl Drop for Editing {
    fn drop(&mut self) {
        self.engine.table.gate.end_edit(self.job);
    }
}

/// Holds all batches until it is dropped.
#[must_use = "batches go on when it is dropped"]
pub(crate) struct HeldBatches<'a> {
    gate: Option<RwLockWriteGuard<'a, ()>>,
    engine: &'a Engine,
}

impl Drop for HeldBatches<'_> {
    fn drop(&mut self) {
        self.gate = None;
        // A batch that was waiting for the lock can go on now.
        self.engine.expect_dispatch();
    }
}

/// A future that is carried on in a task when its caller drops it.
#[must_use = "it is to be awaited"]
pub(crate) struct ToTheEnd<T: Send + 'static> {
    engine: Arc<Engine>,
    task: Option<BoxFuture<'static, T>>,
}

impl<T: Send + 'static> Future for ToTheEnd<T> {
    type Output = T;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<T> {
        // Out of its place, so that one that panics is not polled again.
        let mut task = self.task.take().expect("a future is not polled after its end");
        let polled = task.poll_unpin(context);
        self.task = polled.is_pending().then_some(task);
        polled
    }
}

impl<T: Send + 'static> Drop for ToTheEnd<T> {
    fn drop(&mut self) {
        if let Some(task) = self.task.take() {
            self.engine.spawn("a change", task.map(drop));
        }
    }
}

impl Engine {
    /// Runs something to its end even if the caller goes away: once the store has a
    /// change, the engine must follow.
    pub(crate) fn to_the_end<T: Send + 'static>(
        self: &Arc<Self>,
        task: impl Future<Output = T> + Send + 'static,
    ) -> ToTheEnd<T> {
        ToTheEnd { engine: Arc::clone(self), task: Some(Box::pin(task)) }
    }

    /// Begins a change of a job.
    ///
    /// # Errors
    ///
    /// If batches are stuck because the store fails: then the change would be
    /// too, and its caller is told at once.
    pub(crate) async fn edit(self: &Arc<Self>, job: JobId) -> Result<Editing, StorageError> {
        self.table.gate.begin_edit(job);
        let begun = self.when_batches_ended(Editing { job, engine: Arc::clone(self) }).await;
        begun.inspect_err(|_| self.spawn_after_edits(vec![job]))
    }

    /// Begins a change of several jobs, as [`edit`](Self::edit) does of one.
    pub(crate) async fn edit_all(self: &Arc<Self>, jobs: &[JobId]) -> Result<Vec<Editing>, StorageError> {
        let begin = |job: &JobId| {
            self.table.gate.begin_edit(*job);
            Editing { job: *job, engine: Arc::clone(self) }
        };
        let editing = jobs.iter().map(begin).collect();
        self.when_batches_ended(editing).await.inspect_err(|_| self.spawn_after_edits(jobs.to_vec()))
    }

    /// Ends changes of jobs, which succeeded or not.
    pub(crate) async fn end_edits<T, E>(
        self: &Arc<Self>,
        editing: Vec<Editing>,
        edited: Result<T, E>,
    ) -> Result<T, E> {
        let jobs = editing.iter().map(|editing| editing.job).collect::<Vec<_>>();
        drop(editing);
        match &edited {
            Ok(_) => self.after_edits(&jobs).await,
            // If the store fails, batches are stuck, and the caller is told at once.
            Err(_) => self.spawn_after_edits(jobs),
        }
        edited
    }

    /// Does what waited for changes that failed.
    fn spawn_after_edits(self: &Arc<Self>, jobs: Vec<JobId>) {
        let engine = Arc::clone(self);
        self.spawn("what waited for a change", async move { engine.after_edits(&jobs).await });
    }

    /// Returns what is given once the batches have ended that have not seen it.
    async fn when_batches_ended<T>(&self, editing: T) -> Result<T, StorageError> {
        tokio::select! {
            biased;
            () = self.table.gate.batches_ended() => Ok(editing),
            why = self.telemetry.troubles.any() => Err(StorageError::new("change the job", why)),
        }
    }

    /// Begins a batch: the engine adopts no revision meanwhile.
    pub(crate) async fn batch(&self) -> Batch<'_> {
        self.table.gate.batch().await
    }

    /// Waits for the batches under way, and holds all others while the engine adopts
    /// a revision.
    pub(crate) async fn hold_batches(&self) -> HeldBatches<'_> {
        HeldBatches { gate: Some(self.table.gate.close().await), engine: self }
    }
}
