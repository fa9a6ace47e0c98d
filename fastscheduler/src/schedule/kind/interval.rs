//! Elapsed time, whatever the clocks of a zone do.

use chrono::{DateTime, Utc};

use super::{Kind, incomplete, private};
use crate::schedule::spec::whole_micros;
use crate::schedule::text::{ScheduleError, Unit};
use crate::schedule::{Amount, ScheduleBuilder, ScheduleSpec, WrittenUnit};

/// An interval being written; see [`every`].
#[derive(Debug, Clone)]
pub struct Every {
    amount: Amount,
    unit: Option<Unit>,
    anchor: Option<DateTime<Utc>>,
}

/// Runs each time that long has elapsed, from 1 ms to 100 years.
///
/// A number needs one of the units [`seconds`](ScheduleBuilder::seconds),
/// [`minutes`](ScheduleBuilder::minutes), [`hours`](ScheduleBuilder::hours),
/// [`days`](ScheduleBuilder::days); it may be fractional. A text such as
/// `1h 30m` and a [`Duration`](std::time::Duration) need none.
///
/// # Examples
///
/// ```
/// use fastscheduler::schedule::every;
///
/// assert_eq!(every(10).seconds().schedule()?.to_string(), "Every 10 seconds");
/// assert_eq!(every(0.5).seconds().schedule()?.to_string(), "Every 0.5 seconds");
/// assert_eq!(every("1h 30m").schedule()?.to_string(), "Every 90 minutes");
/// assert_eq!(
///     every(10).schedule().unwrap_err().to_string(),
///     "`every(…)` with a number needs a unit such as `.seconds()`"
/// );
/// # Ok::<(), fastscheduler::schedule::ScheduleError>(())
/// ```
pub fn every(amount: impl Into<Amount>) -> ScheduleBuilder<Every> {
    ScheduleBuilder::new(Every { amount: amount.into(), unit: None, anchor: None })
}

impl<J> ScheduleBuilder<Every, J> {
    /// The number is one of seconds.
    pub fn seconds(self) -> Self {
        self.in_unit(Unit::Seconds)
    }

    /// The number is one of minutes.
    pub fn minutes(self) -> Self {
        self.in_unit(Unit::Minutes)
    }

    /// The number is one of hours.
    pub fn hours(self) -> Self {
        self.in_unit(Unit::Hours)
    }

    /// The number is one of days of 24 hours, whatever the clocks do.
    pub fn days(self) -> Self {
        self.in_unit(Unit::Days)
    }

    /// The instant from which intervals are counted; the first fire is one
    /// interval after it.
    ///
    /// Without it they are counted from when the job is created. It is cut off
    /// to whole microseconds.
    ///
    /// # Examples
    ///
    /// ```
    /// let anchor = "2026-01-01T00:00:10Z".parse()?;
    /// let schedule = fastscheduler::schedule::every(1).minutes().starting_at(anchor).schedule()?;
    /// let next = schedule.next_after("2026-01-01T12:00:00Z".parse()?).unwrap();
    /// assert_eq!(next.to_rfc3339(), "2026-01-01T12:00:10+00:00");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn starting_at(mut self, anchor: DateTime<Utc>) -> Self {
        self.kind.anchor = Some(whole_micros(anchor));
        self
    }

    fn in_unit(self, unit: Unit) -> Self {
        let read = match (self.kind.amount.with_unit(), self.kind.unit) {
            (Some(text), _) => Err(ScheduleError::SecondUnit { amount: text, unit: unit.name() }),
            (None, Some(first)) => {
                Err(ScheduleError::SecondUnit { amount: first.name().to_owned(), unit: unit.name() })
            }
            (None, None) => Ok(unit),
        };
        self.set(read, |builder, unit| builder.kind.unit = Some(unit))
    }
}

impl private::Sealed for Every {}

impl Kind for Every {
    fn into_spec(self) -> Result<ScheduleSpec, ScheduleError> {
        let unit = match self.unit {
            Some(unit) => unit,
            None if self.amount.with_unit().is_some() => Unit::Seconds,
            None => return Err(incomplete("`every(…)` with a number", "a unit such as `.seconds()`")),
        };
        let unknown = WrittenUnit::default();
        Ok(ScheduleSpec::Every { interval: self.amount.in_unit(unit)?, anchor: self.anchor, unit: unknown })
    }
}
