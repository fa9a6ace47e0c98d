//! Showing an instant in local time, for chrono.

use std::fmt;

use chrono::offset::LocalResult;
use chrono::{FixedOffset, NaiveDate, NaiveDateTime, NaiveTime, Offset, TimeZone};

use super::Zone;
use super::rules::Abbreviation;

/// No two offsets are further apart, in seconds.
const SPREAD: i64 = 26 * 3_600;

/// The offset of local time from UTC at one instant in a [`Zone`].
///
/// It is what chrono needs to print a `DateTime<Zone>`; printed itself, it is
/// the abbreviation (`EST`, or `-03` where there is none).
#[derive(Clone, Copy)]
pub struct ZoneOffset {
    zone: Zone,
    east: FixedOffset,
    abbreviation: &'static Abbreviation,
}

impl Offset for ZoneOffset {
    fn fix(&self) -> FixedOffset {
        self.east
    }
}

impl fmt::Display for ZoneOffset {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.abbreviation)
    }
}

impl fmt::Debug for ZoneOffset {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.abbreviation)
    }
}

impl TimeZone for Zone {
    type Offset = ZoneOffset;

    fn from_offset(offset: &ZoneOffset) -> Self {
        offset.zone
    }

    fn offset_from_local_date(&self, local: &NaiveDate) -> LocalResult<ZoneOffset> {
        self.offset_from_local_datetime(&local.and_time(NaiveTime::MIN))
    }

    fn offset_from_local_datetime(&self, local: &NaiveDateTime) -> LocalResult<ZoneOffset> {
        let local = local.and_utc().timestamp();
        let fits = |offset: &ZoneOffset| {
            let instant = local - i64::from(offset.east.local_minus_utc());
            self.offset_at(instant).east == offset.east
        };
        let mut found = LocalResult::None;
        // From the greatest offset down, which is from the earliest instant on.
        for offset in self.offsets_around(local).into_iter().filter(fits) {
            found = match found {
                LocalResult::None => LocalResult::Single(offset),
                LocalResult::Single(first) if first.east != offset.east => {
                    LocalResult::Ambiguous(first, offset)
                }
                known => known,
            };
        }
        found
    }

    fn offset_from_utc_date(&self, utc: &NaiveDate) -> ZoneOffset {
        self.offset_from_utc_datetime(&utc.and_time(NaiveTime::MIN))
    }

    fn offset_from_utc_datetime(&self, utc: &NaiveDateTime) -> ZoneOffset {
        self.offset_at(utc.and_utc().timestamp())
    }
}

impl Zone {
    /// The local time at an instant, both in seconds since 1970.
    pub(in crate::schedule) fn local_second(self, instant: i64) -> i64 {
        instant + i64::from(self.rules.at(instant).0)
    }

    fn offset_at(self, instant: i64) -> ZoneOffset {
        let (seconds, abbreviation) = self.rules.at(instant);
        let east = FixedOffset::east_opt(seconds).expect("no zone is a whole day off");
        ZoneOffset { zone: self, east, abbreviation }
    }

    /// The offsets in use about a local time, the greatest first.
    fn offsets_around(self, local: i64) -> [ZoneOffset; 3] {
        let mut around = [local - SPREAD, local, local + SPREAD].map(|instant| self.offset_at(instant));
        around.sort_unstable_by_key(|offset| -offset.east.local_minus_utc());
        around
    }
}
