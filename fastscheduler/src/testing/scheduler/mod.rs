//! A scheduler on a clock that is set by hand, for tests of jobs.

mod error;
mod runs;
mod settings;
#[cfg(test)]
mod tests;

use std::future::Future;
use std::ops::Deref;
use std::time::Duration;

use chrono::{DateTime, Utc};

pub use self::error::TestError;
pub use self::runs::Runs;
pub use self::settings::{IntoInstant, TestSchedulerBuilder};
use super::{Audit, ManualClock, audit};
use crate::clock::{Clock as _, SystemClock};
use crate::job::JobStatus;
use crate::scheduler::{Scheduler, SchedulerError};
use crate::storage::{HistoryQuery, Storage, StorageError};

/// Begins to build a scheduler for a test: on a manual clock that reads
/// midnight of Monday, 5 January 2026, in UTC, with a store in memory that
/// keeps every run.
///
/// It has the jobs that attributes declare, like any scheduler.
///
/// # Examples
///
/// Days pass in milliseconds:
///
/// ```standalone_crate
/// use std::time::Duration;
///
/// use fastscheduler::prelude::*;
/// use fastscheduler::testing;
///
/// # tokio::runtime::Runtime::new()?.block_on(async {
/// let test = testing::scheduler()
///     .starting_at("2026-03-28T00:00:00Z")
///     .configure(|builder| builder.timezone("Europe/Paris"))
///     .start()
///     .await?;
/// test.add(daily().at("09:00").run("report", || async {})).await?;
/// test.add(cron("0 12 * * SUN").run("lunch", || async {})).await?;
///
/// // Three days, one of them an hour short.
/// test.advance(Duration::from_hours(3 * 24)).await?;
///
/// assert_eq!(test.ran("report").await?.len(), 3);
/// assert_eq!(test.ran("lunch").await?.times(), ["2026-03-29 12:00:00"]);
/// assert_eq!(
///     test.runs().await?.to_string(),
///     "2026-03-28 09:00:00 report completed\n\
///      2026-03-29 09:00:00 report completed\n\
///      2026-03-29 12:00:00 lunch completed\n\
///      2026-03-30 09:00:00 report completed\n"
/// );
/// test.audit().await?.assert_clean();
/// # anyhow::Ok(()) })?;
/// # anyhow::Ok(())
/// ```
///
/// Jobs that attributes declare are asked for by the name of the job or of its
/// function, and functions are given state as ever:
///
/// ```standalone_crate
/// use std::sync::Arc;
/// use std::sync::atomic::{AtomicU32, Ordering};
///
/// use fastscheduler::prelude::*;
/// use fastscheduler::testing;
///
/// #[derive(Clone, Default)]
/// struct Bills(Arc<AtomicU32>);
///
/// #[monthly(last, at = "18:00")]
/// async fn send_bills(bills: State<Bills>) {
///     bills.0.0.fetch_add(1, Ordering::Relaxed);
/// }
///
/// # fn main() -> anyhow::Result<()> {
/// # tokio::runtime::Runtime::new()?.block_on(async {
/// let bills = Bills::default();
/// let state = bills.clone();
/// let test = testing::scheduler().configure(|builder| builder.state(state)).start().await?;
/// test.advance_to("2026-03-01T00:00:00Z").await?;
/// assert_eq!(test.ran("send_bills").await?.times(), ["2026-01-31 18:00:00", "2026-02-28 18:00:00"]);
/// assert_eq!(bills.0.load(Ordering::Relaxed), 2);
/// # anyhow::Ok(()) })
/// # }
/// ```
pub fn scheduler() -> TestSchedulerBuilder {
    TestSchedulerBuilder::default()
}

