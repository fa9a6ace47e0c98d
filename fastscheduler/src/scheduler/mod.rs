//! The object users hold.
//!
//! A [`Scheduler`] is built by a [`SchedulerBuilder`], or made and run by
//! [`run`](crate::run). It is a handle: clones are the same scheduler.

#[cfg(feature = "web")]
mod access;
mod add;
mod builder;
mod control;
mod cron_rules;
mod dead_letters;
mod declared;
mod edit;
mod environment;
mod error;
mod find;
mod imported;
mod load;
mod matching;
mod metrics;
mod new_job;
mod program;
mod runs;
mod service;
mod set_back;
mod signals;
mod status;
mod timetables;
#[cfg(feature = "testing")]
mod under_test;
mod update;
mod zones;

use std::fmt;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::Duration;

use chrono::{DateTime, Utc};
use chrono_tz::Tz;

#[cfg(feature = "web")]
pub(crate) use access::{Access, Secret};
pub use builder::SchedulerBuilder;
pub use dead_letters::IntoRunId;
pub use error::SchedulerError;
pub use find::{JobOrder, JobPage, JobQuery};
pub use new_job::{JobPart, NewJob};
pub use program::run;
pub use runs::Instance;
pub(crate) use service::Service;
pub use status::Status;
pub use update::JobUpdate;

use self::timetables::Timetables;
use crate::engine::{Engine, Events};
use crate::job::{FunctionKey, IntoJobId, Name, Run, Statistics};
use crate::registry::{Arguments, Function, JobClosure, Registry};
use crate::storage::HistoryQuery;

/// How long `stop` waits for attempts to end.
const GRACE: Duration = Duration::from_secs(30);

/// A job scheduler. Clones are handles to the same one.
///
/// # Examples
///
/// ```
/// use fastscheduler::prelude::*;
/// use fastscheduler::storage::MemoryStorage;
///
/// # tokio::runtime::Runtime::new()?.block_on(async {
/// let scheduler = Scheduler::builder().storage(MemoryStorage::default()).build().await?;
/// let id = scheduler
///     .add(every(0.01).seconds().run("tick", || async { println!("tick") }))
///     .await?;
/// scheduler.start().await?;
/// scheduler.stop().await?;
/// assert_eq!(scheduler.job(&id).await?.unwrap().name(), "tick");
/// # anyhow::Ok(()) })?;
/// # anyhow::Ok(())
/// ```
#[derive(Clone)]
pub struct Scheduler(Arc<Inner>);

struct Inner {
    engine: Arc<Engine>,
    registry: RwLock<Registry>,
    zone: Tz,
    timetables: Timetables,
    phase: Mutex<Phase>,
    /// What most jobs have.
    no_arguments: Arc<Arguments>,
    default_group: Name,
    /// What a person should know of how the store was opened.
    notes: Mutex<Vec<String>>,
    /// Who may use the web interface.
    #[cfg(feature = "web")]
    access: Access,
    /// What runs beside the jobs.
    service: Option<Arc<dyn Service>>,
    /// Held while a job is matched with one that is there already.
    matching: tokio::sync::Mutex<()>,
    /// Held by a start until it has succeeded or failed.
    starting: tokio::sync::Mutex<()>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    Built,
    Running { since: DateTime<Utc> },
    Stopped,
}

/// A start that has not succeeded: if it fails or its caller goes away, it can
/// be made again.
struct Unstarted<'a>(&'a Scheduler);

impl Drop for Unstarted<'_> {
    fn drop(&mut self) {
        *self.0.phase() = Phase::Built;
    }
}

impl Scheduler {
    /// Begins to build a scheduler.
    pub fn builder() -> SchedulerBuilder {
        SchedulerBuilder::default()
    }

