//! What tests of jobs need: a clock that is set by hand.
//!
//! # Examples
//!
//! ```
//! use std::time::Duration;
//! use fastscheduler::prelude::*;
//! use fastscheduler::testing::{self, ManualClock};
//!
//! # tokio::runtime::Runtime::new()?.block_on(async {
//! let clock = ManualClock::new("2026-03-28T00:00:00Z".parse()?);
//! let scheduler = Scheduler::builder().clock(clock.clone()).timezone("Europe/Paris").build().await?;
//! let id = scheduler.add(daily().at("09:00").run("report", || async {})).await?;
//! scheduler.start().await?;
//! testing::advance(&scheduler, &clock, Duration::from_secs(3 * 86_400)).await?;
//! assert_eq!(scheduler.job(&id).await?.unwrap().run_count(), 3);
//! # anyhow::Ok(()) })?;
//! # anyhow::Ok(())
//! ```

mod audit;
mod manual_clock;
pub mod storage_contract;

use std::time::Duration;

pub use audit::{Audit, Auditing, Problem, audit};
pub use manual_clock::ManualClock;

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
    while let Some(due_at) = scheduler.next_due().await?.filter(|due_at| *due_at <= end) {
        clock.set(due_at);
        quiet(scheduler).await?;
    }
    clock.set(end);
    quiet(scheduler).await
}

/// Waits until nothing is due and no attempt is under way.
///
/// # Errors
///
/// What the scheduler's queue fails with.
pub async fn quiet(scheduler: &Scheduler) -> Result<(), SchedulerError> {
    scheduler.quiet().await
}
