//! A store that notes each batch it is given.

use std::sync::{Arc, Mutex, PoisonError};

use fastscheduler::storage::{
    Change, Durability, HistoryQuery, Limits, MemoryStorage, Storage, StorageError, Stored,
};
use fastscheduler::{DeadLetter, Job, JobId, Run, RunId, Statistics};
use futures_util::future::BoxFuture;

/// A batch: how many changes it has, and how soon it must be safe.
pub type Batch = (usize, Durability);

/// A store in memory. Clones are the same store.
#[derive(Debug, Clone, Default)]
pub struct Counted {
    inner: MemoryStorage,
    batches: Arc<Mutex<Vec<Batch>>>,
}

impl Counted {
    /// One with what is in a store; clones of that see what is changed.
    #[must_use]
    pub fn over(inner: MemoryStorage) -> Self {
        Self { inner, batches: Arc::default() }
    }

    /// The batches since it was last asked.
    #[must_use]
    pub fn take(&self) -> Vec<Batch> {
        std::mem::take(&mut self.batches.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Storage for Counted {
    fn reserve_job_number(&self) -> BoxFuture<'_, Result<u64, StorageError>> {
        self.inner.reserve_job_number()
    }

    fn apply<'a>(
        &'a self,
        changes: &'a [Change],
        durability: Durability,
    ) -> BoxFuture<'a, Result<(), StorageError>> {
        self.batches.lock().unwrap_or_else(PoisonError::into_inner).push((changes.len(), durability));
        self.inner.apply(changes, durability)
    }

    fn load(&self) -> BoxFuture<'_, Result<Stored, StorageError>> {
        self.inner.load()
    }

    fn jobs(&self) -> BoxFuture<'_, Result<Vec<Job>, StorageError>> {
        self.inner.jobs()
    }

    fn job(&self, id: JobId) -> BoxFuture<'_, Result<Option<Job>, StorageError>> {
        self.inner.job(id)
    }

    fn history<'a>(&'a self, query: &'a HistoryQuery) -> BoxFuture<'a, Result<Vec<Run>, StorageError>> {
        self.inner.history(query)
    }

    fn dead_letters(&self, limit: usize) -> BoxFuture<'_, Result<Vec<DeadLetter>, StorageError>> {
        self.inner.dead_letters(limit)
    }

    fn dead_letter(&self, run: RunId) -> BoxFuture<'_, Result<Option<DeadLetter>, StorageError>> {
        self.inner.dead_letter(run)
    }

    fn clear_dead_letters(&self) -> BoxFuture<'_, Result<usize, StorageError>> {
        self.inner.clear_dead_letters()
    }

    fn statistics(&self) -> BoxFuture<'_, Result<Statistics, StorageError>> {
        self.inner.statistics()
    }

    fn is_final(&self, run: RunId) -> BoxFuture<'_, Result<bool, StorageError>> {
        self.inner.is_final(run)
    }

    fn prune(&self, limits: Limits) -> BoxFuture<'_, Result<(), StorageError>> {
        self.inner.prune(limits)
    }
}