    /// Starts to run jobs, on the runtime of the caller.
    ///
    /// It goes on when all handles are dropped, until it is stopped or the
    /// runtime ends.
    ///
    /// # Errors
    ///
    /// [`SchedulerError::Phase`] if it was started before, or stopped;
    /// [`SchedulerError::Runtime`] without a runtime that has timers;
    /// [`SchedulerError::Listen`] if the address for HTTP is taken.
    pub async fn start(&self) -> Result<(), SchedulerError> {
        self.check_runtime()?;
        let _one = self.0.starting.lock().await;
        self.enter(|phase| match phase {
            Phase::Built => Ok(Phase::Running { since: self.0.engine.clock.now() }),
            Phase::Running { .. } => Err("the scheduler is running already"),
            Phase::Stopped => Err("the scheduler was stopped; build another one"),
        })?;
        // Functions that are registered from now on are adopted in a task.
        self.0.engine.enter_runtime();
        let unstarted = Unstarted(self);
        let service = match &self.0.service {
            Some(service) => Some(service.start(self).await?),
            None => None,
        };
        self.place_all().await?;
        std::mem::forget(unstarted);
        self.0.engine.start();
        self.0.engine.spawn(self.clone().watch_clock());
        if let Some(service) = service {
            self.0.engine.spawn(service);
        }
        Ok(())
    }

    /// Puts what is due into the queue, and what was missed.
    async fn place_all(&self) -> Result<(), SchedulerError> {
        // Functions may have been registered since the scheduler was built.
        for function in self.functions() {
            self.adopt(function.key()).await?;
        }
        Ok(self.0.engine.place_all().await?)
    }

    /// Stops: claims nothing more, waits up to 30 seconds for attempts to end
    /// before it cuts them short, and lets go of the store. One that was never
    /// started only lets go.
    ///
    /// # Errors
    ///
    /// [`SchedulerError::Storage`] if not all could be written.
    pub async fn stop(&self) -> Result<(), SchedulerError> {
        self.stop_within(GRACE).await
    }

    /// Stops, waiting as long as `grace` for attempts to end.
    ///
    /// While another call stops it, this one waits with a patience of its own.
    /// A blocking function that does not return keeps its thread.
    ///
    /// # Errors
    ///
    /// As for [`stop`](Self::stop).
    pub async fn stop_within(&self, grace: Duration) -> Result<(), SchedulerError> {
        let starting = self.0.starting.lock().await;
        let before = std::mem::replace(&mut *self.phase(), Phase::Stopped);
        drop(starting);
        match before {
            Phase::Built => self.0.engine.stop_unstarted(),
            Phase::Running { .. } | Phase::Stopped => self.0.engine.stop(grace).await,
        }
        Ok(self.0.engine.close().await?)
    }

    /// Starts, waits for SIGINT or SIGTERM or until another handle stops it,
    /// and stops. A second signal cuts attempts short at once.
    ///
    /// # Errors
    ///
    /// As [`start`](Self::start), and [`SchedulerError::Signals`].
    pub async fn run_until_shutdown(&self) -> Result<(), SchedulerError> {
        self.check_runtime()?;
        let mut signals = signals::Signals::new().map_err(SchedulerError::Signals)?;
        self.start().await?;
        tokio::select! {
            () = signals.next() => tracing::info!("stopping; a second signal stops at once"),
            () = self.0.engine.stopping() => {}
        }
        tokio::select! {
            stopped = self.stop() => stopped,
            () = signals.next() => self.stop_within(Duration::ZERO).await,
        }
    }

    /// Whether timers work here: without, spawned tasks would panic unseen.
    fn check_runtime(&self) -> Result<(), SchedulerError> {
        let has_runtime = tokio::runtime::Handle::try_current().is_ok();
        let make_timer = || drop(self.0.engine.clock.sleep(Duration::ZERO));
        if has_runtime && std::panic::catch_unwind(std::panic::AssertUnwindSafe(make_timer)).is_ok() {
            Ok(())
        } else {
            Err(SchedulerError::Runtime)
        }
    }

    /// Whether it was started and not stopped.
    #[must_use]
    pub fn is_running(&self) -> bool {
        matches!(*self.phase(), Phase::Running { .. })
    }

    /// All functions that jobs may run, sorted by module and name.
    #[must_use]
    pub fn functions(&self) -> Vec<Arc<Function>> {
        self.registry().iter().cloned().collect()
    }

