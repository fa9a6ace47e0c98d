//! The store in files keeps what every store promises when its files are closed
//! and opened again around every change.

use std::sync::Arc;

use fastscheduler::storage::{
    Change, Durability, HistoryQuery, JsonStorage, Limits, Storage, StorageError, Stored,
};
use fastscheduler::{DeadLetter, Job, JobId, Run, RunId, Statistics};
use fastscheduler_tests::state_folder::StateFolder;
use futures_util::future::BoxFuture;
use tokio::sync::Mutex;

/// A store that begins anew with every change, and after it. Clones are the same store.
#[derive(Debug, Clone)]
struct Reopened(Arc<Mutex<Files>>);

#[derive(Debug)]
struct Files {
    // First, since it is dropped first.
    store: Option<JsonStorage>,
    folder: StateFolder,
    openings: usize,
    /// Whether nothing was changed since it was opened: it is what the files say.
    is_fresh: bool,
    /// What is pruned is written with the next change.
    was_pruned: bool,
    /// One above the numbers that were given; nobody else knows of those that no
    /// job has.
    next_job: u64,
}

impl Reopened {
    fn new() -> Self {
        let folder = StateFolder::new();
        Self(Arc::new(Mutex::new(Files {
            store: None,
            folder,
            openings: 0,
            is_fresh: false,
            was_pruned: false,
            next_job: 0,
        })))
    }

    async fn read<T>(
        &self,
        ask: impl AsyncFnOnce(JsonStorage) -> Result<T, StorageError>,
    ) -> Result<T, StorageError> {
        let mut files = self.0.lock().await;
        let store = match &files.store {
            Some(store) if files.is_fresh => store.clone(),
            _ => files.reopen().await?,
        };
        files.is_fresh = true;
        ask(store).await
    }

    async fn change<T>(
        &self,
        ask: impl AsyncFnOnce(JsonStorage) -> Result<T, StorageError>,
    ) -> Result<T, StorageError> {
        let mut files = self.0.lock().await;
        ask(files.reopen().await?).await
    }
}

impl Files {
    /// Ends as a stop does, as a program that just ends, or as one that is
    /// killed, and begins again, with and without folding beside what follows.
    async fn reopen(&mut self) -> Result<JsonStorage, StorageError> {
        self.openings += 1;
        if let Some(store) = self.store.take() {
            let folds = !self.openings.is_multiple_of(2);
            if self.was_pruned || self.openings.is_multiple_of(3) {
                store.close().await?;
                assert!(self.folder.contents().keys().all(|name| !name.contains("journal")));
            } else if self.openings % 3 == 1 && !folds {
                // While files are folded, they cannot all be copied at once.
                self.folder = self.folder.after_a_kill();
            }
        }
        (self.was_pruned, self.is_fresh) = (false, false);
        let store = self.folder.open()?;
        assert_eq!(store.notes(), [""; 0]);
        let store = if self.openings.is_multiple_of(2) { store.fold_at(1) } else { store };
        Ok(self.store.insert(store).clone())
    }
}

impl Storage for Reopened {
    fn reserve_job_number(&self) -> BoxFuture<'_, Result<u64, StorageError>> {
        Box::pin(async move {
            let mut files = self.0.lock().await;
            let store = files.reopen().await?;
            let mut number = store.reserve_job_number().await?;
            while number < files.next_job {
                number = store.reserve_job_number().await?;
            }
            files.next_job = number + 1;
            Ok(number)
        })
    }

    fn apply<'a>(
        &'a self,
        changes: &'a [Change],
        durability: Durability,
    ) -> BoxFuture<'a, Result<(), StorageError>> {
        Box::pin(self.change(async move |store| store.apply(changes, durability).await))
    }

    fn load(&self) -> BoxFuture<'_, Result<Stored, StorageError>> {
        Box::pin(self.read(async |store| store.load().await))
    }

    fn jobs(&self) -> BoxFuture<'_, Result<Vec<Job>, StorageError>> {
        Box::pin(self.read(async |store| store.jobs().await))
    }

    fn job(&self, id: JobId) -> BoxFuture<'_, Result<Option<Job>, StorageError>> {
        Box::pin(self.read(async move |store| store.job(id).await))
    }

    fn history<'a>(&'a self, query: &'a HistoryQuery) -> BoxFuture<'a, Result<Vec<Run>, StorageError>> {
        Box::pin(self.read(async move |store| store.history(query).await))
    }

    fn dead_letters(&self, limit: usize) -> BoxFuture<'_, Result<Vec<DeadLetter>, StorageError>> {
        Box::pin(self.read(async move |store| store.dead_letters(limit).await))
    }

    fn dead_letter(&self, run: RunId) -> BoxFuture<'_, Result<Option<DeadLetter>, StorageError>> {
        Box::pin(self.read(async move |store| store.dead_letter(run).await))
    }

    fn clear_dead_letters(&self) -> BoxFuture<'_, Result<usize, StorageError>> {
        Box::pin(self.change(async |store| store.clear_dead_letters().await))
    }

    fn statistics(&self) -> BoxFuture<'_, Result<Statistics, StorageError>> {
        Box::pin(self.read(async |store| store.statistics().await))
    }

    fn is_final(&self, run: RunId) -> BoxFuture<'_, Result<bool, StorageError>> {
        Box::pin(self.read(async move |store| store.is_final(run).await))
    }

    fn prune(&self, limits: Limits) -> BoxFuture<'_, Result<(), StorageError>> {
        Box::pin(async move {
            let mut files = self.0.lock().await;
            let store = files.reopen().await?;
            files.was_pruned = true;
            store.prune(limits).await
        })
    }
}

fastscheduler::storage_contract!(|| async { Reopened::new() });
