//! Instants in microseconds since 1970.

/// One second.
pub(super) const SECOND: i64 = 1_000_000;

/// The end of the year 9999 in UTC: years have four digits in RFC 3339.
pub(super) const LAST_INSTANT: i64 = 253_402_300_800 * SECOND - 1;
