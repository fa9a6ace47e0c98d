//! The loop: claims what is due, executes it, and settles the outcome.
//!
//! - [`dispatch`] waits for the next due entry and claims, without polling.
//! - [`execute`] runs attempts: a few pullers poll each future once and spawn
//!   it only if it is pending; blocking functions get a thread.
//! - [`plan`] says which fire comes next, and which ones are skipped.
//! - [`settle`] records outcomes in batches.
//! - [`shutdown`] ends all of it in order.
//!
//! This is the only place that spawns tasks, and no lock is held across an
//! `.await` or across user code.

mod attempt;
mod dispatch;
mod execute;
mod plan;
mod settle;
mod shutdown;
mod table;

use std::collections::VecDeque;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::{Notify, broadcast};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::clock::Clock;
use crate::job::{Lane, Run};
use crate::queue::{Claim, Queue};
use crate::registry::States;
use crate::storage::{Limits, Storage};

use attempt::Ended;
pub(crate) use table::{LiveJob, Table};

/// How long to wait after the queue or the store failed.
const AFTER_FAILURE: Duration = Duration::from_secs(1);

/// A listener that is further behind than this many runs misses the oldest.
const LISTENER_BUFFER: usize = 1_024;

/// How much may run at once, and what is kept.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Capacity {
    pub(crate) max_workers: usize,
    pub(crate) max_concurrency: usize,
    pub(crate) max_history: usize,
    pub(crate) history_retention_days: u32,
    pub(crate) max_dead_letters: usize,
}

/// What the engine works with.
#[derive(Debug)]
pub(crate) struct Engine {
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) storage: Arc<dyn Storage>,
    pub(crate) queue: Arc<dyn Queue>,
    pub(crate) states: Arc<States>,
    pub(crate) table: Table,
    pub(crate) instance: Arc<str>,
    /// Runs as they are recorded, for those who listen.
    pub(crate) recorded: broadcast::Sender<Arc<Run>>,
    capacity: Capacity,
    /// Claims that wait for a puller.
    claimed: Mutex<VecDeque<Claim>>,
    claimed_more: Notify,
    /// Outcomes that wait to be recorded.
    ended: Mutex<Vec<Ended>>,
    ended_more: Notify,
    /// Claims that are not settled yet, and blocking threads that have not ended.
    in_flight: AtomicUsize,
    blocking: AtomicUsize,
    room_more: Notify,
    claiming: CancellationToken,
    /// Cancelled when the last claim was handed out.
    claimed_last: CancellationToken,
    executing: CancellationToken,
    tasks: TaskTracker,
    /// Claims on their way from the queue to `in_flight`.
    busy: AtomicUsize,
    idle_more: Notify,
    /// Counts what is handed out and settled, so that an observer sees changes.
    epoch: AtomicU64,
}

impl Engine {
    pub(crate) fn new(
        clock: Arc<dyn Clock>,
        storage: Arc<dyn Storage>,
        queue: Arc<dyn Queue>,
        states: Arc<States>,
        instance: Arc<str>,
        capacity: Capacity,
    ) -> Self {
        Self {
            clock,
            storage,
            queue,
            states,
            table: Table::default(),
            instance,
            recorded: broadcast::Sender::new(LISTENER_BUFFER),
            capacity,
            claimed: Mutex::default(),
            claimed_more: Notify::new(),
            ended: Mutex::default(),
            ended_more: Notify::new(),
            in_flight: AtomicUsize::new(0),
            blocking: AtomicUsize::new(0),
            room_more: Notify::new(),
            claiming: CancellationToken::new(),
            claimed_last: CancellationToken::new(),
            executing: CancellationToken::new(),
            tasks: TaskTracker::new(),
            busy: AtomicUsize::new(0),
            idle_more: Notify::new(),
            epoch: AtomicU64::new(0),
        }
    }

    /// Starts to claim and execute, on the runtime of the caller.
    pub(crate) fn start(self: &Arc<Self>) {
        let pullers = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
        for _ in 0..pullers {
            self.tasks.spawn(Arc::clone(self).pull());
        }
        self.tasks.spawn(Arc::clone(self).record_outcomes());
        self.tasks.spawn(Arc::clone(self).dispatch());
    }

    fn limits(&self) -> Limits {
        let days = self.capacity.history_retention_days;
        let age = (days > 0).then(|| chrono::TimeDelta::days(i64::from(days)));
        Limits {
            max_history: self.capacity.max_history,
            history_since: age.and_then(|age| self.clock.now().checked_sub_signed(age)),
            max_dead_letters: self.capacity.max_dead_letters,
        }
    }

    /// How many more attempts of a lane may begin.
    fn room(&self, lane: Lane) -> usize {
        let free = self.capacity.max_concurrency.saturating_sub(self.in_flight.load(Ordering::Acquire));
        match lane {
            Lane::Async => free,
            Lane::Blocking => {
                free.min(self.capacity.max_workers.saturating_sub(self.blocking.load(Ordering::Acquire)))
            }
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // Held for single operations on collections, which a panic does not tear.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
