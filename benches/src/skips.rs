//! Counts the fires that a scheduler skips and says so.
//!
//! The history keeps the newest runs only, so skips are counted as they are
//! written.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use fastscheduler::storage::{Change, Durability, Limits, MemoryStorage, Storage, StorageError};
use fastscheduler::{DeadLetter, HistoryQuery, Job, JobId, Run, RunId, Statistics};
use futures_util::future::BoxFuture;

use crate::window::Window;

/// The store in memory, with an eye on what is written.
#[derive(Debug)]
pub(crate) struct SkipCounter {
    store: MemoryStorage,
    window: Window,
    skipped: Arc<AtomicU64>,
}

impl SkipCounter {
    /// A store, and the number of fires of the window that were skipped.
    pub(crate) fn new(window: Window) -> (Self, Arc<AtomicU64>) {
        let skipped = Arc::default();
        (Self { store: MemoryStorage::default(), window, skipped: Arc::clone(&skipped) }, skipped)
    }
}

impl Storage for SkipCounter {
    fn apply<'a>(
        &'a self,
        changes: &'a [Change],
        durability: Durability,
    ) -> BoxFuture<'a, Result<(), StorageError>> {
        for change in changes {
            if let Change::Skip(skip) = change
                && let Some(skipped) = skip.run.skipped
            {
                let count = self.window.count(skipped.first, skipped.count);
                self.skipped.fetch_add(count, Ordering::Relaxed);
            }
        }
        self.store.apply(changes, durability)
    }

    fn reserve_job_number(&self) -> BoxFuture<'_, Result<u64, StorageError>> {
        self.store.reserve_job_number()
    }

    fn jobs(&self) -> BoxFuture<'_, Result<Vec<Job>, StorageError>> {
        self.store.jobs()
    }

    fn job(&self, id: JobId) -> BoxFuture<'_, Result<Option<Job>, StorageError>> {
        self.store.job(id)
    }

    fn history<'a>(&'a self, query: &'a HistoryQuery) -> BoxFuture<'a, Result<Vec<Run>, StorageError>> {
        self.store.history(query)
    }

    fn dead_letters(&self, limit: usize) -> BoxFuture<'_, Result<Vec<DeadLetter>, StorageError>> {
        self.store.dead_letters(limit)
    }

    fn statistics(&self) -> BoxFuture<'_, Result<Statistics, StorageError>> {
        self.store.statistics()
    }

    fn is_final(&self, run: RunId) -> BoxFuture<'_, Result<bool, StorageError>> {
        self.store.is_final(run)
    }

    fn prune(&self, limits: Limits) -> BoxFuture<'_, Result<(), StorageError>> {
        self.store.prune(limits)
    }
}
