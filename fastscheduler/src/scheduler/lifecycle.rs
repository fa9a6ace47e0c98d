//! Starting, stopping, and running in between.

use std::sync::Arc;
use std::time::Duration;

use super::signals::Signals;
use super::{Phase, Scheduler, SchedulerError, Started};

/// How long `stop` waits for attempts to end.
const GRACE: Duration = Duration::from_secs(30);

const STOPPED_MEANWHILE: &str = "the scheduler was stopped while it was starting; build another one";

/// A start that has not succeeded. If it fails or its future is dropped, the
/// scheduler can be started again.
struct Unstarted<'a>(&'a Scheduler);

impl Drop for Unstarted<'_> {
    fn drop(&mut self) {
        *self.0.phase() = Phase::Built;
    }
}

impl Scheduler {
    /// Starts to run jobs, on the caller's runtime.
    ///
    /// It keeps running when all handles are dropped, until it is stopped or the
    /// runtime ends. If another process takes over the store, or a task of the
    /// scheduler panics, it stops by itself.
    ///
    /// # Errors
    ///
    /// [`SchedulerError::Phase`] if it was started before, or was stopped, even
    /// during this start;
    /// [`SchedulerError::Runtime`] without a runtime that has timers;
    /// [`SchedulerError::Listen`] if the address for HTTP is taken.
    pub async fn start(&self) -> Result<(), SchedulerError> {
        self.check_runtime()?;
        tokio::select! {
            biased;
            started = self.start_once() => started,
            () = self.0.engine.stopping() => {
                Err(SchedulerError::Phase(STOPPED_MEANWHILE))
            }
        }
    }

    async fn start_once(&self) -> Result<(), SchedulerError> {
        let _one = self.0.starting.lock().await;
        self.enter(|phase| match phase {
            Phase::Built if self.0.engine.is_stopping() => Err(STOPPED_MEANWHILE),
            Phase::Built => Ok(Phase::Running { since: self.0.engine.clock.now() }),
            Phase::Running { .. } => Err("the scheduler is running already"),
            Phase::Stopped => Err("the scheduler was stopped; build another one"),
        })?;
        // Jobs of functions that are registered from now on are placed in a task.
        self.0.engine.enter_runtime();
        let unstarted = Unstarted(self);
        let service = match &self.0.service {
            Some(service) => Some(service.start(self).await?),
            None => None,
        };
        self.place_all().await?;
        std::mem::forget(unstarted);
        if let Some(Started { address, .. }) = &service {
            let _ = self.0.http_address.set(*address);
        }
        let engine = &self.0.engine;
        engine.spawn("the watch over tasks", Arc::clone(engine).stop_at_failure(self.clone().stop_at_once()));
        engine.start();
        engine.spawn("the watch over the clock", self.clone().watch_clock());
        engine.spawn("the watch over the store", Arc::clone(engine).watch_store(self.clone().stop_at_once()));
        engine.spawn("the check of the store", Arc::clone(engine).watch_check());
        engine.spawn("the wait for attempts", self.clone().outlast_attempts());
        if let Some(Started { serving, .. }) = service {
            engine.spawn("the server", serving);
        }
        self.0.not_added.start_is_over();
        Ok(())
    }

    /// Puts each job's next fire into the queue, and handles missed ones.
    async fn place_all(&self) -> Result<(), SchedulerError> {
        // Functions may have been registered since the scheduler was built.
        for function in self.functions() {
            self.place_orphans_of(function.key()).await?;
        }
        Ok(self.0.engine.place_all().await?)
    }

    /// Stops the scheduler and closes the store.
    ///
    /// It claims nothing more, and gives attempts up to 30 seconds to end before it
    /// cuts them short. A scheduler that was never started only closes the store. A
    /// [`start`](Self::start) that is still running fails.
    ///
    /// A job may call it. Then it returns when the only attempts left are those
    /// that called it, and the job goes on. The job's outcome is written like any
    /// other, and then the store is closed. When the 30 seconds are over, the job is
    /// cut short. A failure to close the store is logged. To wait for all of it,
    /// call `stop` from outside a job, or use
    /// [`run_until_shutdown`](Self::run_until_shutdown). Tasks and threads that the
    /// job spawned count as outside: a job that waits for one of them to call `stop`
    /// waits for the whole 30 seconds.
    ///
    /// # Errors
    ///
    /// [`SchedulerError::Storage`] if not everything could be written;
    /// [`SchedulerError::TaskFailed`] if a task of the scheduler had panicked.
    pub async fn stop(&self) -> Result<(), SchedulerError> {
        self.stop_within(GRACE).await
    }

