//! The first and the last date of a schedule.

use std::fmt;
use std::str::FromStr;

use super::{ScheduleError, WrittenDateTime};

/// Where a window begins or ends: a date, or a date and time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum WindowEdge {
    /// A whole day, of which the time is midnight.
    Day(WrittenDateTime),
    /// A moment.
    Moment(WrittenDateTime),
}

impl WindowEdge {
    /// Whether it is a local time, in the schedule's zone.
    #[must_use]
    pub const fn is_local(self) -> bool {
        match self {
            Self::Day(_) => true,
            Self::Moment(moment) => moment.offset_seconds.is_none(),
        }
    }

    /// Whether a window from this edge until `until` is empty, as far as that can be
    /// told without a zone.
    #[must_use]
    pub fn is_surely_after(self, until: Self) -> bool {
        let key = |edge: Self| {
            let (Self::Day(at) | Self::Moment(at)) = edge;
            (at.year, at.month, at.day, at.at.hour(), at.at.minute(), at.at.second(), at.micros)
        };
        let end_of_day =
            |(year, month, day, ..): (u16, u8, u8, u8, u8, u8, u32)| (year, month, day, 23, 59, 59, 999_999);
        let end = if matches!(until, Self::Day(_)) { end_of_day(key(until)) } else { key(until) };
        self.is_local() && until.is_local() && key(self) > end
    }
}

impl FromStr for WindowEdge {
    type Err = ScheduleError;

    fn from_str(text: &str) -> Result<Self, ScheduleError> {
        if let Ok(moment) = text.parse() {
            return Ok(Self::Moment(moment));
        }
        let is_date = text.trim().len() == "YYYY-MM-DD".len();
        match format!("{} 00:00:00", text.trim()).parse() {
            Ok(midnight) if is_date => Ok(Self::Day(midnight)),
            _ => Err(ScheduleError::WindowEdge(text.to_owned())),
        }
    }
}

impl fmt::Display for WindowEdge {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Day(at) => write!(f, "{:04}-{:02}-{:02}", at.year, at.month, at.day),
            Self::Moment(at) => at.fmt(f),
        }
    }
}
