//! A state file in a folder that goes with it.

use std::path::PathBuf;
use std::sync::Arc;

use fastscheduler::storage::{JsonStorage, Storage};
use tempfile::TempDir;

use crate::passed_on;

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
    passed_on! {
        store: reserve_job_number apply load jobs job history dead_letters dead_letter clear_dead_letters
        statistics is_final prune close
    }
}
