//! Keeps changes of jobs apart from the batches that the engine works on.
//!
//! A batch of claims reads what a job is, writes down that its fires begin, and
//! settles; a change of a job writes what it is and puts its next fire into the
//! queue. Mixed, the two would account for a fire twice or not at all. So a change
//! marks its job, and waits for the batches that have not seen the mark. Later
//! batches leave that one job out, however long the store takes: its claims are given
//! back. No batch is worked on while the change is taken over.

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
    /// The jobs that are being changed.
    marked: Mutex<HashMap<JobId, Marked>>,
    /// How many jobs that are: batches look at this, and most find none.
    count: AtomicUsize,
    opened: Notify,
}

/// A job that is being changed.
#[derive(Debug, Default)]
struct Marked {
    /// Changes that are under way.
    edits: usize,
    /// Whether one is being taken over: nobody else works on the job then.
    is_closed: bool,
    /// The outcomes that wait for that to be over.
    outcomes: Vec<Ended>,
}

/// A batch that is being worked on, until it is dropped.
pub(crate) type Batch<'a> = RwLockReadGuard<'a, ()>;

impl Gate {
    /// Begins a batch, which leaves out jobs that are being changed.
    pub(super) async fn batch(&self) -> Batch<'_> {
        self.batches.read().await
    }

    /// Begins a batch of one job, once nobody takes over a change of it.
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

    /// Keeps batches from being worked on until the guard is dropped.
    pub(super) async fn stop_batches(&self) -> RwLockWriteGuard<'_, ()> {
        self.batches.write().await
    }

    /// Begins to change a job.
    pub(super) fn begin_edit(&self, job: JobId) {
        self.update(job, |marked| marked.edits += 1);
    }

    pub(super) fn end_edit(&self, job: JobId) {
        self.update(job, |marked| marked.edits -= 1);
    }

    /// Closes the gate for a job, once it is open. [`open`](Self::open) ends it.
    /// Batches that have not seen this may still be under way.
    pub(super) async fn close(&self, job: JobId) {
        self.when(|| async { self.try_close(job).then_some(()) }).await;
    }

    /// Opens the gate for a job, and returns the outcomes that waited for that.
    #[must_use]
    pub(super) fn open(&self, job: JobId) -> Vec<Ended> {
        let waited = self.update(job, |marked| marked.is_closed = false);
        self.opened.notify_waiters();
        waited
    }

    /// Closes the gate for all jobs, until the guard is dropped.
    pub(super) async fn close_all(&self) -> RwLockWriteGuard<'_, ()> {
        self.when(|| async {
            let alone = self.batches.write().await;
            (!lock(&self.marked).values().any(|marked| marked.is_closed)).then_some(alone)
        })
        .await
    }

    /// Whether a job is being changed.
    pub(super) fn is_marked(&self, job: JobId) -> bool {
        self.find(job, |_| true)
    }

    /// Whether a change of a job is under way, which may give it other fires.
    pub(super) fn is_edited(&self, job: JobId) -> bool {
        self.find(job, |marked| marked.edits > 0)
    }

    /// Whether a change of a job is being taken over.
    pub(super) fn is_closed(&self, job: JobId) -> bool {
        self.find(job, |marked| marked.is_closed)
    }

    fn find(&self, job: JobId, is_so: impl FnOnce(&Marked) -> bool) -> bool {
        self.count.load(Ordering::SeqCst) > 0 && lock(&self.marked).get(&job).is_some_and(is_so)
    }

    /// Takes the outcomes out that have to wait for the gate to open.
    pub(super) fn admit(&self, batch: &mut Vec<Ended>) {
        if self.count.load(Ordering::SeqCst) == 0 {
            return;
        }
        let mut marked = lock(&self.marked);
        let mut is_held =
            |ended: &mut Ended| marked.get(&ended.attempt.job.id).is_some_and(|marked| marked.is_closed);
        let held: Vec<Ended> = batch.extract_if(.., &mut is_held).collect();
        for ended in held {
            if let Some(marked) = marked.get_mut(&ended.attempt.job.id) {
                marked.outcomes.push(ended);
            }
        }
    }

    /// Closes the gate for a job, and returns whether it was open.
    fn try_close(&self, job: JobId) -> bool {
        let mut all = lock(&self.marked);
        let was_closed = std::mem::replace(&mut all.entry(job).or_default().is_closed, true);
        self.count.store(all.len(), Ordering::SeqCst);
        !was_closed
    }

    /// Changes a job's mark, and returns the outcomes that need not wait any longer.
    fn update(&self, job: JobId, change: impl FnOnce(&mut Marked)) -> Vec<Ended> {
        let mut all = lock(&self.marked);
        let marked = all.entry(job).or_default();
        change(marked);
        let outcomes = if marked.is_closed { Vec::new() } else { std::mem::take(&mut marked.outcomes) };
        if !marked.is_closed && marked.edits == 0 {
            all.remove(&job);
        }
        self.count.store(all.len(), Ordering::SeqCst);
        outcomes
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
