//! The kinds of schedule, one file each: how it is written with the builder,
//! and which local times it names.

use std::fmt::Debug;

use super::ScheduleSpec;
use super::text::ScheduleError;

mod cron;
mod daily;
mod hourly;
mod interval;
mod monthly;
mod now;
mod once;
mod weekly;

pub use cron::{CronExpression, CronText, cron};
pub use daily::{Daily, daily};
pub use hourly::{Hourly, hourly};
pub use interval::{Every, every};
pub use monthly::{Monthly, monthly};
pub use now::{Now, now};
pub use once::{At, IntoDateTime, Once, at, once};
pub use weekly::{IntoDays, Weekly, weekly};

pub(super) use cron::calendar as cron_calendar;
pub(super) use daily::calendar as daily_calendar;
pub(super) use hourly::calendar as hourly_calendar;
pub(super) use monthly::calendar as monthly_calendar;
pub(super) use once::instants as at_instants;
pub(super) use weekly::calendar as weekly_calendar;

/// A kind of schedule, as far as it has been written.
///
/// There are no others than those of this module.
pub trait Kind: private::Sealed + Debug {
    /// The finished data.
    ///
    /// # Errors
    ///
    /// [`ScheduleError::Incomplete`] or [`ScheduleError::NoDays`] if something
    /// is missing, or that of a value out of range.
    fn into_spec(self) -> Result<ScheduleSpec, ScheduleError>;
}

impl private::Sealed for ScheduleSpec {}

impl Kind for ScheduleSpec {
    fn into_spec(self) -> Result<ScheduleSpec, ScheduleError> {
        Ok(self)
    }
}

mod private {
    pub trait Sealed: Sized {}
}

/// What is missing of a schedule with a time of day.
fn incomplete(schedule: &'static str, missing: &'static str) -> ScheduleError {
    ScheduleError::Incomplete { schedule, missing }
}