    /// Registers a closure as a function under `module::name` or a bare name,
    /// so that jobs can call it by that.
    ///
    /// # Errors
    ///
    /// [`SchedulerError::Registry`] if the name is taken, or if the function
    /// takes state that the builder was not given.
    #[track_caller]
    pub fn register_function<P, F: JobClosure<P>>(
        &self,
        name: &str,
        closure: F,
    ) -> Result<(), SchedulerError> {
        let function = closure.into_function(FunctionKey::parse(name), std::panic::Location::caller());
        function.check_states(&self.0.engine.states)?;
        let key = function.key().clone();
        self.0.registry.write().unwrap_or_else(PoisonError::into_inner).register(function)?;
        self.0.engine.table.functions().add(&key);
        if self.is_running() {
            let scheduler = self.clone();
            self.0.engine.spawn(async move {
                if let Err(error) = scheduler.adopt(&key).await {
                    tracing::error!(
                        error = &error as &dyn std::error::Error,
                        "cannot take over jobs of `{key}`"
                    );
                }
            });
        }
        Ok(())
    }

    /// What happens, as it happens: runs, and jobs that come, change and go.
    ///
    /// # Examples
    ///
    /// ```
    /// use fastscheduler::prelude::*;
    /// use fastscheduler::{Event, storage::MemoryStorage};
    ///
    /// # tokio::runtime::Runtime::new()?.block_on(async {
    /// let scheduler = Scheduler::builder().storage(MemoryStorage::default()).build().await?;
    /// let mut events = scheduler.subscribe();
    /// let id = scheduler.add(once(60).run("later", || async {})).await?;
    /// assert_eq!(events.next().await, Some(Event::JobChanged(id)));
    /// # anyhow::Ok(()) })?;
    /// # anyhow::Ok(())
    /// ```
    #[must_use]
    pub fn subscribe(&self) -> Events {
        self.0.engine.subscribe()
    }

    /// The newest runs that are asked for, oldest first.
    pub async fn history(&self, query: HistoryQuery) -> Result<Vec<Run>, SchedulerError> {
        Ok(self.0.engine.storage.history(&query).await?)
    }

    /// Totals over all jobs.
    pub async fn statistics(&self) -> Result<Statistics, SchedulerError> {
        let started_at = match *self.phase() {
            Phase::Running { since } => Some(since),
            Phase::Built | Phase::Stopped => None,
        };
        Ok(Statistics { started_at, ..self.0.engine.storage.statistics().await? })
    }

    /// The next `n` fires of a job by its schedule.
    ///
    /// # Errors
    ///
    /// [`SchedulerError::UnknownJob`] if there is no job of that id.
    pub async fn upcoming(&self, id: impl IntoJobId, n: usize) -> Result<Vec<DateTime<Utc>>, SchedulerError> {
        let job = self.stored(control::job_id(id)?).await?;
        let schedule = self.timetable_of(&job)?;
        Ok(schedule.upcoming(self.0.engine.clock.now()).take(n).collect())
    }

    /// Where its own server listens, once it has started; `None` if it was
    /// given no address for one.
    #[must_use]
    pub fn http_address(&self) -> Option<SocketAddr> {
        self.0.service.as_ref()?.address()
    }

    /// Waits for a length of time by the scheduler's clock.
    #[cfg(feature = "web")]
    pub(crate) async fn sleep(&self, length: Duration) {
        self.0.engine.clock.sleep(length).await;
    }

    /// The time by the scheduler's clock.
    #[must_use]
    pub fn now(&self) -> DateTime<Utc> {
        self.0.engine.clock.now()
    }

    /// Waits until the scheduler is being stopped.
    ///
    /// What goes on for as long as the scheduler does, such as a stream of
    /// events, ends itself then.
    pub async fn stopping(&self) {
        self.0.engine.stopping().await;
    }

    /// The zone of schedules that name none.
    #[must_use]
    pub fn zone(&self) -> Tz {
        self.0.zone
    }

    fn registry(&self) -> std::sync::RwLockReadGuard<'_, Registry> {
        self.0.registry.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn enter(&self, next: impl FnOnce(Phase) -> Result<Phase, &'static str>) -> Result<(), SchedulerError> {
        let mut phase = self.phase();
        *phase = next(*phase).map_err(SchedulerError::Phase)?;
        Ok(())
    }

    fn phase(&self) -> std::sync::MutexGuard<'_, Phase> {
        self.0.phase.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Scheduler {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Not the store: it holds arguments, and may be large.
        f.debug_struct("Scheduler")
            .field("phase", &*self.phase())
            .field("zone", &self.0.zone)
            .finish_non_exhaustive()
    }
}