/// A scheduler on a clock that is set by hand; made by [`scheduler`].
///
/// It is a [`Scheduler`] with the means to let time pass and to ask what ran.
///
/// Only time that the scheduler knows of passes. Where a job itself waits, for
/// a message or for `tokio::time::sleep`, letting time pass waits with it in
/// real time, and gives up after the test's
/// [`patience`](TestSchedulerBuilder::patience). To see a job time out or
/// overlap with itself, move its [`clock`](Self::clock) instead, which waits
/// for nothing.
#[derive(Debug)]
pub struct TestScheduler {
    scheduler: Scheduler,
    settings: TestSchedulerBuilder,
}

impl TestScheduler {
    /// The clock. Setting it waits for nothing that comes due.
    #[must_use]
    pub fn clock(&self) -> &ManualClock {
        self.settings.own_clock()
    }

    /// The instant it is.
    #[must_use]
    pub fn now(&self) -> DateTime<Utc> {
        self.clock().now()
    }

    /// Lets time pass, stopping at each instant at which something is due,
    /// until all that came due has run.
    ///
    /// # Errors
    ///
    /// [`TestError::StillRunning`] if attempts do not end.
    pub async fn advance(&self, by: Duration) -> Result<(), TestError> {
        self.advance_to(self.now() + by).await
    }

    /// Lets time pass until an instant, like [`advance`](Self::advance).
    ///
    /// # Errors
    ///
    /// [`TestError::Past`] if the instant is over, [`TestError::Instant`] for
    /// a text that is none; otherwise as for `advance`.
    pub async fn advance_to(&self, instant: impl IntoInstant) -> Result<(), TestError> {
        let (to, now) = (instant.into_instant()?, self.now());
        if to < now {
            return Err(TestError::Past { to, now });
        }
        self.quiet().await?;
        while super::step(&self.scheduler, self.clock(), to).await? {
            self.quiet().await?;
        }
        Ok(())
    }

    /// Waits until nothing is due and no attempt is under way; no time passes.
    ///
    /// # Errors
    ///
    /// [`TestError::StillRunning`] if attempts do not end.
    pub async fn quiet(&self) -> Result<(), TestError> {
        self.patiently(self.scheduler.quiet()).await
    }

    /// All that ran, was retried or was skipped, oldest first.
    pub async fn runs(&self) -> Result<Runs, TestError> {
        let all = HistoryQuery { limit: usize::MAX, ..HistoryQuery::default() };
        Ok(Runs::new(self.scheduler.history(all).await?, self.scheduler.zone()))
    }

    /// The attempts of a job, or of the jobs of a function, oldest first;
    /// fires that were skipped are not among them.
    ///
    /// The name is that of the job or of the function, with its module or
    /// without.
    ///
    /// # Errors
    ///
    /// [`TestError::UnknownName`] if there is neither a job nor a function of
    /// that name, nor was there.
    pub async fn ran(&self, name: &str) -> Result<Runs, TestError> {
        let runs = self.runs().await?;
        let attempts = runs.attempts_of(name);
        if attempts.is_empty() {
            self.check_name(name, &runs).await?;
        }
        Ok(attempts)
    }

    /// Whether every due time is accounted for, as [`audit`] says it of the
    /// scheduler's store: up to now, or if it was stopped, up to then.
    ///
    /// # Errors
    ///
    /// [`TestError::StillRunning`] if attempts do not end.
    pub async fn audit(&self) -> Result<Audit, TestError> {
        let mut auditing = audit(self.storage()).zone(self.scheduler.zone());
        if self.scheduler.is_running() {
            self.quiet().await?;
            auditing = auditing.until(self.now());
        }
        for job in self.scheduler.jobs().await? {
            if job.status() == JobStatus::Orphaned {
                auditing = auditing.ignoring(job.id());
            }
        }
        auditing.await.map_err(from_storage)
    }

    /// The store.
    #[must_use]
    pub fn storage(&self) -> &dyn Storage {
        self.scheduler.storage()
    }

    /// Stops, like [`Scheduler::stop`]; time may pass until a
    /// [`restart`](Self::restart).
    ///
    /// # Errors
    ///
    /// [`TestError::StillRunning`] if attempts do not end.
    pub async fn stop(&self) -> Result<(), TestError> {
        self.patiently(self.scheduler.stop()).await
    }

