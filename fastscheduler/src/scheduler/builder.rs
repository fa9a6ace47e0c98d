//! Settings of a scheduler.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, OnceLock, RwLock};

use chrono_tz::Tz;

use super::added::NotAdded;
use super::notes::Notes;
use super::planned_load::Loads;
use super::timetables::Timetables;
use super::{Phase, Scheduler, SchedulerError, Service, environment};
use crate::clock::{Clock, SystemClock, ZoneSource, system_zone};
use crate::engine::{Capacity, Engine, Events, Setup};
use crate::job::{DEFAULT_GROUP, Name};
use crate::queue::{MemoryQueue, Queue};
use crate::registry::{Registry, States};
use crate::schedule::text::OneLine;
use crate::schedule::{IntoZone, ScheduleError};
use crate::storage::{DEFAULT_STATE_FILE, JsonStorage, Storage};

/// Settings of a scheduler; made by [`Scheduler::builder`].
///
/// # Examples
///
/// ```
/// use fastscheduler::prelude::*;
/// use fastscheduler::storage::MemoryStorage;
///
/// # tokio::runtime::Runtime::new()?.block_on(async {
/// let scheduler = Scheduler::builder()
///     .storage(MemoryStorage::default()) // instead of a state file
///     .timezone("Europe/Paris")
///     .max_workers(10)
///     .max_history(5_000)
///     .build()
///     .await?;
/// assert!(!scheduler.is_running());
/// # anyhow::Ok(()) })?;
/// # anyhow::Ok(())
/// ```
#[derive(Debug)]
#[must_use = "settings do nothing until `build`"]
pub struct SchedulerBuilder {
    states: States,
    capacity: Capacity,
    /// `None` means the system's zone.
    zone: Result<Option<(Tz, ZoneSource)>, ScheduleError>,
    is_quiet: bool,
    /// `None` is the state file.
    storage: Option<Arc<dyn Storage>>,
    state_file: Option<PathBuf>,
    queue: Option<Arc<dyn Queue>>,
    clock: Arc<dyn Clock>,
    expected: Vec<String>,
    service: Option<Arc<dyn Service>>,
    pub(super) notes: Notes,
    #[cfg(feature = "web")]
    pub(super) access: super::access::Access,
    #[cfg(feature = "web")]
    pub(super) web_limits: super::WebLimits,
}

impl Default for SchedulerBuilder {
    fn default() -> Self {
        Self {
            states: States::default(),
            capacity: Capacity {
                max_workers: 10,
                max_concurrency: 1_000,
                max_history: 10_000,
                history_retention_days: 7,
                max_dead_letters: 500,
                max_metric_jobs: 200,
            },
            zone: Ok(None),
            is_quiet: false,
            storage: None,
            state_file: None,
            queue: None,
            clock: Arc::new(SystemClock),
            expected: Vec::new(),
            service: None,
            notes: Notes::default(),
            #[cfg(feature = "web")]
            access: super::access::Access::default(),
            #[cfg(feature = "web")]
            web_limits: super::WebLimits::default(),
        }
    }
}

