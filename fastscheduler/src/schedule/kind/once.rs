//! One time only: after a delay, or at a date and time.

use std::time::{Duration, SystemTime};

use chrono::{DateTime, SecondsFormat, TimeZone, Utc};

use super::{Kind, private};
use crate::schedule::micros::LAST_INSTANT;
use crate::schedule::text::{ScheduleError, Unit, WrittenDateTime};
use crate::schedule::{Amount, ScheduleBuilder, ScheduleSpec, WrittenUnit};

/// A delayed schedule being written; see [`once`].
#[derive(Debug, Clone)]
pub struct Once {
    delay: Amount,
}

/// Runs one time, that long after the job is created.
///
/// A number is one of seconds and may be fractional; a text such as `90s` or
/// `5m` and a [`Duration`](std::time::Duration) say what they are. A delay of
/// zero is an error: [`now`](crate::schedule::now) runs at once.
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
        let delay = self.delay.in_unit(Unit::Seconds).map_err(|error| match error {
            ScheduleError::OutOfRange(written) => ScheduleError::Delay(written),
            other => other,
        })?;
        Ok(ScheduleSpec::Once { delay, anchor: None, unit: WrittenUnit::default() })
    }
}

/// A date and time being written; see [`at`].
#[derive(Debug, Clone)]
pub struct At {
    at: Option<WrittenDateTime>,
}

/// Runs one time, at a date and time of day.
///
/// A text names a time in the schedule's zone. With an offset (RFC 3339) the
/// text is an instant, and so are a [`DateTime`] and a [`SystemTime`]: the zone
/// does not matter to them. A fraction of a second is cut off after
/// microseconds. See [`IntoDateTime`].
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
///
/// let instant = "2027-12-25T00:00:00+09:00".parse::<chrono::DateTime<chrono::FixedOffset>>()?;
/// assert_eq!(at(instant).schedule()?.next_after(after), schedule.next_after(after));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn at(date_time: impl IntoDateTime) -> ScheduleBuilder<At> {
    let read = date_time.into_date_time();
    ScheduleBuilder::new(At { at: None }).set(read, |builder, at| builder.kind.at = Some(at))
}

/// What names a date and time: a text, a [`DateTime`] of any zone, or a
/// [`SystemTime`].
///
/// An instant is kept in UTC, in whole microseconds, so that equal instants
/// make equal schedules. One before 1970 is an error
/// ([`ScheduleError::Past`]), and so is one after the year 9999 in UTC
/// ([`ScheduleError::TooLate`]).
///
/// # Examples
///
/// ```
/// use std::time::{Duration, SystemTime};
/// use fastscheduler::schedule::kind::IntoDateTime;
///
/// let instant = SystemTime::UNIX_EPOCH + Duration::from_millis(1_830_297_600_500);
/// assert_eq!(instant.into_date_time()?.to_string(), "2028-01-01 00:00:00.500Z");
/// # Ok::<(), fastscheduler::schedule::ScheduleError>(())
/// ```
pub trait IntoDateTime {
    /// The date and time as it would be written.
    fn into_date_time(self) -> Result<WrittenDateTime, ScheduleError>;
}

impl<T: AsRef<str> + ?Sized> IntoDateTime for &T {
    fn into_date_time(self) -> Result<WrittenDateTime, ScheduleError> {
        self.as_ref().parse()
    }
}

impl IntoDateTime for String {
    fn into_date_time(self) -> Result<WrittenDateTime, ScheduleError> {
        self.parse()
    }
}

impl<T: TimeZone> IntoDateTime for DateTime<T> {
    fn into_date_time(self) -> Result<WrittenDateTime, ScheduleError> {
        let instant = self.to_utc();
        let text = instant.to_rfc3339_opts(SecondsFormat::Micros, true);
        if instant < DateTime::UNIX_EPOCH {
            return Err(ScheduleError::Past(text));
        }
        if instant.timestamp_micros() > LAST_INSTANT {
            return Err(ScheduleError::TooLate(text));
        }
        text.parse()
    }
}

impl IntoDateTime for SystemTime {
    fn into_date_time(self) -> Result<WrittenDateTime, ScheduleError> {
        let since = |length: Duration| {
            let seconds = i64::try_from(length.as_secs()).ok()?;
            DateTime::<Utc>::from_timestamp(seconds, length.subsec_nanos())
        };
        // chrono's own conversion panics if it cannot represent the instant.
        match self.duration_since(Self::UNIX_EPOCH) {
            Ok(length) => since(length)
                .ok_or_else(|| ScheduleError::TooLate(format!("{length:?} after 1970")))?
                .into_date_time(),
            Err(before) => Err(ScheduleError::Past(format!("{:?} before 1970", before.duration()))),
        }
    }
}

impl private::Sealed for At {}

impl Kind for At {
    fn into_spec(self) -> Result<ScheduleSpec, ScheduleError> {
        let at = self.at.ok_or_else(|| super::incomplete("`at(…)`", "a date and time"))?;
        Ok(ScheduleSpec::At { at })
    }
}
