//! The object users hold.
//!
//! A [`Scheduler`] is built by a [`SchedulerBuilder`], or made and run by
//! [`run`](crate::run). It is a handle: clones are the same scheduler.

mod add;
mod builder;
mod declared;
mod environment;
mod error;
mod new_job;
mod program;
mod signals;

use std::collections::HashSet;
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::Duration;

use chrono::{DateTime, Utc};
use chrono_tz::Tz;

pub use builder::SchedulerBuilder;
pub use error::SchedulerError;
pub use new_job::{JobPart, NewJob};
pub use program::run;

use crate::engine::Engine;
use crate::job::{DeadLetter, FunctionKey, IntoJobId, Job, Run, Statistics};
use crate::registry::{Function, JobClosure, Registry};
use crate::schedule::Upcoming;
use crate::storage::HistoryQuery;

/// How long `stop` waits for attempts to end.
const GRACE: Duration = Duration::from_secs(30);

/// A job scheduler. Clones are handles to the same one.
///
/// # Examples
///
/// ```
/// use fastscheduler::prelude::*;
///
/// # tokio::runtime::Runtime::new()?.block_on(async {
/// let scheduler = Scheduler::builder().build().await?;
/// let id = scheduler
///     .add(every(0.01).seconds().run("tick", || async { println!("tick") }))
///     .await?;
/// scheduler.start().await?;
/// scheduler.stop().await?;
/// assert_eq!(scheduler.job(&id).await?.unwrap().name(), "tick");
/// # anyhow::Ok(()) })?;
/// # anyhow::Ok(())
/// ```
#[derive(Debug, Clone)]
pub struct Scheduler(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    engine: Arc<Engine>,
    registry: RwLock<Registry>,
    zone: Tz,
    phase: Mutex<Phase>,
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

    /// Starts to run jobs, on the runtime of the caller.
    ///
    /// # Errors
    ///
    /// [`SchedulerError::Phase`] if it was started before, or stopped.
    #[expect(clippy::unused_async, reason = "a store of several processes says that this one is there")]
    pub async fn start(&self) -> Result<(), SchedulerError> {
        let running = Phase::Running { since: self.0.engine.clock.now() };
        self.enter(running, |phase| match phase {
            Phase::Built => None,
            Phase::Running { .. } => Some("is running already"),
            Phase::Stopped => Some("was stopped"),
        })?;
        self.0.engine.start();
        Ok(())
    }

    /// Stops: claims nothing more, and waits up to 30 seconds for attempts to
    /// end before it cuts them short.
    ///
    /// # Errors
    ///
    /// [`SchedulerError::Phase`] if it is not running.
    pub async fn stop(&self) -> Result<(), SchedulerError> {
        self.stop_within(GRACE).await
    }

    /// Stops, waiting as long as `grace` for attempts to end.
    ///
    /// A blocking function that does not return keeps its thread.
    ///
    /// # Errors
    ///
    /// [`SchedulerError::Phase`] if it is not running.
    pub async fn stop_within(&self, grace: Duration) -> Result<(), SchedulerError> {
        self.enter(Phase::Stopped, |phase| match phase {
            Phase::Built => Some("is not running"),
            Phase::Running { .. } => None,
            Phase::Stopped => Some("was stopped already"),
        })?;
        self.0.engine.stop(grace).await;
        Ok(())
    }

    /// Starts, waits for SIGINT or SIGTERM, and stops. A second signal cuts
    /// attempts short at once.
    pub async fn run_until_shutdown(&self) -> Result<(), SchedulerError> {
        let mut signals = signals::Signals::new().map_err(SchedulerError::Signals)?;
        self.start().await?;
        signals.next().await;
        tracing::info!("stopping; a second signal stops at once");
        tokio::select! {
            stopped = self.stop() => stopped,
            () = signals.next() => {
                self.0.engine.stop(Duration::ZERO).await;
                Ok(())
            }
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
        self.0.registry.write().unwrap_or_else(PoisonError::into_inner).register(function)?;
        self.publish_functions();
        Ok(())
    }

    /// All jobs, by id.
    pub async fn jobs(&self) -> Result<Vec<Job>, SchedulerError> {
        let running = self.0.engine.table.running_jobs();
        let mut jobs = self.0.engine.storage.jobs().await?;
        for job in &mut jobs {
            job.is_running = running.contains(&job.id);
        }
        Ok(jobs)
    }

    /// The jobs of a group, by id.
    pub async fn jobs_in_group(&self, group: &str) -> Result<Vec<Job>, SchedulerError> {
        let mut jobs = self.jobs().await?;
        jobs.retain(|job| job.group() == group);
        Ok(jobs)
    }

    /// One job, or `None` if there is none of that id.
    pub async fn job(&self, id: impl IntoJobId) -> Result<Option<Job>, SchedulerError> {
        let Ok(id) = id.into_job_id() else { return Ok(None) };
        let running = self.0.engine.table.running_jobs();
        let job = self.0.engine.storage.job(id).await?;
        Ok(job.map(|job| Job { is_running: running.contains(&id), ..job }))
    }

    /// The newest runs that are asked for, oldest first.
    pub async fn history(&self, query: HistoryQuery) -> Result<Vec<Run>, SchedulerError> {
        Ok(self.0.engine.storage.history(&query).await?)
    }

    /// The newest dead letters, newest first.
    pub async fn dead_letters(&self, limit: usize) -> Result<Vec<DeadLetter>, SchedulerError> {
        Ok(self.0.engine.storage.dead_letters(limit).await?)
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
        let id = id.into_job_id().map_err(SchedulerError::UnknownJob)?;
        let job = self.0.engine.storage.job(id).await?;
        let job = job.ok_or_else(|| SchedulerError::UnknownJob(id.to_string()))?;
        let schedule = job.definition().schedule.compile(self.0.zone)?;
        let fires: Upcoming = schedule.upcoming(self.0.engine.clock.now());
        Ok(fires.take(n).collect())
    }

    /// The zone of schedules that name none.
    #[must_use]
    pub fn zone(&self) -> Tz {
        self.0.zone
    }

    /// Waits until nothing is due and no attempt is under way.
    #[cfg(feature = "testing")]
    pub(crate) async fn quiet(&self) -> Result<(), SchedulerError> {
        Ok(self.0.engine.quiet().await?)
    }

    /// When the next fire, retry or manual run is due.
    #[cfg(feature = "testing")]
    pub(crate) async fn next_due(&self) -> Result<Option<DateTime<Utc>>, SchedulerError> {
        Ok(self.0.engine.queue.next_due().await?)
    }

    fn registry(&self) -> std::sync::RwLockReadGuard<'_, Registry> {
        self.0.registry.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn publish_functions(&self) {
        let keys: HashSet<FunctionKey> =
            self.registry().iter().map(|function| function.key().clone()).collect();
        self.0.engine.table.set_functions(keys);
    }

    fn phase(&self) -> std::sync::MutexGuard<'_, Phase> {
        self.0.phase.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn enter(
        &self,
        next: Phase,
        objection: impl Fn(Phase) -> Option<&'static str>,
    ) -> Result<(), SchedulerError> {
        let mut phase = self.phase();
        if let Some(objection) = objection(*phase) {
            return Err(SchedulerError::Phase(objection));
        }
        *phase = next;
        Ok(())
    }
}
