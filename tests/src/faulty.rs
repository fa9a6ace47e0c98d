//! A store that fails, or keeps its callers waiting, when it is told to.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};

use fastscheduler::storage::{
    Change, Durability, HistoryQuery, Limits, MemoryStorage, Storage, StorageError,
};
use fastscheduler::{Job, JobId, Run, RunId};
use futures_util::future::BoxFuture;
use tokio::sync::Notify;

use crate::passed_on;

/// What a store does that a fault is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    Add,
    Revise,
    Remove,
    Open,
    Claim,
    End,
    Skip,
    /// A batch that changes nothing, or something else.
    Other,
    ReadJob,
    ReadHistory,
    IsFinal,
    Prune,
    Check,
}

/// What is wrong with an answer.
#[derive(Debug, Clone)]
pub enum Fault {
    /// It fails, and nothing is done.
    Fails,
    /// It is done and reported as failed, as when an answer is lost.
    AnswerIsLost,
    /// It is done, and answered when it is told to.
    Waits(Arc<Notify>),
    /// It panics, and nothing is done.
    Panics,
}

/// Whether a change is refused for good.
pub type IsRefused = fn(&Change) -> bool;

/// A store in memory with faults. Clones are the same store.
#[derive(Debug, Clone, Default)]
pub struct Faulty {
    inner: MemoryStorage,
    once: Arc<Mutex<Vec<(Action, Fault)>>>,
    broken: Arc<Mutex<Vec<Action>>>,
    held: Arc<AtomicUsize>,
    refused: Arc<Mutex<Option<IsRefused>>>,
}

impl Faulty {
    /// The next such action goes wrong.
    pub fn once(&self, action: Action, fault: Fault) {
        lock(&self.once).push((action, fault));
    }

    /// The next such action is done, and answered when the answer is told to.
    #[must_use]
    pub fn holds(&self, action: Action) -> Arc<Notify> {
        let answer = Arc::new(Notify::new());
        self.once(action, Fault::Waits(Arc::clone(&answer)));
        answer
    }

    /// Whether an answer is being held, or was.
    #[must_use]
    pub fn has_held(&self) -> bool {
        self.held() > 0
    }

    /// How many answers are being held, or were.
    #[must_use]
    pub fn held(&self) -> usize {
        self.held.load(Ordering::SeqCst)
    }

    /// All such actions fail from now on.
    pub fn breaks(&self, actions: &[Action]) {
        lock(&self.broken).extend(actions);
    }

    /// Changes of which this is so are refused for good from now on.
    pub fn refuses(&self, is_refused: IsRefused) {
        *lock(&self.refused) = Some(is_refused);
    }

    /// Nothing is broken any more.
    pub fn is_mended(&self) {
        lock(&self.broken).clear();
    }

    /// The store without faults.
    #[must_use]
    pub fn inner(&self) -> &MemoryStorage {
        &self.inner
    }

    fn fault(&self, actions: &[Action]) -> Option<Fault> {
        if lock(&self.broken).iter().any(|broken| actions.contains(broken)) {
            return Some(Fault::Fails);
        }
        let mut once = lock(&self.once);
        let place = once.iter().position(|(action, _)| actions.contains(action))?;
        Some(once.remove(place).1)
    }

    async fn answer<T>(
        &self,
        actions: &[Action],
        done: impl Future<Output = Result<T, StorageError>>,
    ) -> Result<T, StorageError> {
        let lost = || StorageError::new("answer", "the disk is on fire");
        match self.fault(actions) {
            None => done.await,
            Some(Fault::Fails) => Err(lost()),
            Some(Fault::Panics) => panic!("the disk is on fire"),
            Some(Fault::AnswerIsLost) => {
                done.await?;
                Err(lost())
            }
            Some(Fault::Waits(told)) => {
                let done = done.await;
                self.held.fetch_add(1, Ordering::SeqCst);
                told.notified().await;
                done
            }
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().expect("no test panics with it")
}

fn action(change: &Change) -> Action {
    match change {
        Change::AddJob(_) => Action::Add,
        Change::ReviseJob(_) => Action::Revise,
        Change::RemoveJob { .. } => Action::Remove,
        Change::OpenFire(_) => Action::Open,
        Change::Claim(_) => Action::Claim,
        Change::EndAttempt(_) => Action::End,
        Change::Skip(_) => Action::Skip,
        _ => Action::Other,
    }
}

impl Storage for Faulty {
    passed_on! {
        inner: reserve_job_number load jobs run last_run_of_fire dead_letters dead_letter clear_dead_letters
        statistics
    }

    fn apply<'a>(
        &'a self,
        changes: &'a [Change],
        durability: Durability,
    ) -> BoxFuture<'a, Result<(), StorageError>> {
        let refused = *lock(&self.refused);
        if let Some(change) = changes.iter().position(|change| refused.is_some_and(|refused| refused(change)))
        {
            let invalid = StorageError::Invalid { change, reason: "it does not fit".to_owned() };
            return Box::pin(std::future::ready(Err(invalid)));
        }
        let mut actions: Vec<_> = changes.iter().map(action).collect();
        actions.push(Action::Other);
        Box::pin(
            async move { self.answer(&actions, async { self.inner.apply(changes, durability).await }).await },
        )
    }

    fn job(&self, id: JobId) -> BoxFuture<'_, Result<Option<Job>, StorageError>> {
        Box::pin(async move { self.answer(&[Action::ReadJob], async { self.inner.job(id).await }).await })
    }

    fn history<'a>(&'a self, query: &'a HistoryQuery) -> BoxFuture<'a, Result<Vec<Run>, StorageError>> {
        Box::pin(async move {
            self.answer(&[Action::ReadHistory], async { self.inner.history(query).await }).await
        })
    }

    fn is_final(&self, run: RunId) -> BoxFuture<'_, Result<bool, StorageError>> {
        Box::pin(
            async move { self.answer(&[Action::IsFinal], async { self.inner.is_final(run).await }).await },
        )
    }

    fn check(&self) -> BoxFuture<'_, Result<(), StorageError>> {
        Box::pin(async move { self.answer(&[Action::Check], async { self.inner.check().await }).await })
    }

    fn prune(&self, limits: Limits) -> BoxFuture<'_, Result<(), StorageError>> {
        Box::pin(async move { self.answer(&[Action::Prune], async { self.inner.prune(limits).await }).await })
    }
}
