//! Once an hour.

use super::{Kind, incomplete, private};
use crate::schedule::calendar::Calendar;
use crate::schedule::text::{ScheduleError, minute_of_hour};
use crate::schedule::{ScheduleBuilder, ScheduleSpec};

/// An hourly schedule being written; see [`hourly`].
#[derive(Debug, Clone)]
pub struct Hourly {
    minute: Option<u8>,
}

/// Runs once an hour, at the minute given by [`at`](ScheduleBuilder::<Hourly>::at).
///
/// It goes by the clock on the wall, and where clocks change by an hour it
/// goes on each hour of real time.
///
/// # Examples
///
/// ```
/// use fastscheduler::schedule::hourly;
///
/// let schedule = hourly().at(":30").tz("Asia/Kolkata").schedule()?; // half an hour off UTC
/// let next = schedule.next_after("2026-01-01T00:00:00Z".parse()?).unwrap();
/// assert_eq!(next.to_rfc3339(), "2026-01-01T01:00:00+00:00");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn hourly() -> ScheduleBuilder<Hourly> {
    ScheduleBuilder::new(Hourly { minute: None })
}

impl<J> ScheduleBuilder<Hourly, J> {
    /// The minute of the hour: `:30` or `30`.
    pub fn at(self, minute: &str) -> Self {
        self.set(minute_of_hour(minute), |builder, minute| builder.kind.minute = Some(minute))
    }
}

impl private::Sealed for Hourly {}

impl Kind for Hourly {
    fn into_spec(self) -> Result<ScheduleSpec, ScheduleError> {
        let minute =
            self.minute.ok_or_else(|| incomplete("`hourly()`", "the minute, such as `.at(\":30\")`"))?;
        Ok(ScheduleSpec::Hourly { minute })
    }
}

/// The local times that it names.
pub(in crate::schedule) fn calendar(minute: u8) -> Result<Calendar, ScheduleError> {
    if minute < 60 {
        Ok(Calendar::new(1, 1 << minute, 0xFF_FFFF).wildcard())
    } else {
        Err(ScheduleError::Minute(minute.to_string()))
    }
}
