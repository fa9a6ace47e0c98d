//! Settings of a scheduler for a test.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};
use chrono_tz::Tz;

use super::{TestError, TestScheduler};
use crate::clock::Clock as _;
use crate::scheduler::{Scheduler, SchedulerBuilder};
use crate::storage::MemoryStorage;
use crate::testing::ManualClock;

/// Monday, 5 January 2026, midnight in UTC.
const START: DateTime<Utc> = DateTime::from_timestamp_secs(1_767_571_200).expect("it is an instant");

/// How long attempts are waited for in real time.
const PATIENCE: Duration = Duration::from_secs(30);

type Configure = Arc<dyn Fn(SchedulerBuilder) -> SchedulerBuilder + Send + Sync>;

/// Settings of a scheduler for a test; made by [`testing::scheduler`].
///
/// [`testing::scheduler`]: super::scheduler()
#[must_use = "settings do nothing until `start`"]
pub struct TestSchedulerBuilder {
    clock: ManualClock,
    /// Kept until `start`, which returns it.
    mistake: Option<TestError>,
    configure: Vec<Configure>,
    only: Option<Vec<String>>,
    patience: Duration,
    /// Used unless `configure` gives another one.
    storage: MemoryStorage,
}

impl Default for TestSchedulerBuilder {
    fn default() -> Self {
        Self {
            clock: ManualClock::new(START),
            mistake: None,
            configure: Vec::new(),
            only: None,
            patience: PATIENCE,
            storage: MemoryStorage::default(),
        }
    }
}

impl TestSchedulerBuilder {
    /// The instant that the clock reads at first: a `DateTime<Utc>`, or text
    /// such as `2026-03-28T09:00:00+01:00`. A text that is no instant is an
    /// error of [`start`](Self::start).
    pub fn starting_at(mut self, instant: impl IntoInstant) -> Self {
        match instant.into_instant() {
            Ok(instant) => self.clock.set(instant),
            Err(mistake) => self.mistake = Some(mistake),
        }
        self
    }

    /// The clock, if somebody else goes by it too: a queue that is given to
    /// the scheduler, or a second scheduler.
    pub fn clock(mut self, clock: ManualClock) -> Self {
        self.clock = clock;
        self
    }

    /// Settings like those of the program: state, the zone, limits, a store.
    ///
    /// They start from UTC, a store in memory and no limits on the history; a
    /// test that asks what ran must keep it. They are made again at each
    /// [restart](TestScheduler::restart), so what they take in must be `Clone`.
    pub fn configure<F>(mut self, configure: F) -> Self
    where
        F: FnOnce(SchedulerBuilder) -> SchedulerBuilder + Clone + Send + Sync + 'static,
    {
        self.configure.push(Arc::new(move |builder| configure.clone()(builder)));
        self
    }

    /// Pauses all jobs that are there at the start but those: a test of one
    /// job need not run the others that the program declares.
    ///
    /// The names are those of jobs or of functions; one that is neither is an
    /// error of [`start`](Self::start). Jobs that are added later run.
    ///
    /// # Examples
    ///
    /// ```standalone_crate
    /// use std::time::Duration;
    ///
    /// use fastscheduler::prelude::*;
    /// use fastscheduler::testing;
    ///
    /// #[hourly(at = ":00")]
    /// async fn count() {}
    ///
    /// #[hourly(at = ":30")]
    /// async fn delete_everything() {
    ///     unreachable!("it is paused")
    /// }
    ///
    /// # fn main() -> anyhow::Result<()> {
    /// # tokio::runtime::Runtime::new()?.block_on(async {
    /// let test = testing::scheduler().only(["count"]).start().await?;
    /// test.advance(Duration::from_hours(24)).await?;
    /// assert_eq!(test.runs().await?.len(), 24);
    /// assert!(test.ran("delete_everything").await?.is_empty());
    /// # anyhow::Ok(()) })
    /// # }
    /// ```
    pub fn only<const N: usize>(mut self, names: [&str; N]) -> Self {
        self.only = Some(names.map(str::to_owned).to_vec());
        self
    }

    /// How long attempts are waited for in real time before that is an error:
    /// 30 seconds by default.
    pub fn patience(mut self, patience: Duration) -> Self {
        self.patience = patience;
        self
    }

    /// Builds the scheduler and starts it, and waits until what is due at once
    /// has run.
    ///
    /// # Errors
    ///
    /// What building and starting a scheduler may fail with, and
    /// [`TestError::Instant`] or [`TestError::UnknownName`] for a setting of
    /// this builder.
    pub async fn start(mut self) -> Result<TestScheduler, TestError> {
        if let Some(mistake) = self.mistake.take() {
            return Err(mistake);
        }
        let only = self.only.take();
        let test = TestScheduler { scheduler: self.build().await?, settings: self };
        if let Some(names) = only {
            test.pause_all_but(&names).await?;
        }
        test.begin().await?;
        Ok(test)
    }

    pub(super) async fn build(&self) -> Result<Scheduler, TestError> {
        let builder = Scheduler::builder()
            .timezone(Tz::UTC)
            .storage(self.storage.clone())
            .max_history(usize::MAX)
            .history_retention_days(0)
            .max_dead_letters(usize::MAX);
        let builder = self.configure.iter().fold(builder, |builder, configure| configure(builder));
        Ok(builder.clock(self.clock.clone()).build().await?)
    }

    pub(super) fn own_clock(&self) -> &ManualClock {
        &self.clock
    }

    pub(super) fn own_patience(&self) -> Duration {
        self.patience
    }
}

impl fmt::Debug for TestSchedulerBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TestSchedulerBuilder").field("now", &self.clock.now()).finish_non_exhaustive()
    }
}

/// What names an instant: a `DateTime<Utc>`, or text in RFC 3339.
pub trait IntoInstant {
    /// The instant.
    ///
    /// # Errors
    ///
    /// [`TestError::Instant`] for a text that is none.
    fn into_instant(self) -> Result<DateTime<Utc>, TestError>;
}

impl IntoInstant for DateTime<Utc> {
    fn into_instant(self) -> Result<DateTime<Utc>, TestError> {
        Ok(self)
    }
}

impl IntoInstant for &str {
    fn into_instant(self) -> Result<DateTime<Utc>, TestError> {
        let instant = DateTime::parse_from_rfc3339(self);
        Ok(instant.map_err(|_| TestError::Instant(self.to_owned()))?.to_utc())
    }
}
