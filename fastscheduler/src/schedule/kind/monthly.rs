//! Once a month.

use super::{Kind, incomplete, private};
use crate::schedule::calendar::Calendar;
use crate::schedule::text::{ClockTime, DayOfMonth, ScheduleError};
use crate::schedule::{ScheduleBuilder, ScheduleSpec};

/// A monthly schedule being written; see [`monthly`].
#[derive(Debug, Clone)]
pub struct Monthly {
    day: Option<DayOfMonth>,
    at: Option<ClockTime>,
}

/// Runs once a month, on the day and at the time that are given.
///
/// # Examples
///
/// ```
/// use fastscheduler::schedule::monthly;
///
/// let schedule = monthly().last_day().at("18:00").tz("UTC").schedule()?;
/// let next = schedule.next_after("2028-02-10T00:00:00Z".parse()?).unwrap();
/// assert_eq!(next.to_rfc3339(), "2028-02-29T18:00:00+00:00");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn monthly() -> ScheduleBuilder<Monthly> {
    ScheduleBuilder::new(Monthly { day: None, at: None })
}

impl<J> ScheduleBuilder<Monthly, J> {
    /// The day, 1 to 31; months that do not have it are skipped.
    pub fn on(self, day: u32) -> Self {
        self.set(DayOfMonth::new(i128::from(day)), |builder, day| builder.kind.day = Some(day))
    }

    /// The last day, whatever its number.
    pub fn last_day(mut self) -> Self {
        self.kind.day = Some(DayOfMonth::Last);
        self
    }

    /// The time of day: `HH:MM` or `HH:MM:SS`.
    pub fn at(self, time: &str) -> Self {
        self.set(time.parse(), |builder, at| builder.kind.at = Some(at))
    }
}

impl private::Sealed for Monthly {}

impl Kind for Monthly {
    fn into_spec(self) -> Result<ScheduleSpec, ScheduleError> {
        let day =
            self.day.ok_or_else(|| incomplete("`monthly()`", "a day, such as `.on(1)` or `.last_day()`"))?;
        let at =
            self.at.ok_or_else(|| incomplete("`monthly()`", "a time of day, such as `.at(\"00:00\")`"))?;
        Ok(ScheduleSpec::Monthly { day, at })
    }
}

/// The local times that it names.
pub(in crate::schedule) fn calendar(day: DayOfMonth, at: ClockTime) -> Result<Calendar, ScheduleError> {
    match day {
        DayOfMonth::Day(number) => {
            DayOfMonth::new(i128::from(number))?;
            Ok(Calendar::daily(at).on_days(|day| day.day == u32::from(number)))
        }
        DayOfMonth::Last => Ok(Calendar::daily(at).on_days(|day| day.day == day.month_length)),
    }
}
