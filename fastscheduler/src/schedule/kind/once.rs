//! One time only: after a delay, or at a date and time.

use chrono::NaiveDate;

use super::{Kind, private};
use crate::schedule::compiled::{Rule, SECOND};
use crate::schedule::text::{ScheduleError, Unit, WrittenDateTime};
use crate::schedule::{Amount, ScheduleBuilder, ScheduleDefinition, ScheduleSpec, WrittenUnit, Zone};

/// A delayed schedule being written; see [`once`].
#[derive(Debug, Clone)]
pub struct Once {
    delay: Amount,
}

/// Runs one time, that long after the job is created.
///
/// A number is one of seconds and may be fractional; a text such as `90s` or
/// `5m` and a [`Duration`](std::time::Duration) say what they are.
///
/// # Examples
///
/// ```
/// use fastscheduler::schedule::once;
///
/// let schedule = once(60).schedule()?;
/// let fires: Vec<_> = schedule.upcoming("2026-01-01T00:00:00Z".parse()?).collect();
/// assert_eq!(fires.len(), 1);
/// assert_eq!(fires[0].to_rfc3339(), "2026-01-01T00:01:00+00:00");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn once(delay: impl Into<Amount>) -> ScheduleBuilder<Once> {
    ScheduleBuilder::new(Once { delay: delay.into() })
}

impl private::Sealed for Once {}

impl Kind for Once {
    fn into_spec(self) -> Result<ScheduleSpec, ScheduleError> {
        Ok(ScheduleSpec::Once {
            delay: self.delay.in_unit(Unit::Seconds)?,
            anchor: None,
            unit: WrittenUnit::default(),
        })
    }
}

/// A date and time being written; see [`at`].
#[derive(Debug, Clone)]
pub struct At {
    at: Option<WrittenDateTime>,
}

/// Runs one time, at a date and time of day in the schedule's zone.
///
/// With an offset (RFC 3339) the text is an instant, and the zone does not
/// matter. A fraction of a second is cut off after microseconds.
///
/// # Examples
///
/// ```
/// use fastscheduler::schedule::at;
///
/// let schedule = at("2027-12-25 00:00:00").tz("Asia/Tokyo").schedule()?;
/// let after = "2026-01-01T00:00:00Z".parse()?;
/// assert_eq!(schedule.next_after(after).unwrap().to_rfc3339(), "2027-12-24T15:00:00+00:00");
/// assert_eq!(schedule.next_after("2028-01-01T00:00:00Z".parse()?), None);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn at(date_time: &str) -> ScheduleBuilder<At> {
    ScheduleBuilder::new(At { at: None }).set(date_time.parse(), |builder, at| builder.kind.at = Some(at))
}

impl private::Sealed for At {}

impl Kind for At {
    fn into_spec(self) -> Result<ScheduleSpec, ScheduleError> {
        let at = self.at.ok_or_else(|| super::incomplete("`at(…)`", "a date and time"))?;
        Ok(ScheduleSpec::At { at })
    }
}

/// The end of the year 9999 in UTC, in microseconds: years have four digits in RFC 3339.
const LAST_INSTANT: i64 = 253_402_300_800 * SECOND - 1;

/// The instant that it names, or two.
pub(in crate::schedule) fn instants(
    definition: &ScheduleDefinition,
    at: WrittenDateTime,
    zone: Zone,
) -> Result<Rule, ScheduleError> {
    let date = NaiveDate::from_ymd_opt(i32::from(at.year), u32::from(at.month), u32::from(at.day))
        .ok_or_else(|| ScheduleError::DateTime(at.to_string()))?;
    let time = (i64::from(at.at.hour()) * 60 + i64::from(at.at.minute())) * 60 + i64::from(at.at.second());
    let local = i64::from(date.to_epoch_days()) * 86_400 + time;
    let micros = i64::from(at.micros);
    let (first, second) = match at.offset_seconds {
        Some(east) => ((local - i64::from(east)) * SECOND + micros, None),
        None => Rule::at_local_time(definition, (local, micros), zone)?,
    };
    if second.unwrap_or(first) > LAST_INSTANT {
        return Err(ScheduleError::TooLate(at.to_string()));
    }
    Ok(Rule::Instants(first, second))
}
