//! The object users hold.
//!
//! A [`Scheduler`] is built by a [`SchedulerBuilder`], or made and run by
//! [`run`](crate::run). It is a handle: clones are the same scheduler.

#[cfg(feature = "web")]
mod access;
mod activity;
mod add;
mod added;
mod builder;
mod bulk;
mod closure_job;
mod columns;
mod console;
mod context;
mod control;
mod cron_rules;
mod dead_letters;
mod dead_letters_retried;
mod declared;
mod edit;
mod environment;
mod error;
mod find;
mod fractions;
mod imported;
mod instances;
mod job_now;
mod lifecycle;
mod load;
mod many;
mod matching;
mod metrics;
mod new_job;
mod notes;
mod over;
mod overview;
mod planned_load;
mod printer;
mod program;
mod register;
mod requests;
mod runs;
mod service;
mod set_back;
mod signals;
mod status;
mod timeline;
mod timetables;
#[cfg(feature = "testing")]
mod under_test;
mod update;
mod wait_for;
#[cfg(feature = "web")]
mod web_limits;
mod zones;

use std::fmt;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, OnceLock, PoisonError, RwLock};

use chrono::{DateTime, Utc};
use chrono_tz::Tz;

#[cfg(feature = "web")]
pub(crate) use access::{Access, Secret};
pub use activity::Activity;
pub use builder::SchedulerBuilder;
pub use bulk::{BulkAction, BulkOutcome, BulkTarget, RefusedJob};
pub use dead_letters::IntoRunId;
pub use dead_letters_retried::{DeadLetterTarget, RefusedRun, RetryOutcome};
pub use error::SchedulerError;
pub use instances::Instance;
pub use job_now::{DeclaredAt, JobNow};
pub use new_job::{JobPart, NewJob};
pub use overview::{BehindJob, FailingJob, JobTotals, LateJob, NextJob, NotRun, Overview, RunTotals};
pub use program::run;
pub(crate) use service::{Service, Started};
pub use status::Status;
pub use timeline::{PlannedJob, Timeline, TimelineQuery};
pub use update::JobUpdate;
#[cfg(feature = "web")]
pub(crate) use web_limits::WebLimits;

use self::added::NotAdded;
use self::notes::Notes;
use self::planned_load::Loads;
use self::timetables::Timetables;
use crate::engine::{EachSecond, Engine, Events};
use crate::job::{IntoJobId, Name, Run, Statistics};
use crate::registry::{Function, Registry};
use crate::storage::HistoryQuery;

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
    /// What is planned, computed once a minute for everybody.
    loads: Loads,
    phase: Mutex<Phase>,
    default_group: Name,
    notes: Notes,
    /// Who may use the web interface.
    #[cfg(feature = "web")]
    access: Access,
    #[cfg(feature = "web")]
    web_limits: WebLimits,
    /// What runs beside the jobs.
    service: Option<Arc<dyn Service>>,
    /// The address of that, once a start has succeeded.
    http_address: OnceLock<SocketAddr>,
    /// What earlier processes added.
    not_added: NotAdded,
    /// Held while a job with a key is matched with one that is there already.
    matching: tokio::sync::Mutex<()>,
    /// What everybody is told who asks for an overview.
    overviews: EachSecond<Overview>,
    /// Held by a start until it has succeeded or failed.
    starting: tokio::sync::Mutex<()>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    Built,
    Running { since: DateTime<Utc> },
    Stopped,
}

impl Scheduler {
    /// Begins to build a scheduler.
    pub fn builder() -> SchedulerBuilder {
        SchedulerBuilder::default()
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
        self.0.engine.prune_new().await;
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

    /// The address of its own server, once a start has succeeded; `None` before
    /// that, and if no address was set.
    #[must_use]
    pub fn http_address(&self) -> Option<SocketAddr> {
        self.0.http_address.get().copied()
    }

    /// Where people find the page of its own server, once a start has succeeded.
    fn page(&self) -> Option<String> {
        let (address, service) = self.http_address().zip(self.0.service.as_ref())?;
        Some(format!("http://{address}{}", service.page()))
    }

    /// Waits for a length of time by the scheduler's clock.
    #[cfg(feature = "web")]
    pub(crate) async fn sleep(&self, length: std::time::Duration) {
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
    /// events, ends itself then. The future borrows nothing, so it can be given
    /// to a server as the start of its graceful shutdown.
    pub fn stopping(&self) -> impl Future<Output = ()> + Send + use<> {
        let scheduler = self.clone();
        async move { scheduler.0.engine.stopping().await }
    }

    /// The zone of schedules that name none.
    #[must_use]
    pub fn zone(&self) -> Tz {
        self.0.zone
    }

    fn registry(&self) -> std::sync::RwLockReadGuard<'_, Registry> {
        self.0.registry.read().unwrap_or_else(PoisonError::into_inner)
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
