//! Keeps changes of jobs apart from the batches that the engine works on.
//!
//! A batch of claims reads what a job is, writes down that its fires begin, and
//! settles; a change of a job writes what it is and puts its next fire into the
//! queue. Mixed, the two would account for a fire twice or not at all. So
//! whoever takes a change over marks the job and waits for the batches that have
//! not seen the mark. Later batches leave that one job out, however long it takes.

use std::collections::HashMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::sync::{Notify, RwLock, RwLockReadGuard, RwLockWriteGuard};

use super::attempt::Ended;
use super::lock;
use crate::job::JobId;

/// Who works on what.
#[derive(Debug, Default)]
pub(super) struct Gate {
    /// Read by batches, written by who waits for those that are under way.
    batches: RwLock<()>,
    /// Jobs whose changes are being taken over, with the outcomes that wait for it.
    closed: Mutex<HashMap<JobId, Vec<Ended>>>,
    /// How many jobs that are: batches look at this, and most find none.
    count: AtomicUsize,
    opened: Notify,
}

/// A batch that is being worked on, until it is dropped.
pub(crate) type Batch<'a> = RwLockReadGuard<'a, ()>;

impl Gate {
    /// Begins a batch, which leaves out jobs that are [closed](Self::is_closed).
    pub(super) async fn batch(&self) -> Batch<'_> {
        self.batches.read().await
    }

    /// Begins a batch of one job, once it is not closed.
    pub(super) async fn batch_of(&self, job: JobId) -> Batch<'_> {
        self.when(|| async {
            let batch = self.batches.read().await;
            (!self.is_closed(job)).then_some(batch)
        })
        .await
    }

    /// Waits until no batch is under way that began before this.
    pub(super) async fn batches_ended(&self) {
        drop(self.batches.write().await);
    }

    /// Closes the gate for a job, once it is open. [`open`](Self::open) ends it.
    /// Batches that have not seen this may still be under way.
    pub(super) async fn close(&self, job: JobId) {
        self.when(|| async { self.mark(job).then_some(()) }).await;
    }

    /// Closes the gate for all jobs, until the guard is dropped.
    pub(super) async fn close_all(&self) -> RwLockWriteGuard<'_, ()> {
        self.when(|| async {
            let alone = self.batches.write().await;
            (self.count.load(Ordering::SeqCst) == 0).then_some(alone)
        })
        .await
    }

    /// Opens the gate for a job, and returns the outcomes that waited for that.
    pub(super) fn open(&self, job: JobId) -> Vec<Ended> {
        let waited = {
            let mut closed = lock(&self.closed);
            let waited = closed.remove(&job).unwrap_or_default();
            self.count.store(closed.len(), Ordering::SeqCst);
            waited
        };
        self.opened.notify_waiters();
        waited
    }

    /// Whether a change of the job is being taken over.
    pub(super) fn is_closed(&self, job: JobId) -> bool {
        self.count.load(Ordering::SeqCst) > 0 && lock(&self.closed).contains_key(&job)
    }

    /// Returns an outcome, unless it has to wait for the gate to open.
    pub(super) fn admit(&self, ended: Ended) -> Option<Ended> {
        if self.count.load(Ordering::SeqCst) == 0 {
            return Some(ended);
        }
        match lock(&self.closed).get_mut(&ended.attempt.job.id) {
            Some(waiting) => {
                waiting.push(ended);
                None
            }
            None => Some(ended),
        }
    }

    /// Marks a job as closed, and returns whether it was open.
    fn mark(&self, job: JobId) -> bool {
        let mut closed = lock(&self.closed);
        if closed.contains_key(&job) {
            return false;
        }
        closed.insert(job, Vec::new());
        self.count.store(closed.len(), Ordering::SeqCst);
        true
    }

    /// Tries now, and each time that the gate has been opened for a job.
    async fn when<T, F: Future<Output = Option<T>>>(&self, attempt: impl Fn() -> F) -> T {
        loop {
            let opened = self.opened.notified();
            tokio::pin!(opened);
            opened.as_mut().enable();
            if let Some(done) = attempt().await {
                return done;
            }
            opened.await;
        }
    }
}
