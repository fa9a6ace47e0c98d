//! The loop: claims what is due, executes it, and settles the outcome.
//!
//! - [`place`] puts jobs' fires into the queue, at the start and after changes.
//! - [`dispatch`] waits for the next due entry and claims, without polling.
//! - [`begin`] turns claims into attempts, unless they are void or missed.
//! - [`pullers`] take attempts and poll each future once.
//! - [`execute`] runs attempts: a future is spawned only if it is pending;
//!   blocking functions get a thread.
//! - [`watchdog`] moves on work that is stuck behind a busy worker; for this,
//!   [`twins`] drive the dispatcher and the recorder.
//! - [`plan`] says which fire comes next, and which ones are skipped.
//! - [`edits`] keeps changes of jobs apart from all of these.
//! - [`lease`] renews the claims of a shared queue.
//! - [`settle`] records outcomes in batches.
//! - [`retry`] decides whether a failed attempt is retried, and says why not.
//! - [`meter`] counts what happens, and [`job_series`] does by the names of jobs.
//! - [`log`] logs failed attempts, and makes the spans that attempts run in.
//! - [`under_way`] shows what runs, and cancels it.
//! - [`events`] tells those who listen.
//! - [`problems`] keeps track of what an operator should know.
//! - [`set_back`] notices that the clock was set.
//! - [`skipped_once`] remembers one-time jobs that may come back then.
//! - [`shutdown`] ends all of it in order; [`inside`] tells when an attempt asks
//!   for that.
//!
//! This is the only place that spawns tasks. No lock of a thread is held
//! across an `.await`, and none at all across user code.

mod activity;
mod attempt;
mod begin;
mod dispatch;
mod durations;
mod edits;
mod events;
mod execute;
mod inside;
mod job_series;
mod lease;
mod live;
mod log;
mod meter;
mod orphans;
mod place;
mod plan;
mod problems;
mod pullers;
mod retry;
mod set_back;
mod settle;
mod shutdown;
mod skipped_once;
mod table;
mod twins;
mod under_way;
mod watchdog;

use std::collections::HashSet;
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;

use chrono::{DateTime, Utc};
use tokio::runtime::{Handle, RuntimeFlavor};
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::clock::Clock;
use crate::job::{JobId, Lane, RunId};
use crate::queue::{Queue, QueueError};
use crate::registry::States;
use crate::storage::{Change, Durability, Limits, Storage, StorageError};

pub(crate) use activity::{Activity, set_back as entry_set_back};
use attempt::Outcomes;
pub use durations::Durations;
use edits::Exclusion;
use events::Feed;
pub use events::{Event, Events};
use job_series::AllJobSeries;
pub use job_series::JobMetrics;
pub(crate) use job_series::JobSeries;
use lease::Leases;
pub(crate) use live::LiveJob;
use meter::Meter;
pub use meter::{FunctionMetrics, Metrics};
use problems::Problems;
pub use problems::{Problem, ProblemCode, ProblemMetrics};
use pullers::Pullers;
pub(crate) use set_back::SetBack;
use set_back::Watch;
use skipped_once::AllSkippedOnce;
pub(crate) use skipped_once::SkippedOnce;
pub(crate) use table::Table;
use watchdog::Watchdog;

/// How long to wait after the queue or the store failed.
const AFTER_FAILURE: Duration = Duration::from_secs(1);

