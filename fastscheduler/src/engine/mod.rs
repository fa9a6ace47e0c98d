//! The loop: claims what is due, executes it, and settles the outcome.
//!
//! [`Engine`] is the wiring. Its methods lie where their step of the loop does:
//!
//! - [`place`] puts jobs' fires into the queue, at the start and after changes.
//! - [`dispatch`] waits for the next due entry and claims, without polling.
//! - [`begin`] turns claims into attempts, unless they are void or missed.
//! - [`pull`] takes attempts and polls each future once.
//! - [`execute`] runs attempts: a future is spawned only if it is pending;
//!   blocking functions get one of the [`threads`]. [`lack_of_threads`] is for when
//!   the system has none.
//! - [`watch`] moves on work that is stuck behind a busy worker.
//! - [`settle`] records outcomes in batches.
//! - [`edits`] changes jobs, apart from all of these.
//! - [`store`] writes, and tries again until that succeeds.
//! - [`prune`] drops old history.
//! - [`running`] shows what runs, and cancels it.
//! - [`behind`] notices that the store cannot keep what it takes.
//! - [`set_back`] deals with a clock that was set.
//! - [`look`] finds out which jobs want attention, for whoever asks.
//! - [`watched`] has the scheduler stop if one of its tasks panics.
//! - [`shutdown`] ends all of it in order.
//!
//! What it works with are owners of state, which know neither it nor one another:
//!
//! - [`table`] has the jobs, and the [`gate`] between their changes and batches.
//! - [`slots`] says what may run at once, and has the [`threads`].
//! - [`contained`] makes failures of panics in the store and the queue.
//! - [`pullers`] holds what is ready to be polled, and [`outcomes`] what has ended.
//! - [`unpruned`] counts what was recorded since old history was dropped.
//! - [`unbegun`] knows which jobs have fires that wait, and [`each_second`] keeps answers
//!   for a second.
//! - [`held_threads`] knows which threads outlive their attempts.
//! - [`leases`] renews the claims of a shared queue.
//! - [`lifecycle`] knows what was started, and how far a stop has come.
//! - [`watchdog`] times the looks, with [`twins`] for the dispatcher and the recorder.
//! - [`watched_clock`] is the clock, and notices that it was set.
//! - [`telemetry`] has the [`events`], the counters ([`meter`], with [`series`] by
//!   function and by the names of jobs), the last [`minutes`] and the [`problems`].
//!
//! At the bottom are rules about jobs and what is known of them: [`live`],
//! [`refusal`], [`activity`] with its [`open`] fires, [`plan`], [`retry`], [`attempt`], [`durations`],
//! [`standing`] with [`late`].
//!
//! This is the only place that spawns tasks. No lock of a thread is held
//! across an `.await`, and none at all across user code.

mod activity;
mod attempt;
mod begin;
mod behind;
mod contained;
mod dispatch;
mod durations;
mod each_second;
mod edits;
mod events;
mod execute;
mod failure;
mod gate;
mod held_threads;
mod inside;
mod lack_of_threads;
mod late;
mod leases;
mod lifecycle;
mod live;
mod log;
mod look;
mod meter;
mod minutes;
mod open;
mod orphans;
mod outcomes;
mod place;
mod plan;
mod problems;
mod prune;
mod pull;
mod pullers;
mod refusal;
mod retry;
mod running;
mod running_jobs;
mod series;
mod set_back;
mod settle;
mod shutdown;
mod skipped_once;
mod slots;
mod standing;
mod store;
mod table;
mod telemetry;
mod threads;
mod troubles;
mod twins;
mod unbegun;
mod unpruned;
mod watch;
mod watchdog;
mod watched;
mod watched_clock;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::runtime::RuntimeFlavor;

use crate::clock::Clock;
use crate::job::{JobDefinition, JobId, RunId};
use crate::queue::{Queue, QueueError};
use crate::registry::States;
use crate::storage::{Change, Storage};

pub(crate) use activity::{Activity, set_back as entry_set_back};
use contained::{ContainedQueue, ContainedStorage};
pub use durations::Durations;
pub(crate) use each_second::EachSecond;
pub use events::{Event, Events};
pub(crate) use failure::AFTER_FAILURE;
pub use held_threads::HeldThread;
use held_threads::HeldThreads;
pub use late::{LateReason, SlotLimit};
use leases::Leases;
use lifecycle::Lifecycle;
pub(crate) use live::LiveJob;
pub(crate) use look::HOUR;
pub use meter::{FunctionMetrics, JobMetrics, Metrics};
pub(crate) use minutes::{MINUTES, Minute, first_minute};
use outcomes::Outcomes;
pub use problems::{Problem, ProblemCode, ProblemMetrics};
use pullers::Pullers;
pub use running::RunningAttempt;
use series::SeriesNumber;
pub(crate) use skipped_once::SkippedOnce;
pub use slots::SlotUsage;
use slots::Slots;
pub(crate) use standing::Standing;
pub(crate) use store::Next;
pub(crate) use table::Table;
use telemetry::Telemetry;
pub use troubles::StoreFailure;
use unbegun::Unbegun;
use unpruned::Unpruned;
use watchdog::Watchdog;
pub(crate) use watched_clock::SetBack;
use watched_clock::WatchedClock;

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

/// What an engine is told when it is made.
#[derive(Debug)]
pub(crate) struct Setup {
    pub(crate) states: Arc<States>,
    /// The name of this instance in records.
    pub(crate) instance: Arc<str>,
    pub(crate) capacity: Capacity,
}

