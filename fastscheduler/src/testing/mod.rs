//! What tests need: of jobs, a scheduler whose clock is set by hand; of
//! backends, the contracts that they keep to.
//!
//! # Examples
//!
//! ```standalone_crate
//! use std::time::Duration;
//!
//! use fastscheduler::prelude::*;
//! use fastscheduler::testing;
//!
//! # tokio::runtime::Runtime::new()?.block_on(async {
//! let test = testing::scheduler().start().await?;
//! test.add(daily().at("09:00").tz("Europe/Paris").run("report", || async {})).await?;
//! test.advance(Duration::from_hours(3 * 24)).await?;
//! assert_eq!(test.ran("report").await?.len(), 3);
//! # anyhow::Ok(()) })?;
//! # anyhow::Ok(())
//! ```
//!
//! Beneath it are a [`ManualClock`], [`advance`] and [`quiet`] for a scheduler
//! that is built otherwise, and [`audit`], which proves of any store that no
//! fire was lost. Who writes a backend runs
//! [`storage_contract!`](crate::storage_contract) or
//! [`queue_contract!`](crate::queue_contract) on it.

mod audit;
mod manual_clock;
pub mod queue_contract;
mod scheduler;
pub mod storage_contract;

use std::time::Duration;

use chrono::{DateTime, Utc};

pub use audit::{Audit, Auditing, Problem, audit};
pub use manual_clock::ManualClock;
pub use scheduler::{IntoInstant, Runs, TestError, TestScheduler, TestSchedulerBuilder, scheduler};

use crate::clock::Clock as _;
use crate::scheduler::{Scheduler, SchedulerError};

/// Moves the clock on, stopping at each instant at which something is due,
/// until all that came due has run.
///
/// It waits for the attempts that it sets off; a job that waits for something
/// else than time keeps it waiting.
///
/// # Errors
///
/// What the scheduler's queue fails with.
pub async fn advance(scheduler: &Scheduler, clock: &ManualClock, by: Duration) -> Result<(), SchedulerError> {
    let end = clock.now() + by;
    quiet(scheduler).await?;
    while step(scheduler, clock, end).await? {
        quiet(scheduler).await?;
    }
    Ok(())
}

/// Moves the clock on to the next instant at which something is due, at most
/// to `end`, and says whether it moved.
async fn step(
    scheduler: &Scheduler,
    clock: &ManualClock,
    end: DateTime<Utc>,
) -> Result<bool, SchedulerError> {
    let now = clock.now();
    if now >= end {
        return Ok(false);
    }
    let due_at = scheduler.next_due().await?;
    clock.set(due_at.map_or(end, |due_at| due_at.min(end)));
    Ok(true)
}

/// Waits until nothing is due and no attempt is under way.
///
/// # Errors
///
/// What the scheduler's queue fails with.
pub async fn quiet(scheduler: &Scheduler) -> Result<(), SchedulerError> {
    scheduler.quiet().await
}
