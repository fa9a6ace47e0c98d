//! Jobs whose function is a closure.

use std::panic::Location;

use super::new_job::{JobPart, Target};
use crate::registry::{
    BlockingJobClosure, Function, Given, JobClosure, RetryError, RetryIf, TryBlockingJobClosure,
    TryJobClosure,
};
use crate::schedule::ScheduleBuilder;
use crate::schedule::kind::Kind;

/// The module that closures are shown under.
pub(super) const CLOSURES: &str = "closure";

/// What a job runs, if it is a closure.
impl<K: Kind, J: Into<JobPart>> ScheduleBuilder<K, J> {
    /// Runs an async closure. The name is the job's, unless it is given another.
    ///
    /// The closure takes up to six parameters like those of an annotated
    /// function, and returns `()` or `anyhow::Result<T>`. Each run calls a clone
    /// of it, so that it may use up what it captures.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::sync::Arc;
    /// use fastscheduler::prelude::*;
    /// # struct Db; impl Db { async fn vacuum(&self) -> std::io::Result<()> { Ok(()) } }
    /// # let db = Arc::new(Db);
    ///
    /// let job = every("1h").run("vacuum", async move || {
    ///     db.vacuum().await?;
    ///     Ok(())
    /// });
    /// # let _ = job;
    /// ```
    #[track_caller]
    pub fn run<P, F: JobClosure<P>>(
        self,
        name: impl Into<String>,
        closure: F,
    ) -> ScheduleBuilder<K, JobPart> {
        self.closure(name.into(), Location::caller(), |given| closure.into_function(given))
    }

    /// Runs an async closure that returns a `Result<T, E>` with any error that
    /// [`TryClosureReturn`](crate::TryClosureReturn) names; as
    /// [`run`](Self::run) otherwise.
    ///
    /// # Examples
    ///
    /// ```
    /// use fastscheduler::prelude::*;
    ///
    /// let job = every("1h").try_run("remove", async || std::fs::remove_file("/tmp/report"));
    /// let text = daily().at("09:00").try_run("import", async || Err::<(), _>("nothing to import"));
    /// # let _ = (job, text);
    /// ```
    #[track_caller]
    pub fn try_run<P, V, F: TryJobClosure<P, V>>(
        self,
        name: impl Into<String>,
        closure: F,
    ) -> ScheduleBuilder<K, JobPart> {
        self.closure(name.into(), Location::caller(), |given| closure.into_function(given))
    }

    /// Runs a closure that may block its thread; as [`run`](Self::run)
    /// otherwise.
    ///
    /// It is treated as an annotated function that is not async: at most
    /// [`max_workers`](crate::SchedulerBuilder::max_workers) of them run at once.
    ///
    /// # Examples
    ///
    /// ```
    /// use fastscheduler::prelude::*;
    ///
    /// let job = every("1h").run_blocking("copy", || {
    ///     std::fs::copy("/tmp/report", "/tmp/copy")?;
    ///     Ok(())
    /// });
    /// # let _ = job;
    /// ```
    #[track_caller]
    pub fn run_blocking<P, F: BlockingJobClosure<P>>(
        self,
        name: impl Into<String>,
        closure: F,
    ) -> ScheduleBuilder<K, JobPart> {
        self.closure(name.into(), Location::caller(), |given| closure.into_function(given))
    }

    /// Runs a closure that may block its thread and returns a `Result<T, E>`:
    /// [`run_blocking`](Self::run_blocking) with the errors of
    /// [`try_run`](Self::try_run).
    ///
    /// # Examples
    ///
    /// ```
    /// use fastscheduler::prelude::*;
    ///
    /// let job = every("1h").try_run_blocking("copy", || std::fs::copy("/tmp/report", "/tmp/copy"));
    /// # let _ = job;
    /// ```
    #[track_caller]
    pub fn try_run_blocking<P, V, F: TryBlockingJobClosure<P, V>>(
        self,
        name: impl Into<String>,
        closure: F,
    ) -> ScheduleBuilder<K, JobPart> {
        self.closure(name.into(), Location::caller(), |given| closure.into_function(given))
    }

    /// Which errors of the closure are worth a retry. An error for which the
    /// predicate returns `false` is for good, like [`Permanent`](crate::Permanent).
    ///
    /// An `&E` is looked for in the chain of the error's sources; `&anyhow::Error`
    /// is the whole error of a closure that returns one. An error that is of
    /// another type is retried as usual; so is an `E` inside a variant with
    /// `#[error(transparent)]`, which shows its own type only. Timeouts and
    /// panics are retried too, since they are no errors of the closure; a
    /// predicate that panics is such a panic. The predicate is not stored.
    ///
    /// A registered function says so itself, with `retry_if = path` on its
    /// attribute: with [`call`](Self::call), this is an error when the job is
    /// added.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::io;
    /// use fastscheduler::prelude::*;
    ///
    /// let job = every("1h")
    ///     .run_blocking("read", || {
    ///         std::fs::read("/tmp/report")?;
    ///         Ok(())
    ///     })
    ///     .retry_if(|error: &io::Error| error.kind() != io::ErrorKind::NotFound);
    /// # let _ = job;
    /// ```
    pub fn retry_if<E: RetryError<V>, V>(
        self,
        predicate: impl Fn(&E) -> bool + Send + Sync + 'static,
    ) -> ScheduleBuilder<K, JobPart> {
        self.with(|part| part.retry_if = Some(RetryIf::new(predicate)))
    }

    fn closure(
        self,
        name: String,
        place: &'static Location<'static>,
        make: impl FnOnce(Given) -> Function + Send + 'static,
    ) -> ScheduleBuilder<K, JobPart> {
        self.with(|part| part.target = Some(Target::Closure(name, place, Box::new(make))))
    }
}