/// How much may run at once, and what is kept.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Capacity {
    pub(crate) max_workers: usize,
    pub(crate) max_concurrency: usize,
    pub(crate) max_history: usize,
    pub(crate) history_retention_days: u32,
    pub(crate) max_dead_letters: usize,
    pub(crate) max_metric_jobs: usize,
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
    events: Feed,
    meter: Meter,
    pub(crate) job_series: AllJobSeries,
    problems: Problems,
    watch: Watch,
    skipped_once: AllSkippedOnce,
    /// The latest time that was read from the clock, in microseconds since 1970.
    latest: AtomicI64,
    /// How many recent clock steps keep history from being dropped by its age.
    retention_holds: AtomicUsize,
    capacity: Capacity,
    /// Whether fires are put into the queue: from the start on.
    is_placing: AtomicBool,
    pullers: Pullers,
    watchdog: Watchdog,
    exclusion: Exclusion,
    /// Counts the jobs that callers removed.
    removals: AtomicU64,
    /// Outcomes that wait to be recorded.
    ended: Mutex<Outcomes>,
    ended_more: Notify,
    /// When the process made it, by its clock.
    built_at: DateTime<Utc>,
    /// Whether other instances may claim too, and the claims to be renewed then.
    is_shared: bool,
    leases: Mutex<Leases>,
    /// Claims that are not settled yet, and blocking threads that have not ended.
    in_flight: AtomicUsize,
    blocking: AtomicUsize,
    room_more: Notify,
    /// Whether the dispatcher wants to hear of free slots.
    is_short: AtomicBool,
    claiming: CancellationToken,
    /// Cancelled when the last claim was handed out.
    claimed_last: CancellationToken,
    /// `cutting` is cancelled when all attempts but those that called `stop` are
    /// cut short, `executing` when all are.
    cutting: CancellationToken,
    executing: CancellationToken,
    /// Attempts that called `stop` and have not ended.
    callers: Mutex<HashSet<RunId>>,
    tasks: TaskTracker,
    /// The runtime that it was started on.
    runtime: OnceLock<Handle>,
    /// Claims on their way from the queue to `in_flight`.
    busy: AtomicUsize,
    idle_more: Notify,
    /// Cancelled when somebody else has taken over the store.
    lost: CancellationToken,
    /// Whether the store was closed: what is not written by then never is.
    is_closed: AtomicBool,
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
            built_at: clock.now(),
            is_shared: queue.is_shared(),
            leases: Mutex::default(),
            clock,
            storage,
            queue,
            states,
            table: Table::default(),
            instance,
            events: Feed::default(),
            meter: Meter::default(),
            job_series: AllJobSeries::new(capacity.max_metric_jobs),
            problems: Problems::default(),
            watch: Watch::default(),
            skipped_once: AllSkippedOnce::default(),
            latest: AtomicI64::new(i64::MIN),
            retention_holds: AtomicUsize::new(0),
            capacity,
            is_placing: AtomicBool::new(false),
            pullers: Pullers::default(),
            watchdog: Watchdog::default(),
            exclusion: Exclusion::default(),
            removals: AtomicU64::new(0),
            ended: Mutex::default(),
            ended_more: Notify::new(),
            in_flight: AtomicUsize::new(0),
            blocking: AtomicUsize::new(0),
            room_more: Notify::new(),
            is_short: AtomicBool::new(false),
            claiming: CancellationToken::new(),
            claimed_last: CancellationToken::new(),
            cutting: CancellationToken::new(),
            executing: CancellationToken::new(),
            callers: Mutex::default(),
            tasks: TaskTracker::new(),
            runtime: OnceLock::new(),
            busy: AtomicUsize::new(0),
            idle_more: Notify::new(),
            lost: CancellationToken::new(),
            is_closed: AtomicBool::new(false),
            epoch: AtomicU64::new(0),
        }
    }

    /// Has tasks run on the runtime of the caller from now on.
    pub(crate) fn enter_runtime(&self) {
        self.runtime.get_or_init(Handle::current);
    }

    /// Starts to claim and execute.
    pub(crate) fn start(self: &Arc<Self>) {
        let runtime = self.runtime.get_or_init(Handle::current);
        let workers = runtime.metrics().num_workers();
        let has_slack = !self.clock.slack().is_zero();
        self.pullers.begin(workers, workers > 1 && !has_slack);
        if has_slack && runtime.runtime_flavor() != RuntimeFlavor::CurrentThread {
            self.watchdog.begin(self);
        }
        for number in 0..workers {
            self.tasks.spawn(Arc::clone(self).pull(number));
        }
        for task in self.watchdog.recorder.drive(Arc::clone(self).record_outcomes()) {
            self.tasks.spawn(task);
        }
        if self.is_shared {
            self.tasks.spawn(Arc::clone(self).renew_claims());
        }
        for task in self.watchdog.dispatcher.drive(Arc::clone(self).dispatch()) {
            self.tasks.spawn(task);
        }
    }

    /// Does something beside the jobs; a stop waits for it.
    pub(crate) fn spawn(&self, task: impl Future<Output = ()> + Send + 'static) {
        // Before the start, where the caller is.
        let runtime = self.runtime.get().cloned().or_else(|| Handle::try_current().ok());
        if let Some(runtime) = runtime {
            self.tasks.spawn_on(task, &runtime);
        }
    }

    /// Waits until all attempts have ended or are cut short.
    pub(crate) async fn executed(&self) {
        self.executing.cancelled().await;
    }

    /// Whether it was started, and fires are put into the queue.
    pub(crate) fn is_placing(&self) -> bool {
        self.is_placing.load(Ordering::Acquire)
    }

    /// Makes changes in the store, counts them, and logs the failures among them.
    pub(crate) async fn apply(&self, changes: &[Change], durability: Durability) -> Result<(), StorageError> {
        let before = self.clock.now();
        let applied = self.storage.apply(changes, durability).await;
        match &applied {
            Ok(()) if changes.is_empty() => {}
            Ok(()) => {
                self.meter.stored(changes, self.clock.now() - before);
                self.count_unstarted(changes);
                log::failures(changes);
            }
            // Somebody else was faster: that is no failure of the store.
            Err(StorageError::Conflict(_)) => {}
            Err(_) => self.meter.not_stored(),
        }
        applied
    }

    /// Counts the ends of attempts that did not start in this process, by their
    /// jobs' names. [`record`](Self::record) counts the others, as it has their jobs.
    fn count_unstarted(&self, changes: &[Change]) {
        for change in changes {
            if let Change::EndAttempt(ended) = change
                && ended.run.started_at.is_none()
                && let Some(job) = self.table.get(ended.run.job_id())
                && let Some(series) = &job.series
            {
                series.ended(&ended.run);
            }
        }
    }

    /// What was counted, and how much is under way.
    pub(crate) async fn metrics(&self) -> Result<Metrics, QueueError> {
        let depth = self.queue.depth(self.clock.now()).await?;
        let in_flight = self.in_flight.load(Ordering::Acquire);
        let claimed = self.pullers.waiting().min(in_flight);
        let (jobs, other_jobs) = self.job_series.read();
        Ok(Metrics {
            running: in_flight - claimed,
            claimed,
            queued: depth.map(|depth| depth.pending),
            due: depth.map(|depth| depth.due),
            listeners: self.events.listeners(),
            problems: self.problems.metrics(),
            jobs,
            other_jobs,
            ..self.meter.read()
        })
    }

    /// Notes something that an operator should know.
    pub(crate) fn begin_problem(&self, problem: Problem) {
        self.problems.begin(problem);
    }

    /// Ends a job's problem of that kind, if it has one.
    pub(crate) fn end_problem(&self, code: ProblemCode, job: JobId) {
        self.problems.end(code, Some(job));
    }

    /// What an operator should know now.
    pub(crate) fn problems(&self) -> Vec<Problem> {
        self.problems.present()
    }

    fn limits(&self) -> Limits {
        let days = self.capacity.history_retention_days;
        let age = (days > 0 && self.may_drop_by_age()).then(|| chrono::TimeDelta::days(i64::from(days)));
        Limits {
            max_history: self.capacity.max_history,
            history_since: age.and_then(|age| self.clock.now().checked_sub_signed(age)),
            max_dead_letters: self.capacity.max_dead_letters,
        }
    }

    /// How many more attempts of a lane may begin.
    fn room(&self, lane: Lane) -> usize {
        let free = self.capacity.max_concurrency.saturating_sub(self.in_flight.load(Ordering::SeqCst));
        match lane {
            Lane::Async => free,
            Lane::Blocking => {
                free.min(self.capacity.max_workers.saturating_sub(self.blocking.load(Ordering::SeqCst)))
            }
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // Held for single operations on collections, which a panic does not tear.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