impl SchedulerBuilder {
    /// State for functions that take `State<T>`; one for each type.
    pub fn state<T: Clone + Send + Sync + 'static>(mut self, state: T) -> Self {
        self.states.insert(state);
        self
    }

    /// Threads for functions that are not async: 10 by default, at least 1.
    pub fn max_workers(mut self, threads: usize) -> Self {
        self.capacity.max_workers = threads;
        self
    }

    /// Attempts that may be under way at once: 1,000 by default, at least 1.
    /// What is over the limit waits.
    pub fn max_concurrency(mut self, attempts: usize) -> Self {
        self.capacity.max_concurrency = attempts;
        self
    }

    /// Runs that the history keeps: 10,000 by default.
    ///
    /// Older ones are dropped within a second, or at once when a quarter as many are
    /// new. Until then the store has them, but reading the history drops them first:
    /// no more than this many are ever returned.
    pub fn max_history(mut self, runs: usize) -> Self {
        self.capacity.max_history = runs;
        self
    }

    /// Days that the history keeps a run: 7 by default; 0 keeps it for as long
    /// as `max_history` allows.
    pub fn history_retention_days(mut self, days: u32) -> Self {
        self.capacity.history_retention_days = days;
        self
    }

    /// Dead letters that are kept: 500 by default. Older ones are dropped as runs
    /// beyond [`max_history`](Self::max_history) are.
    pub fn max_dead_letters(mut self, letters: usize) -> Self {
        self.capacity.max_dead_letters = letters;
        self
    }

    /// Names of repeating jobs that [`metrics`](Scheduler::metrics) count one by
    /// one: 200 by default, the first that there are. The others are counted
    /// together.
    pub fn max_metric_jobs(mut self, names: usize) -> Self {
        self.capacity.max_metric_jobs = names;
        self
    }

    /// The zone of schedules that name none; the system's by default.
    ///
    /// The system's zone comes from `TZ`, or else `/etc/localtime`, or else
    /// `/etc/timezone`; it is UTC if none of these exists. An empty `TZ` and values
    /// such as `GMT0` mean UTC.
    ///
    /// An unknown name is an error of [`build`](Self::build).
    pub fn timezone(self, zone: impl IntoZone) -> Self {
        self.timezone_from(zone, "`.timezone(..)`")
    }

    /// Sets the zone, and remembers the setting that names it.
    pub(super) fn timezone_from(mut self, zone: impl IntoZone, setting: &'static str) -> Self {
        self.zone = zone.into_zone().map(|zone| Some((zone, ZoneSource::Setting(setting))));
        self
    }

    /// The zone of schedules that name none, and where it comes from.
    pub(super) fn zone(&self) -> Result<(Tz, ZoneSource), ScheduleError> {
        match self.zone.clone()? {
            Some(named) => Ok(named),
            None => system_zone().map(|system| (system.zone, system.source)).map_err(ScheduleError::from),
        }
    }

    /// Whether [`run`](crate::run) prints nothing.
    pub fn quiet(mut self, is_quiet: bool) -> Self {
        self.is_quiet = is_quiet;
        self
    }

    /// The file in which jobs are kept: `fastscheduler_state.json` in the
    /// current folder by default. See [`JsonStorage`] for the files beside it.
    pub fn state_file(mut self, file: impl Into<PathBuf>) -> Self {
        self.state_file = Some(file.into());
        self
    }

    /// Where jobs are kept, instead of in a state file.
    pub fn storage(mut self, storage: impl Storage) -> Self {
        self.storage = Some(Arc::new(storage));
        self
    }

    /// Jobs are kept in the state file, which is the default.
    pub(super) fn storage_in_file(mut self) -> Self {
        self.storage = None;
        self
    }

    /// The queue of due fires; in memory by default, on the scheduler's clock.
    ///
    /// A queue that is given here has a clock of its own: with a manual clock,
    /// give `MemoryQueue::new` the same one.
    pub fn queue(mut self, queue: impl Queue) -> Self {
        self.queue = Some(Arc::new(queue));
        self
    }

    /// The clock, which tests set by hand.
    pub fn clock(mut self, clock: impl Clock) -> Self {
        self.clock = Arc::new(clock);
        self
    }

    /// Functions that must be linked in: [`build`](Self::build) fails if one is
    /// missing, since a crate that nobody names is dropped by the linker.
    pub fn expect_functions<S: Into<String>>(mut self, names: impl IntoIterator<Item = S>) -> Self {
        self.expected.extend(names.into_iter().map(Into::into));
        self
    }

    /// Runs this beside the jobs, instead of what was given before.
    #[cfg(feature = "web")]
    pub(crate) fn beside(mut self, service: impl Service + 'static) -> Self {
        self.service = Some(Arc::new(service));
        self
    }

    /// Takes settings from environment variables; see [`run`](crate::run).
    ///
    /// # Errors
    ///
    /// [`SchedulerError::Setting`] for a variable that begins with
    /// `FASTSCHEDULER_` and is unknown, or has a value that does not fit.
    pub fn from_environment(self) -> Result<Self, SchedulerError> {
        environment::apply(self, std::env::vars_os())
    }

    pub(super) fn is_quiet(&self) -> bool {
        self.is_quiet
    }

    /// Builds the scheduler, with the jobs that are stored and those that
    /// attributes declare. It does not run until it is started.
    ///
    /// The state file is locked from here on, until the scheduler is stopped
    /// or, if it is never started, dropped.
    ///
    /// # Errors
    ///
    /// [`SchedulerError::Registry`] for two functions under one name, a state
    /// that was not given, or an expected function that is missing;
    /// [`SchedulerError::Setting`] for a setting that is not allowed;
    /// [`SchedulerError::Schedule`] if the zone is unknown: the one given, or if
    /// none was, the one that `TZ` names;
    /// [`SchedulerError::Storage`] if the state file is in use by somebody
    /// else, or cannot be read.
    pub async fn build(self) -> Result<Scheduler, SchedulerError> {
        Ok(self.build_listening().await?.0)
    }

    /// The same, with the events from the first on, such as crashes that are
    /// found in the store.
    pub(super) async fn build_listening(self) -> Result<(Scheduler, Events), SchedulerError> {
        for (name, value) in
            [("max_workers", self.capacity.max_workers), ("max_concurrency", self.capacity.max_concurrency)]
        {
            if value == 0 {
                let (name, value) = (name.to_owned(), value.to_string());
                return Err(SchedulerError::Setting { name, value, expected: "use at least 1".to_owned() });
            }
        }
        #[cfg(feature = "web")]
        {
            self.access.check()?;
            self.web_limits.check()?;
        }
        let (zone, zone_source) = self.zone()?;
        let registry = Registry::linked()?;
        registry.check_states(&self.states)?;
        for name in &self.expected {
            registry.resolve(name)?;
        }
        let storage = open_storage(self.storage, self.state_file, &self.notes)?;
        if let (Ok(None), Ok(system)) = (&self.zone, system_zone()) {
            self.notes.add(system.warnings.iter().cloned());
        }
        storage.write_local_times_in(zone);
        let clock = self.clock;
        let queue = self.queue.unwrap_or_else(|| Arc::new(MemoryQueue::new(Arc::clone(&clock))));
        let instance = format!("{}", std::process::id()).into();
        let setup = Setup { states: Arc::new(self.states), instance, capacity: self.capacity };
        let engine = Engine::new(clock, storage, queue, setup);
        let scheduler = Scheduler(Arc::new(super::Inner {
            engine: Arc::new(engine),
            registry: RwLock::new(registry),
            zone,
            timetables: Timetables::default(),
            loads: Loads::default(),
            phase: Mutex::new(Phase::Built),
            default_group: Name::from(DEFAULT_GROUP),
            notes: self.notes,
            service: self.service,
            http_address: OnceLock::new(),
            #[cfg(feature = "web")]
            access: self.access,
            #[cfg(feature = "web")]
            web_limits: self.web_limits,
            not_added: NotAdded::default(),
            matching: tokio::sync::Mutex::default(),
            overviews: crate::engine::EachSecond::default(),
            starting: tokio::sync::Mutex::default(),
        }));
        for function in scheduler.functions() {
            scheduler.0.engine.table.functions().add(function.key());
        }
        scheduler.host_contexts();
        let events = scheduler.subscribe();
        scheduler.load().await?;
        #[cfg(feature = "web")]
        for warning in scheduler.access().warnings() {
            scheduler.note(warning);
        }
        let functions = scheduler.functions().len();
        tracing::info!(functions, zone = zone.name(), "scheduler built, times in {zone} {zone_source}");
        Ok((scheduler, events))
    }
}

/// The store that was given, or else that of the state file.
fn open_storage(
    given: Option<Arc<dyn Storage>>,
    state_file: Option<PathBuf>,
    notes: &Notes,
) -> Result<Arc<dyn Storage>, SchedulerError> {
    if let Some(storage) = given {
        if let Some(file) = state_file {
            let note = format!("jobs are kept elsewhere: the state file `{}` is not used", file.display());
            tracing::warn!("{}", OneLine(&note));
            notes.add([note]);
        }
        return Ok(storage);
    }
    let storage = JsonStorage::open(state_file.unwrap_or_else(|| DEFAULT_STATE_FILE.into()))?;
    notes.add(storage.notes().iter().cloned());
    Ok(Arc::new(storage))
}
