//! A store that notes each batch it is given.

use std::sync::{Arc, Mutex, PoisonError};

use fastscheduler::storage::{Change, Durability, MemoryStorage, Storage, StorageError};
use futures_util::future::BoxFuture;

use crate::passed_on;

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
    passed_on! {
        inner: reserve_job_number load jobs job history dead_letters dead_letter clear_dead_letters
        statistics is_final prune
    }

    fn apply<'a>(
        &'a self,
        changes: &'a [Change],
        durability: Durability,
    ) -> BoxFuture<'a, Result<(), StorageError>> {
        self.batches.lock().unwrap_or_else(PoisonError::into_inner).push((changes.len(), durability));
        self.inner.apply(changes, durability)
    }
}
