//! Keeps changes of jobs apart from the batches that the engine works on.
//!
//! A batch of claims reads what a job is, writes down that its fires begin, and
//! settles; a batch of outcomes skips what came due meanwhile, and places the next
//! fire; a change of a job writes what it is and does both as well. Mixed, they
//! would account for a fire twice or not at all. So a change marks its job, and
//! waits for the batches that have not seen the mark. Later batches leave what comes
//! next of that job to the change: its claims are given back, and its attempts that
//! end place no successor until the change is over. Batches go on with all other jobs,
//! however long the store takes to confirm the change. No batch is worked on while the
//! engine adopts what the change made of the job.

use std::collections::HashMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::sync::{RwLock, RwLockReadGuard, RwLockWriteGuard};

use super::lock;
use crate::job::JobId;

/// Who works on what.
#[derive(Debug, Default)]
pub(super) struct Gate {
    /// Read by batches, written by who adopts a revision.
    batches: RwLock<()>,
    /// The jobs that are being changed, and how many changes of each are under way.
    edited: Mutex<HashMap<JobId, usize>>,
    /// How many jobs that are: batches look at this, and most find none.
    count: AtomicUsize,
}

/// A batch that is being worked on, until it is dropped.
pub(crate) type Batch<'a> = RwLockReadGuard<'a, ()>;

impl Gate {
    /// Begins a batch: no revision is adopted meanwhile. A job that is not being
    /// changed now is not until the batch has ended, since changes wait for that.
    pub(super) async fn batch(&self) -> Batch<'_> {
        self.batches.read().await
    }

    /// Closes the gate: no batch is worked on until the guard is dropped.
    pub(super) async fn close(&self) -> RwLockWriteGuard<'_, ()> {
        self.batches.write().await
    }

    /// Waits until no batch is under way that began before this.
    pub(super) async fn batches_ended(&self) {
        drop(self.close().await);
    }

    pub(super) fn begin_edit(&self, job: JobId) {
        let mut edited = lock(&self.edited);
        *edited.entry(job).or_default() += 1;
        self.count.store(edited.len(), Ordering::SeqCst);
    }

    pub(super) fn end_edit(&self, job: JobId) {
        let mut edited = lock(&self.edited);
        if let Some(edits) = edited.get_mut(&job) {
            *edits -= 1;
            if *edits == 0 {
                edited.remove(&job);
            }
        }
        self.count.store(edited.len(), Ordering::SeqCst);
    }

    /// Whether a change of a job is under way, which may give it other fires.
    pub(super) fn is_edited(&self, job: JobId) -> bool {
        self.count.load(Ordering::SeqCst) > 0 && lock(&self.edited).contains_key(&job)
    }
}