/// Executes jobs. See the [module](self) for what its parts do.
#[derive(Debug)]
pub(crate) struct Engine {
    pub(crate) clock: WatchedClock,
    pub(crate) storage: ContainedStorage,
    pub(crate) queue: ContainedQueue,
    pub(crate) setup: Setup,
    pub(crate) table: Table,
    slots: Slots,
    pullers: Pullers,
    outcomes: Outcomes,
    unpruned: Unpruned,
    unbegun: Unbegun,
    standings: EachSecond<Standing>,
    held_threads: HeldThreads,
    leases: Leases,
    lifecycle: Lifecycle,
    watchdog: Watchdog,
    telemetry: Telemetry,
}

impl Engine {
    pub(crate) fn new(
        clock: Arc<dyn Clock>,
        storage: Arc<dyn Storage>,
        queue: Arc<dyn Queue>,
        setup: Setup,
    ) -> Self {
        let Capacity { max_concurrency, max_workers, max_metric_jobs, .. } = setup.capacity;
        Self {
            slots: Slots::new(max_concurrency, max_workers),
            leases: Leases::new(queue.is_shared()),
            lifecycle: Lifecycle::new(clock.now()),
            telemetry: Telemetry::new(max_metric_jobs),
            table: Table::default(),
            pullers: Pullers::default(),
            outcomes: Outcomes::default(),
            held_threads: HeldThreads::default(),
            unpruned: Unpruned::default(),
            unbegun: Unbegun::default(),
            standings: EachSecond::default(),
            watchdog: Watchdog::default(),
            clock: WatchedClock::new(clock),
            storage: ContainedStorage(storage),
            queue: ContainedQueue(queue),
            setup,
        }
    }

    /// Has tasks run on the runtime of the caller from now on.
    pub(crate) fn enter_runtime(&self) {
        self.lifecycle.enter_runtime();
    }

    /// Starts to claim and execute.
    pub(crate) fn start(self: &Arc<Self>) {
        let runtime = self.lifecycle.enter_runtime();
        let workers = runtime.metrics().num_workers();
        let has_slack = !self.clock.slack().is_zero();
        self.pullers.begin(workers, workers > 1 && !has_slack);
        if has_slack && runtime.runtime_flavor() != RuntimeFlavor::CurrentThread {
            self.watchdog.begin(self);
        }
        for number in 0..workers {
            self.spawn("a puller", Arc::clone(self).pull(number));
        }
        let recorder = self.watched("the recorder", Arc::clone(self).record_outcomes());
        for task in self.watchdog.recorder.drive(recorder) {
            self.lifecycle.spawn(task);
        }
        self.spawn("the pruning of history", Arc::clone(self).prune_in_time());
        if self.leases.is_shared() {
            let engine = Arc::clone(self);
            self.spawn("the renewal of leases", async move {
                let end = engine.lifecycle.executed_token();
                let note = |what: &str, why| engine.note_trouble(what, why);
                engine.leases.renew(&**engine.clock, &engine.queue, end, note).await;
            });
        }
        let dispatcher = self.watched("the dispatcher", Arc::clone(self).dispatch());
        for task in self.watchdog.dispatcher.drive(dispatcher) {
            self.lifecycle.spawn(task);
        }
    }

    /// The attempt of this engine whose code calls this, if any.
    pub(crate) fn calling_attempt(&self) -> Option<RunId> {
        inside::calling_attempt(self)
    }

    pub(crate) fn subscribe(&self) -> Events {
        self.telemetry.events.subscribe()
    }

    /// Tells those who listen what was stored.
    pub(crate) fn announce(&self, changes: &[Change]) {
        self.telemetry.events.announce(changes);
    }

    /// Tells those who listen that all dead letters were dropped.
    pub(crate) fn announce_cleared(&self) {
        self.telemetry.events.tell(|| Event::DeadLettersRemoved);
    }

    /// Where a job is counted by its name, if it repeats.
    pub(crate) fn series_of(&self, definition: &JobDefinition) -> Option<SeriesNumber> {
        self.telemetry.meter.job(definition)
    }

    /// What was counted, and how much is under way.
    pub(crate) async fn metrics(&self) -> Result<Metrics, QueueError> {
        let depth = self.queue.depth(self.clock.now()).await?;
        let taken = self.slots.taken();
        let claimed = self.pullers.waiting().min(taken);
        self.pullers.hand_over(&self.telemetry.meter);
        Ok(Metrics {
            running: taken - claimed,
            claimed,
            queued: depth.map(|depth| depth.pending),
            due: depth.map(|depth| depth.due),
            listeners: self.telemetry.events.listeners(),
            problems: self.telemetry.problems.metrics(),
            ..self.telemetry.meter.read()
        })
    }

    /// Notes something that an operator should know.
    pub(crate) fn begin_problem(&self, problem: Problem) {
        self.telemetry.begin_problem(problem);
    }

    /// Ends a problem of that kind, of a job or of none, if it is present.
    pub(crate) fn end_problem(&self, code: ProblemCode, job: Option<JobId>) {
        self.telemetry.end_problem(code, job);
    }

    /// What an operator should know now.
    pub(crate) fn problems(&self) -> Vec<Problem> {
        self.telemetry.problems.present()
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // Held for single operations on collections, which a panic does not tear.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
