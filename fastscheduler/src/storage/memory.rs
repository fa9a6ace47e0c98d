//! A store that ends with the process: the reference for the others.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use chrono::{DateTime, Utc};
use futures_util::FutureExt as _;
use futures_util::future::{BoxFuture, ready};

use super::state::{self, HasState, State};
use super::{
    Change, Durability, HistoryQuery, JobCounts, JobPage, JobQuery, JobsNow, Limits, Storage, StorageError,
    Stored,
};
use crate::job::{DeadLetter, Job, JobId, OpenFire, Run, RunId, Statistics};

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

    fn answer<'a, T: Send + 'a>(
        &'a self,
        ask: impl FnOnce(&mut State) -> T,
    ) -> BoxFuture<'a, Result<T, StorageError>> {
        Box::pin(ready(Ok(ask(&mut self.state()))))
    }
}

impl HasState for MemoryStorage {
    fn with_state<T>(&self, work: impl FnOnce(&mut State) -> T) -> T {
        work(&mut self.state())
    }
}

impl fmt::Debug for MemoryStorage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MemoryStorage").field("jobs", &self.state().job_count()).finish_non_exhaustive()
    }
}

impl Storage for MemoryStorage {
    fn reserve_job_number(&self) -> BoxFuture<'_, Result<u64, StorageError>> {
        self.answer(State::reserve_job_number)
    }

    fn apply<'a>(
        &'a self,
        changes: &'a [Change],
        _durability: Durability,
    ) -> BoxFuture<'a, Result<(), StorageError>> {
        Box::pin(ready(self.state().apply(changes)))
    }

    fn load(&self) -> BoxFuture<'_, Result<Stored, StorageError>> {
        self.answer(|state| state.load())
    }

    fn jobs(&self) -> BoxFuture<'_, Result<Vec<Job>, StorageError>> {
        Box::pin(state::jobs(self).map(Ok))
    }

    fn visit_jobs<'a>(
        &'a self,
        visit: &'a mut (dyn FnMut(&Job) + Send),
    ) -> BoxFuture<'a, Result<(), StorageError>> {
        Box::pin(state::visit_jobs(self, visit).map(Ok))
    }

    fn job(&self, id: JobId) -> BoxFuture<'_, Result<Option<Job>, StorageError>> {
        self.answer(|state| state.job(id).cloned())
    }

    fn find_jobs<'a>(
        &'a self,
        query: &'a JobQuery,
        now: &'a JobsNow,
    ) -> BoxFuture<'a, Result<JobPage, StorageError>> {
        Box::pin(state::find_jobs(self, query, now).map(Ok))
    }

    fn jobs_by_id<'a>(&'a self, ids: &'a [JobId]) -> BoxFuture<'a, Result<Vec<Option<Job>>, StorageError>> {
        Box::pin(ready(Ok(state::jobs_by_id(self, ids))))
    }

    fn job_counts<'a>(&'a self, now: &'a JobsNow) -> BoxFuture<'a, Result<JobCounts, StorageError>> {
        Box::pin(state::job_counts(self, now).map(Ok))
    }

    fn open_fires(&self, job: JobId) -> BoxFuture<'_, Result<Vec<OpenFire>, StorageError>> {
        self.answer(move |state| state.open_fires(job))
    }

    fn history<'a>(&'a self, query: &'a HistoryQuery) -> BoxFuture<'a, Result<Vec<Run>, StorageError>> {
        self.answer(|state| state.history(query))
    }

    fn run(&self, run: RunId) -> BoxFuture<'_, Result<Option<Run>, StorageError>> {
        self.answer(move |state| state.run(run))
    }

    fn last_run_of_fire(&self, run: RunId) -> BoxFuture<'_, Result<Option<Run>, StorageError>> {
        self.answer(move |state| state.last_run_of_fire(run))
    }

    fn newest_request(&self, job: JobId) -> BoxFuture<'_, Result<Option<DateTime<Utc>>, StorageError>> {
        self.answer(move |state| state.newest_request(job))
    }

    fn dead_letters(&self, limit: usize) -> BoxFuture<'_, Result<Vec<DeadLetter>, StorageError>> {
        self.answer(|state| state.dead_letters(limit))
    }

    fn dead_letter_count(&self) -> BoxFuture<'_, Result<usize, StorageError>> {
        self.answer(|state| state.dead_letter_count())
    }

    fn dead_letter(&self, run: RunId) -> BoxFuture<'_, Result<Option<DeadLetter>, StorageError>> {
        self.answer(|state| state.dead_letter(run).cloned())
    }

    fn clear_dead_letters(&self) -> BoxFuture<'_, Result<usize, StorageError>> {
        self.answer(State::clear_dead_letters)
    }

    fn statistics(&self) -> BoxFuture<'_, Result<Statistics, StorageError>> {
        self.answer(|state| state.statistics())
    }

    fn is_final(&self, run: RunId) -> BoxFuture<'_, Result<bool, StorageError>> {
        self.answer(|state| state.is_over(run))
    }

    fn prune(&self, limits: Limits) -> BoxFuture<'_, Result<(), StorageError>> {
        self.answer(|state| {
            state.prune(limits);
        })
    }
}
