//! What a person should know of how a scheduler was built.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// The notes of a build, which are there even if it fails.
#[derive(Debug, Clone, Default)]
pub(super) struct Notes(Arc<Mutex<Vec<String>>>);

impl Notes {
    pub(super) fn add(&self, notes: impl IntoIterator<Item = String>) {
        self.all().extend(notes);
    }

    /// The notes so far, in order.
    pub(super) fn all(&self) -> MutexGuard<'_, Vec<String>> {
        // Each change of it is whole.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
