//! The kinds of schedule, one file each: how it is written with the builder,
//! and which local times it names. What all kinds must have is here.

use std::fmt::{self, Debug};

use super::ScheduleSpec;
use super::calendar::Calendar;
use super::description::Length;
use super::text::{DayOfMonth, ScheduleError};

mod cron;
mod daily;
mod hourly;
mod interval;
mod monthly;
mod now;
mod once;
mod weekly;

pub use self::builders::*;
pub use cron::{CronExpression, CronText};
pub use daily::Daily;
pub use hourly::Hourly;
pub use interval::Every;
pub use monthly::Monthly;
pub use now::Now;
pub use once::{At, IntoDateTime, Once};
pub use weekly::{IntoDays, Weekly};

#[cfg(test)]
pub(super) use cron::calendar as cron_calendar;

/// The functions that begin a schedule, one for each way to write one.
pub mod builders {
    pub use super::cron::cron;
    pub use super::daily::daily;
    pub use super::hourly::hourly;
    pub use super::interval::every;
    pub use super::monthly::monthly;
    pub use super::now::now;
    pub use super::once::{at, once};
    pub use super::weekly::weekly;
}

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

impl ScheduleSpec {
    /// The local times that it names; there are none if it is not [of a
    /// calendar](super::spec::Nature::Calendar).
    pub(super) fn calendar(&self) -> Result<Calendar, ScheduleError> {
        match self {
            Self::Hourly { minute } => hourly::calendar(*minute),
            Self::Daily { at } => Ok(daily::calendar(*at)),
            Self::Weekly { days, at } => weekly::calendar(*days, *at),
            Self::Monthly { day, at } => monthly::calendar(*day, *at),
            Self::Cron(text) => cron::calendar(text),
            Self::Every { .. } | Self::Once { .. } | Self::Now { .. } | Self::At { .. } => {
                Ok(Calendar::new(0, 0, 0))
            }
        }
    }

    /// When it is due, without a zone.
    pub(super) fn write_times(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Every { interval, .. } => write!(f, "Every {}", Length(*interval)),
            Self::Hourly { minute } => write!(f, "Hourly at :{minute:02}"),
            Self::Daily { at } => write!(f, "Daily at {at}"),
            Self::Weekly { days, at } => write!(f, "Every {days} at {at}"),
            Self::Monthly { day: DayOfMonth::Day(day), at } => write!(f, "Monthly on day {day} at {at}"),
            Self::Monthly { day: DayOfMonth::Last, at } => write!(f, "Monthly on the last day at {at}"),
            Self::Cron(text) => write!(f, "Cron: {}", text.as_str()),
            Self::Once { .. } | Self::Now { .. } | Self::At { .. } => f.write_str("One-time job"),
        }
    }
}

mod private {
    pub trait Sealed: Sized {}
}

/// What is missing of a schedule with a time of day.
fn incomplete(schedule: &'static str, missing: &'static str) -> ScheduleError {
    ScheduleError::Incomplete { schedule, missing }
}
