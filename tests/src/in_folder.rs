//! A state file in a folder that goes with it.

use std::path::PathBuf;
use std::sync::Arc;

use fastscheduler::storage::{
    Change, Durability, HistoryQuery, JsonStorage, Limits, Storage, StorageError, Stored,
};
use fastscheduler::{DeadLetter, Job, JobId, Run, RunId, Statistics};
use futures_util::future::BoxFuture;
use tempfile::TempDir;

/// A store in files. Its folder is removed when the last clone is gone.
#[derive(Debug, Clone)]
pub struct InFolder {
    // First, since it is dropped first.
    store: JsonStorage,
    folder: Arc<TempDir>,
}

impl InFolder {
    /// A new one.
    ///
    /// # Panics
    ///
    /// If it cannot be made.
    pub fn new() -> Self {
        let folder = Arc::new(tempfile::tempdir().expect("a folder for temporary files"));
        let store = JsonStorage::open(folder.path().join("scheduler.json")).expect("an empty folder");
        Self { store, folder }
    }

    /// The state file.
    pub fn state_file(&self) -> PathBuf {
        self.folder.path().join("scheduler.json")
    }

    /// The store itself.
    pub fn store(&self) -> &JsonStorage {
        &self.store
    }
}

impl Default for InFolder {
    fn default() -> Self {
        Self::new()
    }
}

impl Storage for InFolder {
    fn reserve_job_number(&self) -> BoxFuture<'_, Result<u64, StorageError>> {
        self.store.reserve_job_number()
    }

    fn apply<'a>(
        &'a self,
        changes: &'a [Change],
        durability: Durability,
    ) -> BoxFuture<'a, Result<(), StorageError>> {
        self.store.apply(changes, durability)
    }

    fn load(&self) -> BoxFuture<'_, Result<Stored, StorageError>> {
        self.store.load()
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

    fn dead_letter(&self, run: RunId) -> BoxFuture<'_, Result<Option<DeadLetter>, StorageError>> {
        self.store.dead_letter(run)
    }

    fn clear_dead_letters(&self) -> BoxFuture<'_, Result<usize, StorageError>> {
        self.store.clear_dead_letters()
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

    fn close(&self) -> BoxFuture<'_, Result<(), StorageError>> {
        self.store.close()
    }
}