    /// Stops, giving attempts up to `grace` to end.
    ///
    /// If another call is stopping it already, this one has its own grace. A
    /// blocking function that does not return keeps its thread. A job that calls
    /// this has at least two seconds to end, even if `grace` is shorter.
    ///
    /// # Errors
    ///
    /// As for [`stop`](Self::stop).
    pub async fn stop_within(&self, grace: Duration) -> Result<(), SchedulerError> {
        let engine = &self.0.engine;
        // Before the first `.await`, while this surely runs on the caller's thread.
        let calling_attempt = engine.calling_attempt();
        engine.begin_to_stop();
        let starting = self.0.starting.lock().await;
        let before = std::mem::replace(&mut *self.phase(), Phase::Stopped);
        drop(starting);
        match (before, calling_attempt) {
            (Phase::Built, _) => engine.stop_unstarted(),
            (Phase::Running { .. } | Phase::Stopped, None) => engine.stop(grace).await,
            (Phase::Running { .. } | Phase::Stopped, Some(run)) => {
                engine.stop_from_inside(run, grace).await;
                return Ok(());
            }
        }
        engine.close().await?;
        engine.failure().map_or(Ok(()), |failure| Err(SchedulerError::TaskFailed(failure.to_owned())))
    }

    /// Stops once the store is lost or a task has panicked. Attempts get no time to
    /// end: whoever has the store next runs them again.
    async fn stop_at_once(self) {
        // Why it fails was said already.
        let _ = self.stop_within(Duration::ZERO).await;
    }

    /// Starts, waits for SIGINT or SIGTERM or until another handle or a job
    /// stops it, and stops. A second signal cuts attempts short at once.
    ///
    /// A signal also ends a start that is still waiting for the store or for an
    /// address lookup.
    ///
    /// # Errors
    ///
    /// As [`start`](Self::start), and [`SchedulerError::Signals`];
    /// [`SchedulerError::Storage`] if another process has taken over the store;
    /// [`SchedulerError::TaskFailed`] if a task of the scheduler panicked.
    pub async fn run_until_shutdown(&self) -> Result<(), SchedulerError> {
        self.check_runtime()?;
        let mut signals = Signals::new().map_err(SchedulerError::Signals)?;
        self.run_until(&mut signals, || {}).await
    }

    /// The same with signal handlers that are already installed. It calls `started`
    /// once the start has succeeded.
    pub(super) async fn run_until(
        &self,
        signals: &mut Signals,
        started: impl FnOnce(),
    ) -> Result<(), SchedulerError> {
        let stopped = async {
            self.start().await?;
            started();
            self.0.engine.stopping().await;
            Ok::<(), SchedulerError>(())
        };
        tokio::select! {
            biased;
            () = signals.next() => tracing::info!("stopping; a second signal stops at once"),
            stopped = stopped => stopped?,
        }
        tokio::select! {
            stopped = self.stop() => stopped,
            () = signals.next() => self.stop_within(Duration::ZERO).await,
        }
    }

    /// Checks that timers work here: without them, spawned tasks would panic unseen.
    fn check_runtime(&self) -> Result<(), SchedulerError> {
        let has_runtime = tokio::runtime::Handle::try_current().is_ok();
        let make_timer = || drop(self.0.engine.clock.sleep(Duration::ZERO));
        if has_runtime && std::panic::catch_unwind(std::panic::AssertUnwindSafe(make_timer)).is_ok() {
            Ok(())
        } else {
            Err(SchedulerError::Runtime)
        }
    }

    fn enter(&self, next: impl FnOnce(Phase) -> Result<Phase, &'static str>) -> Result<(), SchedulerError> {
        let mut phase = self.phase();
        *phase = next(*phase).map_err(SchedulerError::Phase)?;
        Ok(())
    }
}
