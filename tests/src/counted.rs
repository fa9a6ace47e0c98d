//! A store that notes each batch it is given, and each look at all jobs.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use fastscheduler::Job;
use fastscheduler::storage::{Change, Durability, Limits, MemoryStorage, Storage, StorageError};
use futures_util::future::BoxFuture;

use crate::passed_on;

/// A batch: how many changes it has, and how soon it must be safe.
pub type Batch = (usize, Durability);

/// A store in memory. Clones are the same store.
#[derive(Debug, Clone, Default)]
pub struct Counted {
    inner: MemoryStorage,
    batches: Arc<Mutex<Vec<Batch>>>,
    prunes: Arc<AtomicUsize>,
    looks: Arc<AtomicUsize>,
}

impl Counted {
    /// One with what is in a store; clones of that see what is changed.
    #[must_use]
    pub fn over(inner: MemoryStorage) -> Self {
        Self { inner, ..Self::default() }
    }

    /// How often it was asked to drop old history.
    #[must_use]
    pub fn prunes(&self) -> usize {
        self.prunes.load(Ordering::SeqCst)
    }

    /// How often it was asked for all jobs.
    #[must_use]
    pub fn looks(&self) -> usize {
        self.looks.load(Ordering::SeqCst)
    }

    /// The batches since it was last asked.
    #[must_use]
    pub fn take(&self) -> Vec<Batch> {
        std::mem::take(&mut self.batches.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Storage for Counted {
    passed_on! {
        inner: reserve_job_number load jobs job history dead_letters dead_letter clear_dead_letters
        statistics is_final
    }

    fn apply<'a>(
        &'a self,
        changes: &'a [Change],
        durability: Durability,
    ) -> BoxFuture<'a, Result<(), StorageError>> {
        self.batches.lock().unwrap_or_else(PoisonError::into_inner).push((changes.len(), durability));
        self.inner.apply(changes, durability)
    }

    fn visit_jobs<'a>(
        &'a self,
        visit: &'a mut (dyn FnMut(&Job) + Send),
    ) -> BoxFuture<'a, Result<(), StorageError>> {
        self.looks.fetch_add(1, Ordering::SeqCst);
        self.inner.visit_jobs(visit)
    }

    fn prune(&self, limits: Limits) -> BoxFuture<'_, Result<(), StorageError>> {
        self.prunes.fetch_add(1, Ordering::SeqCst);
        self.inner.prune(limits)
    }
}
