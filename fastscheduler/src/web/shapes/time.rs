//! Instants and lengths of time as clients of the original read them.

use std::time::Duration;

use chrono::{DateTime, Datelike, NaiveDateTime, TimeDelta, Timelike, Utc};
use serde::{Serialize, Serializer};
use utoipa::openapi::schema::{ObjectBuilder, Type};
use utoipa::openapi::{KnownFormat, RefOr, Schema, SchemaFormat};
use utoipa::{PartialSchema, ToSchema};

use crate::schedule::Zone;

/// An instant as local time, `YYYY-MM-DD HH:MM:SS`.
#[derive(Debug, Clone, Copy)]
pub(in crate::web) struct LocalTime {
    pub(in crate::web) at: DateTime<Utc>,
    pub(in crate::web) zone: Zone,
}

impl Serialize for LocalTime {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let local = self.zone.local(self.at).naive_local();
        match digits(local) {
            // By hand, since a list has several hundred of them.
            Some(text) => serializer.serialize_str(std::str::from_utf8(&text).unwrap_or_default()),
            None => serializer.collect_str(&local.format("%Y-%m-%d %H:%M:%S")),
        }
    }
}

/// An instant in UTC, as RFC 3339.
#[derive(Debug, Clone, Copy)]
pub(in crate::web) struct UtcTime(pub(in crate::web) DateTime<Utc>);

impl Serialize for UtcTime {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let micros = self.0.timestamp_subsec_micros();
        let Some(to_the_second) = digits(self.0.naive_utc()) else { return self.0.serialize(serializer) };
        let mut text = *b"0000-00-00T00:00:00.000000Z";
        text[..19].copy_from_slice(&to_the_second);
        text[10] = b'T';
        for (place, power) in (20..26).zip([100_000, 10_000, 1_000, 100, 10, 1]) {
            text[place] += u8::try_from(micros / power % 10).unwrap_or_default();
        }
        // As many digits as there is something to say with, by threes.
        let end = match micros {
            0 => 19,
            _ if micros.is_multiple_of(1_000) => 23,
            _ => 26,
        };
        text[end] = b'Z';
        serializer.serialize_str(std::str::from_utf8(&text[..=end]).unwrap_or_default())
    }
}

impl PartialSchema for UtcTime {
    fn schema() -> RefOr<Schema> {
        let format = SchemaFormat::KnownFormat(KnownFormat::DateTime);
        ObjectBuilder::new().schema_type(Type::String).format(Some(format)).into()
    }
}

impl ToSchema for UtcTime {}

/// `YYYY-MM-DD HH:MM:SS` of a year with four digits.
fn digits(local: NaiveDateTime) -> Option<[u8; 19]> {
    let year = u32::try_from(local.year()).ok().filter(|year| *year < 10_000)?;
    let mut text = *b"0000-00-00 00:00:00";
    let parts = [
        (2, year / 100),
        (4, year % 100),
        (7, local.month()),
        (10, local.day()),
        (13, local.hour()),
        (16, local.minute()),
        (19, local.second()),
    ];
    for (end, number) in parts {
        for (place, digit) in [(end - 2, number / 10 % 10), (end - 1, number % 10)] {
            text[place] += u8::try_from(digit).unwrap_or_default();
        }
    }
    Some(text)
}

/// A length of time in seconds.
#[expect(clippy::cast_precision_loss, reason = "microseconds of 285 years are exact")]
pub(in crate::web) fn seconds(length: TimeDelta) -> f64 {
    length.num_microseconds().unwrap_or(i64::MAX) as f64 / 1e6
}

/// An instant in seconds since 1970.
pub(in crate::web) fn timestamp(at: DateTime<Utc>) -> f64 {
    seconds(at - DateTime::UNIX_EPOCH)
}

/// A length of time in seconds.
pub(in crate::web) fn length(length: Duration) -> f64 {
    length.as_secs_f64()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn local_times_are_those_that_chrono_prints() {
        let zone = Zone::from(chrono_tz::Asia::Kolkata);
        for at in
            ["1970-01-01T00:00:00Z", "2026-11-24T19:05:09.5Z", "9999-12-31T10:00:00Z", "0001-02-03T04:05:06Z"]
        {
            let at: DateTime<Utc> = at.parse().unwrap();
            let expected = zone.local(at).format("%Y-%m-%d %H:%M:%S").to_string();
            assert_eq!(serde_json::to_value(LocalTime { at, zone }).unwrap(), expected, "{at}");
        }
    }

    #[test]
    fn instants_are_those_that_chrono_writes() {
        for fraction in ["", ".5", ".123", ".000001", ".999999"] {
            let at: DateTime<Utc> = format!("2026-11-24T19:05:09{fraction}Z").parse().unwrap();
            assert_eq!(serde_json::to_value(UtcTime(at)).unwrap(), serde_json::to_value(at).unwrap());
        }
    }
}
