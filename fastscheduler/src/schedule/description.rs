//! A schedule as one sentence.

use std::fmt;

use super::text::cron::DayFields;
use super::text::{DayOfMonth, Micros, Unit};
use super::{ScheduleDefinition, ScheduleSpec};

impl fmt::Display for ScheduleDefinition {
    /// The sentence of [`ScheduleSpec`], and the zone if one is named and matters.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.spec.write_times(f)?;
        match (&self.spec, self.zone) {
            (
                ScheduleSpec::Every { .. }
                | ScheduleSpec::Once { .. }
                | ScheduleSpec::Now { .. }
                | ScheduleSpec::At { .. },
                _,
            )
            | (_, None) => {}
            (_, Some(zone)) => write!(f, " ({zone})")?,
        }
        self.spec.write_days(f)
    }
}

impl fmt::Display for ScheduleSpec {
    /// `Every 30 seconds`, `Every Mon, Fri at 10:00`, `One-time job`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.write_times(f)?;
        self.write_days(f)
    }
}

impl ScheduleSpec {
    fn write_times(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
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

    /// How the two day fields of a cron expression combine, if both are restricted.
    fn write_days(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self::Cron(text) = self else { return Ok(()) };
        match text.day_fields() {
            DayFields::One => Ok(()),
            DayFields::Either | DayFields::EitherUnlikeLinux => {
                f.write_str(", when the day of month or the day of week matches")
            }
            DayFields::Both => f.write_str(", when both the day of month and the day of week match"),
        }
    }
}

impl ScheduleDefinition {
    /// The schedule as it was written, where that is a text of its own.
    pub(crate) fn written(&self) -> String {
        match &self.spec {
            ScheduleSpec::At { at } => at.to_string(),
            ScheduleSpec::Cron(text) => text.as_str().to_owned(),
            ScheduleSpec::Every { .. }
            | ScheduleSpec::Hourly { .. }
            | ScheduleSpec::Daily { .. }
            | ScheduleSpec::Weekly { .. }
            | ScheduleSpec::Monthly { .. }
            | ScheduleSpec::Once { .. }
            | ScheduleSpec::Now { .. } => self.to_string(),
        }
    }
}

/// A length of time in the largest unit that it is a whole number of, never
/// rounded; what is less than a second is a decimal fraction of one.
struct Length(Micros);

impl fmt::Display for Length {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let micros = self.0.get();
        for unit in [Unit::Days, Unit::Hours, Unit::Minutes, Unit::Seconds] {
            if micros.is_multiple_of(unit.micros()) {
                let count = micros / unit.micros();
                let plural = unit.name();
                let name = if count == 1 { plural.trim_end_matches('s') } else { plural };
                return write!(f, "{count} {name}");
            }
        }
        let second = Unit::Seconds.micros();
        let fraction = format!("{:06}", micros % second);
        write!(f, "{}.{} seconds", micros / second, fraction.trim_end_matches('0'))
    }
}
