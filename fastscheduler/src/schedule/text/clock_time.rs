//! Times of day and minutes of the hour.

use std::fmt;
use std::str::FromStr;

use super::ScheduleError;

/// A time of day on the clock on the wall, to the second.
///
/// It says nothing of zone or date. It is written `HH:MM` or `HH:MM:SS` and
/// printed the shorter way when it has no seconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ClockTime {
    hour: u8,
    minute: u8,
    second: u8,
}

impl ClockTime {
    /// The time of day, or `None` beyond `23:59:59`.
    #[must_use]
    pub const fn new(hour: u8, minute: u8, second: u8) -> Option<Self> {
        if hour < 24 && minute < 60 && second < 60 { Some(Self { hour, minute, second }) } else { None }
    }

    /// The hour, 0 to 23.
    #[must_use]
    pub const fn hour(self) -> u8 {
        self.hour
    }

    /// The minute, 0 to 59.
    #[must_use]
    pub const fn minute(self) -> u8 {
        self.minute
    }

    /// The second, 0 to 59.
    #[must_use]
    pub const fn second(self) -> u8 {
        self.second
    }
}

impl FromStr for ClockTime {
    type Err = ScheduleError;

    fn from_str(text: &str) -> Result<Self, ScheduleError> {
        let parts: Option<Vec<u8>> = text.trim().split(':').map(two_digits).collect();
        match parts.as_deref() {
            Some(&[hour, minute]) => Self::new(hour, minute, 0),
            Some(&[hour, minute, second]) => Self::new(hour, minute, second),
            _ => None,
        }
        .ok_or_else(|| ScheduleError::ClockTime(text.to_owned()))
    }
}

impl fmt::Display for ClockTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:02}:{:02}", self.hour, self.minute)?;
        if self.second == 0 { Ok(()) } else { write!(f, ":{:02}", self.second) }
    }
}

/// The minute of an hourly schedule, from `:30`, `30` or `HH:30`.
pub fn minute_of_hour(text: &str) -> Result<u8, ScheduleError> {
    let written = text.trim();
    let minute = match written.split_once(':') {
        None => two_digits(written).filter(|minute| *minute < 60),
        Some(("", minute)) => two_digits(minute).filter(|minute| *minute < 60),
        Some(_) => written.parse::<ClockTime>().ok().filter(|at| at.second == 0).map(ClockTime::minute),
    };
    minute.ok_or_else(|| ScheduleError::Minute(text.to_owned()))
}

fn two_digits(text: &str) -> Option<u8> {
    let digits = (1..=2).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit());
    if digits { text.parse().ok() } else { None }
}
