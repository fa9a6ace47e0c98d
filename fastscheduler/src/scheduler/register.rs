//! Registering closures as functions while the program runs.

use std::panic::Location;
use std::sync::PoisonError;

use super::{Scheduler, SchedulerError};
use crate::engine::AFTER_FAILURE;
use crate::job::FunctionKey;
use crate::registry::{
    BlockingJobClosure, Function, Given, JobClosure, TryBlockingJobClosure, TryJobClosure,
};
use crate::schedule::text::OneLine;

impl Scheduler {
    /// Registers an async closure as a function under `module::name` or a bare
    /// name, so that jobs can call it by that.
    ///
    /// The closure returns `()` or `anyhow::Result<T>`, as one for `run` does. An
    /// error that no retry can mend is wrapped in [`Permanent`](crate::Permanent).
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
        self.register(closure.into_function(given(name, Location::caller())))
    }

    /// Registers an async closure that returns a `Result<T, E>` with any error
    /// that [`TryClosureReturn`](crate::TryClosureReturn) names.
    ///
    /// # Errors
    ///
    /// As [`register_function`](Self::register_function).
    #[track_caller]
    pub fn try_register_function<P, V, F: TryJobClosure<P, V>>(
        &self,
        name: &str,
        closure: F,
    ) -> Result<(), SchedulerError> {
        self.register(closure.into_function(given(name, Location::caller())))
    }

    /// Registers a closure that may block its thread, and returns `()` or
    /// `anyhow::Result<T>`.
    ///
    /// # Errors
    ///
    /// As [`register_function`](Self::register_function).
    #[track_caller]
    pub fn register_blocking_function<P, F: BlockingJobClosure<P>>(
        &self,
        name: &str,
        closure: F,
    ) -> Result<(), SchedulerError> {
        self.register(closure.into_function(given(name, Location::caller())))
    }

    /// Registers a closure that may block its thread, and returns a
    /// `Result<T, E>` with any error that
    /// [`TryClosureReturn`](crate::TryClosureReturn) names.
    ///
    /// # Errors
    ///
    /// As [`register_function`](Self::register_function).
    #[track_caller]
    pub fn try_register_blocking_function<P, V, F: TryBlockingJobClosure<P, V>>(
        &self,
        name: &str,
        closure: F,
    ) -> Result<(), SchedulerError> {
        self.register(closure.into_function(given(name, Location::caller())))
    }

    fn register(&self, function: Function) -> Result<(), SchedulerError> {
        function.check_states(&self.0.engine.setup.states)?;
        let key = function.key().clone();
        self.0.registry.write().unwrap_or_else(PoisonError::into_inner).register(function)?;
        self.0.engine.table.functions().add(&key);
        if self.is_running() {
            self.0.engine.spawn("placing the jobs of a function", self.clone().keep_placing_orphans_of(key));
        }
        Ok(())
    }

    /// Places the jobs that waited for a function. If the store fails, this is tried
    /// again until it succeeds or the scheduler stops.
    async fn keep_placing_orphans_of(self, key: FunctionKey) {
        let engine = &self.0.engine;
        while let Err(error) = self.place_orphans_of(&key).await {
            let is_worth_a_try = matches!(error, SchedulerError::Storage(_)) && !engine.is_stopping();
            tracing::error!(
                error = &error as &dyn std::error::Error,
                "cannot place the jobs of `{}`{}",
                OneLine(&key),
                if is_worth_a_try { "; trying again" } else { "" }
            );
            if !is_worth_a_try {
                return;
            }
            tokio::select! {
                () = engine.clock.sleep(AFTER_FAILURE) => {}
                () = engine.stopping() => return,
            }
        }
    }
}

fn given(name: &str, place: &'static Location<'static>) -> Given {
    Given { key: FunctionKey::parse(name), place, retry_if: None }
}
