//! Starting and ending: what the engine has begun, and what it still waits for.

use std::collections::HashSet;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, OnceLock};

use chrono::{DateTime, Utc};
use tokio::runtime::Handle;
use tokio_util::sync::{CancellationToken, DropGuard};
use tokio_util::task::TaskTracker;

use super::lock;
use crate::job::RunId;

/// How far the engine has come, and its tasks.
///
/// It ends in stages: it [claims](Self::is_stopping) nothing more, cuts attempts
/// short that did not call `stop`, and then all of them.
#[derive(Debug)]
pub(super) struct Lifecycle {
    /// When the process made the engine, by its clock.
    pub(super) built_at: DateTime<Utc>,
    /// The runtime that it was started on.
    runtime: OnceLock<Handle>,
    tasks: TaskTracker,
    /// Whether fires are put into the queue: from the start on.
    is_placing: AtomicBool,
    /// Cancelled when the stop begins.
    stopping: CancellationToken,
    /// Cancelled when the last claim was handed out.
    claimed_last: CancellationToken,
    /// Cancelled when all attempts but those that called `stop` are cut short.
    cutting: CancellationToken,
    /// Cancelled when all attempts are.
    executed: CancellationToken,
    /// Attempts that called `stop` and have not ended.
    callers: Mutex<HashSet<RunId>>,
    /// Cancelled when somebody else has taken over the store.
    lost: CancellationToken,
    /// Whether the store was closed: what is not written by then never is.
    is_closed: AtomicBool,
    /// Which task has panicked, and what it said.
    failure: OnceLock<String>,
    /// Cancelled when one has.
    failed: CancellationToken,
}

impl Lifecycle {
    pub(super) fn new(built_at: DateTime<Utc>) -> Self {
        Self {
            built_at,
            runtime: OnceLock::new(),
            tasks: TaskTracker::new(),
            is_placing: AtomicBool::new(false),
            stopping: CancellationToken::new(),
            claimed_last: CancellationToken::new(),
            cutting: CancellationToken::new(),
            executed: CancellationToken::new(),
            callers: Mutex::default(),
            lost: CancellationToken::new(),
            is_closed: AtomicBool::new(false),
            failure: OnceLock::new(),
            failed: CancellationToken::new(),
        }
    }

    /// Has tasks run on the runtime of the caller from now on.
    pub(super) fn enter_runtime(&self) -> &Handle {
        self.runtime.get_or_init(Handle::current)
    }

    pub(super) fn runtime(&self) -> Option<&Handle> {
        self.runtime.get()
    }

    /// Spawns a task that the stop waits for. Before the start it runs where the
    /// caller is.
    pub(super) fn spawn(&self, task: impl Future<Output = ()> + Send + 'static) {
        if let Some(runtime) = self.runtime.get() {
            self.tasks.spawn_on(task, runtime);
        } else if let Ok(runtime) = Handle::try_current() {
            self.tasks.spawn_on(task, &runtime);
        }
    }

    /// Spawns a task that waits for the stop, so that the stop does not wait for it.
    pub(super) fn spawn_outside(&self, task: impl Future<Output = ()> + Send + 'static) {
        if let Some(runtime) = self.runtime.get() {
            runtime.spawn(task);
        }
    }

    pub(super) fn has_tasks(&self) -> bool {
        !self.tasks.is_empty()
    }

    /// Waits until no task is left.
    pub(super) async fn tasks_ended(&self) {
        self.tasks.close();
        self.tasks.wait().await;
    }

    /// Whether it was started, and fires are put into the queue.
    pub(super) fn is_placing(&self) -> bool {
        self.is_placing.load(Ordering::Acquire)
    }

    pub(super) fn begin_to_place(&self) {
        self.is_placing.store(true, Ordering::Release);
    }

    /// Takes back that it was started, since the start failed.
    pub(super) fn stop_placing(&self) {
        self.is_placing.store(false, Ordering::Release);
    }

    pub(super) fn begin_to_stop(&self) {
        self.stopping.cancel();
    }

    pub(super) fn is_stopping(&self) -> bool {
        self.stopping.is_cancelled()
    }

    /// Waits until the stop begins.
    pub(super) async fn stopping(&self) {
        self.stopping.cancelled().await;
    }

    /// The same, for callers that must not keep the engine alive.
    pub(super) fn stopping_token(&self) -> CancellationToken {
        self.stopping.clone()
    }

    /// Nothing more is claimed when the guard is dropped.
    pub(super) fn claims(&self) -> DropGuard {
        self.claimed_last.clone().drop_guard()
    }

    /// Says that nothing more is claimed.
    pub(super) fn claim_no_more(&self) {
        self.claimed_last.cancel();
    }

    /// Waits until nothing more is claimed.
    pub(super) async fn claimed_last(&self) {
        self.claimed_last.cancelled().await;
    }

    /// Cuts attempts short, except those that called `stop`.
    pub(super) fn cut_short(&self) {
        self.cutting.cancel();
    }

    /// Cuts all attempts short.
    pub(super) fn end_execution(&self) {
        self.cutting.cancel();
        self.executed.cancel();
    }

    /// Waits until all attempts have ended or are cut short.
    pub(super) async fn executed(&self) {
        self.executed.cancelled().await;
    }

    pub(super) fn executed_token(&self) -> &CancellationToken {
        &self.executed
    }

    /// Waits until the stop cuts an attempt short.
    pub(super) async fn interrupted(&self, run: RunId) {
        self.cutting.cancelled().await;
        if self.is_caller(run) {
            self.executed.cancelled().await;
        }
    }

    /// Notes that an attempt called `stop`.
    pub(super) fn add_caller(&self, run: RunId) {
        lock(&self.callers).insert(run);
    }

    /// How many attempts called `stop` and have not ended.
    pub(super) fn callers(&self) -> usize {
        lock(&self.callers).len()
    }

    pub(super) fn is_caller(&self, run: RunId) -> bool {
        lock(&self.callers).contains(&run)
    }

    /// Forgets attempts that have ended; done before their slots are freed.
    pub(super) fn forget_callers(&self, runs: impl Iterator<Item = RunId>) {
        if self.is_stopping() {
            let mut callers = lock(&self.callers);
            runs.for_each(|run| {
                callers.remove(&run);
            });
        }
    }

    /// Notes which task has panicked, and what it said. The first one counts.
    pub(super) fn fail(&self, what: String) {
        let _ = self.failure.set(what);
        self.failed.cancel();
    }

    /// Which task has panicked, and what it said.
    pub(super) fn failure(&self) -> Option<&str> {
        self.failure.get().map(String::as_str)
    }

    /// Waits until a task has panicked.
    pub(super) async fn failed(&self) {
        self.failed.cancelled().await;
    }

    /// Notes that somebody else has taken over the store.
    pub(super) fn lose_store(&self) {
        self.lost.cancel();
    }

    /// Waits until somebody else has taken over the store.
    pub(super) async fn store_lost(&self) {
        self.lost.cancelled().await;
    }

    /// Notes that the store is about to be closed.
    pub(super) fn close_store(&self) {
        self.is_closed.store(true, Ordering::Release);
    }

    pub(super) fn is_store_closed(&self) -> bool {
        self.is_closed.load(Ordering::Acquire)
    }
}
