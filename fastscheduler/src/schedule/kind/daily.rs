//! Once a day.

use super::{Kind, incomplete, private};
use crate::schedule::calendar::Calendar;
use crate::schedule::text::{ClockTime, ScheduleError};
use crate::schedule::{ScheduleBuilder, ScheduleSpec};

/// A daily schedule being written; see [`daily`].
#[derive(Debug, Clone)]
pub struct Daily {
    at: Option<ClockTime>,
}

/// Runs once a day, at the time given by [`at`](ScheduleBuilder::<Daily>::at).
///
/// # Examples
///
/// ```
/// use fastscheduler::schedule::daily;
///
/// let schedule = daily().at("14:30").tz("America/New_York").schedule()?;
/// let next = schedule.next_after("2026-01-01T00:00:00Z".parse()?).unwrap();
/// assert_eq!(next.to_rfc3339(), "2026-01-01T19:30:00+00:00");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn daily() -> ScheduleBuilder<Daily> {
    ScheduleBuilder::new(Daily { at: None })
}

impl<J> ScheduleBuilder<Daily, J> {
    /// The time of day: `HH:MM` or `HH:MM:SS`.
    pub fn at(self, time: &str) -> Self {
        self.set(time.parse(), |builder, at| builder.kind.at = Some(at))
    }
}

impl private::Sealed for Daily {}

impl Kind for Daily {
    fn into_spec(self) -> Result<ScheduleSpec, ScheduleError> {
        let at = self.at.ok_or_else(|| incomplete("`daily()`", "a time of day, such as `.at(\"14:30\")`"))?;
        Ok(ScheduleSpec::Daily { at })
    }
}

/// The local times that it names.
pub(in crate::schedule) fn calendar(at: ClockTime) -> Calendar {
    Calendar::daily(at)
}
