//! What the behaviour tests share.

pub mod counted;
pub mod diary;
pub mod faulty;
#[cfg(unix)]
pub mod few_files;
pub mod fires;
pub mod held;
pub mod http;
pub mod in_folder;
pub mod last_sync;
pub mod life;
pub mod log;
pub mod passed_on;
mod process;
pub mod program;
pub mod random;
mod script;
pub mod sealed;
pub mod site;
pub mod slow_queue;
pub mod spans;
pub mod state_folder;
pub mod told;

use std::time::Duration;

use chrono::{DateTime, Utc};
use fastscheduler::storage::MemoryStorage;
use fastscheduler::testing::{self, ManualClock};
use fastscheduler::{HistoryQuery, Run, RunStatus, Scheduler, SchedulerBuilder};

pub use process::{Process, World};
pub use script::{Act, Begun, Script};

/// The instant that manual clocks begin at: a Monday, midnight in UTC.
///
/// # Panics
///
/// Never: the text is an instant.
#[must_use]
pub fn monday() -> DateTime<Utc> {
    instant("2026-11-23T00:00:00Z")
}

/// An instant from its text.
///
/// # Panics
///
/// If the text is no RFC 3339 instant.
#[must_use]
pub fn instant(text: &str) -> DateTime<Utc> {
    text.parse().expect("an RFC 3339 instant")
}

/// A scheduler in the making, in UTC, on a clock that stands at [`monday`].
#[must_use = "it is to be built"]
pub fn on_manual_clock() -> (SchedulerBuilder, ManualClock) {
    let clock = ManualClock::new(monday());
    (Scheduler::builder().storage(MemoryStorage::default()).clock(clock.clone()).timezone("UTC"), clock)
}

/// A scheduler that was started on a clock that stands at [`monday`].
///
/// # Panics
///
/// If it cannot be built.
pub async fn started() -> (Scheduler, ManualClock) {
    let (builder, clock) = on_manual_clock();
    let scheduler = builder.build().await.expect("a scheduler in memory");
    scheduler.start().await.expect("a scheduler that was not started");
    (scheduler, clock)
}

/// Lets seconds pass, until all that came due has run.
///
/// # Panics
///
/// If the scheduler is not running.
pub async fn advance(scheduler: &Scheduler, clock: &ManualClock, seconds: u64) {
    testing::advance(scheduler, clock, Duration::from_secs(seconds)).await.expect("it is running");
}

/// All runs, oldest first.
///
/// # Panics
///
/// If the store fails.
pub async fn runs(scheduler: &Scheduler) -> Vec<Run> {
    let query = HistoryQuery { limit: usize::MAX, ..HistoryQuery::default() };
    scheduler.history(query).await.expect("a memory store answers")
}

/// Status, and seconds since [`monday`] at which the fire was due, of each run.
pub async fn outline(scheduler: &Scheduler) -> Vec<(RunStatus, i64)> {
    let since = |run: &Run| (run.scheduled_for() - monday()).num_seconds();
    runs(scheduler).await.iter().map(|run| (run.status, since(run))).collect()
}