    /// Stops, unless that is done, and starts a new scheduler with the same
    /// settings on the same clock and store, as a program does that is started
    /// again; then waits until what it missed has been made up for.
    ///
    /// Closures are not kept: jobs of closures, and functions that were
    /// registered at run time, are there again once they are added again.
    ///
    /// # Errors
    ///
    /// As [`start`](TestSchedulerBuilder::start), and
    /// [`TestError::StillRunning`] if attempts do not end.
    ///
    /// # Examples
    ///
    /// ```standalone_crate
    /// use std::time::Duration;
    ///
    /// use fastscheduler::prelude::*;
    /// use fastscheduler::testing;
    ///
    /// #[hourly(at = ":00", catch_up = "all")]
    /// async fn meter() {}
    ///
    /// # fn main() -> anyhow::Result<()> {
    /// # tokio::runtime::Runtime::new()?.block_on(async {
    /// let mut test = testing::scheduler().start().await?;
    /// test.stop().await?;
    /// test.clock().advance(Duration::from_mins(3 * 60 + 1));
    /// test.restart().await?;
    /// assert_eq!(
    ///     test.ran("meter").await?.times(),
    ///     ["2026-01-05 01:00:00", "2026-01-05 02:00:00", "2026-01-05 03:00:00"]
    /// );
    /// # anyhow::Ok(()) })
    /// # }
    /// ```
    pub async fn restart(&mut self) -> Result<(), TestError> {
        if self.scheduler.is_running() {
            self.stop().await?;
        }
        self.scheduler = self.settings.build().await?;
        self.begin().await
    }

    /// Starts, and waits until what is due has run.
    async fn begin(&self) -> Result<(), TestError> {
        self.scheduler.start().await?;
        self.quiet().await
    }

    /// Waits, but not for ever.
    async fn patiently(
        &self,
        done: impl Future<Output = Result<(), SchedulerError>>,
    ) -> Result<(), TestError> {
        let patience = self.settings.own_patience();
        tokio::select! {
            biased;
            done = done => Ok(done?),
            // Not tokio's clock, which a test may have paused.
            () = SystemClock.sleep_until(SystemClock.now() + patience) => {
                let mut jobs = self.scheduler.jobs().await?;
                jobs.retain(|job| job.status() == JobStatus::Running);
                Err(TestError::still_running(&jobs, patience))
            }
        }
    }

    /// Pauses the jobs that have none of these names.
    async fn pause_all_but(&self, names: &[String]) -> Result<(), TestError> {
        let (jobs, runs) = (self.scheduler.jobs().await?, self.runs().await?);
        for name in names {
            self.check_name(name, &runs).await?;
        }
        let is_wanted = |name: &str, function| {
            names.iter().any(|wanted| wanted == name || runs::is_function(wanted, function))
        };
        for job in jobs.iter().filter(|job| !is_wanted(job.name(), job.function())) {
            self.scheduler.pause_job(job.id()).await?;
        }
        Ok(())
    }

    /// Whether a job or a function has that name, or had it.
    async fn check_name(&self, name: &str, runs: &Runs) -> Result<(), TestError> {
        let jobs = self.scheduler.jobs().await?;
        let functions = self.scheduler.functions();
        let is_known = jobs.iter().any(|job| job.name() == name || runs::is_function(name, job.function()))
            || runs.iter().any(|run| run.job_name == *name || runs::is_function(name, &run.function))
            || functions.iter().any(|function| runs::is_function(name, function.key()));
        if is_known {
            return Ok(());
        }
        let known = jobs.iter().map(|job| job.name().to_owned());
        let known = known.chain(functions.iter().map(|function| function.key().name().to_owned()));
        Err(TestError::unknown_name(name, known))
    }
}

impl Deref for TestScheduler {
    type Target = Scheduler;

    fn deref(&self) -> &Scheduler {
        &self.scheduler
    }
}

fn from_storage(error: StorageError) -> TestError {
    SchedulerError::from(error).into()
}
