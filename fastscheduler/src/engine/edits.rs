//! Keeping changes of jobs apart from the batches that the engine works on.
//!
//! A batch of claims reads what a job is, writes down that its fires begin, and
//! settles; a change of a job writes what it is and puts its next fire into the
//! queue. Mixed, the two would account for a fire twice or not at all. So a
//! change marks its job, which keeps new claims of it from beginning, waits
//! for the batches that have not seen the mark, and takes over alone. A store
//! that is slow to confirm a change holds up this one job and no other.

use std::collections::BTreeMap;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use tokio::sync::{RwLock, RwLockReadGuard, RwLockWriteGuard, watch};

use super::activity::Activity;
use super::{Engine, Problem, ProblemCode};
use crate::job::JobId;
use crate::storage::StorageError;

/// What fails, and why.
type Troubles = BTreeMap<String, String>;

/// Who works on what.
#[derive(Debug)]
pub(super) struct Exclusion {
    /// Read by batches, written by who takes a change over.
    batches: RwLock<()>,
    /// Why the store or the queue cannot be written, while that lasts.
    trouble: watch::Sender<Troubles>,
}

impl Default for Exclusion {
    fn default() -> Self {
        Self { batches: RwLock::default(), trouble: watch::Sender::new(Troubles::new()) }
    }
}

/// A change of a job that is under way, until it is dropped.
#[derive(Debug)]
pub(crate) struct Editing(Option<Arc<Activity>>);

impl Drop for Editing {
    fn drop(&mut self) {
        if let Some(activity) = &self.0 {
            activity.end_edit();
        }
    }
}

/// Keeps batches out while a change is taken over; ends when it is dropped.
#[must_use = "batches go on when it is dropped"]
pub(crate) struct TakingOver<'a> {
    alone: Option<RwLockWriteGuard<'a, ()>>,
    engine: &'a Engine,
}

impl Drop for TakingOver<'_> {
    fn drop(&mut self) {
        self.alone = None;
        // A batch that was waiting for the lock can go on now.
        self.engine.expect_dispatch();
    }
}

/// What goes on by itself when its caller goes away.
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
    /// Does something to its end, also if the caller goes away: what the store
    /// was told is to be taken over.
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
    pub(crate) async fn edit(&self, id: JobId) -> Result<Editing, StorageError> {
        let editing = Editing(self.table.get(id).map(|job| Arc::clone(&job.activity)));
        if let Some(activity) = &editing.0 {
            activity.begin_edit();
        }
        let mut trouble = self.exclusion.trouble.subscribe();
        tokio::select! {
            biased;
            _ = self.exclusion.batches.write() => Ok(editing),
            why = trouble.wait_for(|troubles| !troubles.is_empty()) => {
                let why = why.ok().and_then(|troubles| troubles.values().next().cloned());
                Err(StorageError::new("change the job", why.unwrap_or_default()))
            }
        }
    }

    /// Works on a batch: no change is taken over meanwhile.
    pub(crate) async fn batch(&self) -> RwLockReadGuard<'_, ()> {
        self.exclusion.batches.read().await
    }

    /// Takes a change over: no batch is worked on meanwhile.
    pub(crate) async fn taking_over(&self) -> TakingOver<'_> {
        TakingOver { alone: Some(self.exclusion.batches.write().await), engine: self }
    }

    /// Remembers why something fails, or that it no longer does. Each thing that
    /// is done has a name of its own: that one succeeds says nothing of another.
    pub(super) fn note_trouble(&self, what: &str, why: Option<String>) {
        let (mut has_begun, mut has_ended) = (None, false);
        self.exclusion.trouble.send_if_modified(|troubles| {
            let Some(why) = why else {
                let is_known = troubles.remove(what).is_some();
                has_ended = is_known && troubles.is_empty();
                return is_known;
            };
            has_begun = troubles.is_empty().then(|| why.clone());
            troubles.insert(what.to_owned(), why);
            true
        });
        if let Some(error) = has_begun {
            let values = [("error", error.into())];
            self.problems.begin(Problem::new(ProblemCode::StoreFailing, self.clock.now(), None, values));
        }
        if has_ended {
            self.problems.end(ProblemCode::StoreFailing, None);
        }
    }
}
