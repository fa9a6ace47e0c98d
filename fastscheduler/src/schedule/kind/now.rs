//! One time only, at once.

use super::{Kind, private};
use crate::schedule::text::ScheduleError;
use crate::schedule::{ScheduleBuilder, ScheduleSpec};

/// A schedule that is due at once; see [`now`].
#[derive(Debug, Clone, Copy)]
pub struct Now;

/// Runs one time, as soon as the job is added; if the scheduler has not started
/// yet, as soon as it starts.
///
/// As a rule that is asked for instants, it is due one microsecond after
/// whatever it is asked about.
///
/// # Examples
///
/// ```
/// use fastscheduler::prelude::*;
/// use fastscheduler::storage::MemoryStorage;
///
/// # tokio::runtime::Runtime::new()?.block_on(async {
/// let scheduler = Scheduler::builder().storage(MemoryStorage::default()).build().await?;
/// scheduler.add(now().retries(5).run("rebuild", || async { println!("rebuilding") })).await?;
/// # anyhow::Ok(()) })?;
/// # anyhow::Ok(())
/// ```
pub fn now() -> ScheduleBuilder<Now> {
    ScheduleBuilder::new(Now)
}

impl private::Sealed for Now {}

impl Kind for Now {
    fn into_spec(self) -> Result<ScheduleSpec, ScheduleError> {
        Ok(ScheduleSpec::Now { anchor: None })
    }
}
