//! Registering closures as functions while the program runs.

use std::panic::Location;
use std::sync::PoisonError;

use super::{Scheduler, SchedulerError};
use crate::job::FunctionKey;
use crate::registry::{
    BlockingJobClosure, Function, Given, JobClosure, TryBlockingJobClosure, TryJobClosure,
};

impl Scheduler {
    /// Registers an async closure as a function under `module::name` or a bare
    /// name, so that jobs can call it by that.
    ///
    /// The closure returns `()` or `anyhow::Result<T>`, as one for `run` does.
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
        function.check_states(&self.0.engine.states)?;
        let key = function.key().clone();
        self.0.registry.write().unwrap_or_else(PoisonError::into_inner).register(function)?;
        self.0.engine.table.functions().add(&key);
        if self.is_running() {
            let scheduler = self.clone();
            self.0.engine.spawn("the adoption of jobs", async move {
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
}

fn given(name: &str, place: &'static Location<'static>) -> Given {
    Given { key: FunctionKey::parse(name), place, retry_if: None }
}
