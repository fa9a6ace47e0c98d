//! A schedule as one sentence.

use std::fmt;

use super::spec::Nature;
use super::text::cron::DayFields;
use super::text::{Micros, Unit};
use super::{ScheduleDefinition, ScheduleSpec};

impl fmt::Display for ScheduleDefinition {
    /// The sentence of [`ScheduleSpec`], the zone if one is named and matters, and the
    /// first and the last date.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.spec.write_times(f)?;
        let has_local_times = self.spec.is_recurring() && self.is_of_local_time();
        if let Some(zone) = self.zone.filter(|_| has_local_times) {
            write!(f, " ({zone})")?;
        }
        self.spec.write_days(f)?;
        match (self.from, self.until) {
            (None, None) => Ok(()),
            (Some(from), None) => write!(f, ", from {from}"),
            (None, Some(until)) => write!(f, ", until {until}"),
            (Some(from), Some(until)) => write!(f, ", from {from} until {until}"),
        }
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
        if self.has_window() {
            return self.to_string();
        }
        if let ScheduleSpec::Cron(text) = &self.spec {
            return text.as_str().to_owned();
        }
        match self.spec.nature() {
            Nature::Dated(at) => at.to_string(),
            Nature::Elapsed { .. } | Nature::Calendar | Nature::Counted { .. } => self.to_string(),
        }
    }
}

/// A length of time in the largest unit that it is a whole number of, never
/// rounded; what is less than a second is a decimal fraction of one.
pub(super) struct Length(pub(super) Micros);

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
