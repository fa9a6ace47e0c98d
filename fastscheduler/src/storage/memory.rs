//! A store that ends with the process: the reference for the others.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use futures_util::future::{BoxFuture, ready};

use super::in_memory::answers_from_state;
use super::state::{HasState, State};
use super::{Change, Durability, Limits, Storage, StorageError};

/// A store in memory, which ends with the process.
///
/// It is a handle: clones of it are the same store, so that a test can look
/// into it from outside, or give it to a second scheduler.
///
/// # Examples
///
/// ```
/// use fastscheduler::storage::{MemoryStorage, Storage};
///
/// # tokio::runtime::Builder::new_current_thread().build()?.block_on(async {
/// let storage = MemoryStorage::default();
/// let same = storage.clone();
/// assert_eq!(storage.reserve_job_number().await?, 0);
/// assert_eq!(same.reserve_job_number().await?, 1);
/// # anyhow::Ok(()) })?;
/// # anyhow::Ok(())
/// ```
#[derive(Clone, Default)]
pub struct MemoryStorage(Arc<Mutex<State>>);

impl MemoryStorage {
    fn state(&self) -> MutexGuard<'_, State> {
        // Every change is made in one go, so a panic leaves none half-made.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for MemoryStorage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MemoryStorage").field("jobs", &self.state().job_count()).finish_non_exhaustive()
    }
}

impl HasState for MemoryStorage {
    fn with_state<T>(&self, work: impl FnOnce(&mut State) -> T) -> T {
        work(&mut self.state())
    }
}

impl Storage for MemoryStorage {
    fn kind(&self) -> &'static str {
        "memory"
    }

    answers_from_state! {}

    fn apply<'a>(
        &'a self,
        changes: &'a [Change],
        _durability: Durability,
    ) -> BoxFuture<'a, Result<(), StorageError>> {
        Box::pin(ready(self.state().apply(changes)))
    }

    fn clear_dead_letters(&self) -> BoxFuture<'_, Result<usize, StorageError>> {
        self.answer(State::clear_dead_letters)
    }

    fn prune(&self, limits: Limits) -> BoxFuture<'_, Result<(), StorageError>> {
        self.answer(|state| {
            state.prune(limits);
        })
    }
}
