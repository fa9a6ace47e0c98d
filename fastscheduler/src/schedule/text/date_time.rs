//! A date and time of day, as written.

use std::fmt;
use std::str::FromStr;

use super::{ClockTime, ScheduleError};

/// A date and time of day, with the offset from UTC if one was written.
///
/// It is written `YYYY-MM-DD HH:MM:SS`, the seconds optional and `T` as good
/// as the space, or as RFC 3339 with `Z` or an offset. Seconds may have a
/// fraction, which is cut off after microseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct WrittenDateTime {
    /// The year, 1970 to 9999.
    pub year: u16,
    /// The month, 1 to 12.
    pub month: u8,
    /// The day, 1 to the length of the month.
    pub day: u8,
    /// The time of day.
    pub at: ClockTime,
    /// Microseconds past the time of day, 0 to 999,999.
    pub micros: u32,
    /// Seconds east of UTC; `None` means the schedule's zone.
    pub offset_seconds: Option<i32>,
}

impl FromStr for WrittenDateTime {
    type Err = ScheduleError;

    fn from_str(text: &str) -> Result<Self, ScheduleError> {
        read(text.trim()).ok_or_else(|| ScheduleError::DateTime(text.to_owned()))
    }
}

impl fmt::Display for WrittenDateTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (hour, minute, second) = (self.at.hour(), self.at.minute(), self.at.second());
        write!(f, "{:04}-{:02}-{:02} {hour:02}:{minute:02}:{second:02}", self.year, self.month, self.day)?;
        // Three or six digits, as is usual in RFC 3339; none for whole seconds.
        match self.micros {
            0 => {}
            micros if micros.is_multiple_of(1_000) => write!(f, ".{:03}", micros / 1_000)?,
            micros => write!(f, ".{micros:06}")?,
        }
        match self.offset_seconds {
            None => Ok(()),
            Some(0) => f.write_str("Z"),
            Some(east) => {
                let sign = if east < 0 { '-' } else { '+' };
                write!(f, "{sign}{:02}:{:02}", east.abs() / 3_600, east.abs() / 60 % 60)
            }
        }
    }
}

fn read(text: &str) -> Option<WrittenDateTime> {
    let (date, time) = text.split_once(['T', 't', ' '])?;
    let mut parts = date.split('-');
    let year = number(parts.next()?, 4).filter(|year| *year >= 1970)?;
    let month = number(parts.next()?, 2)?;
    let day = number(parts.next()?, 2)?;
    if parts.next().is_some() || !(1..=days_in_month(year, month)?).contains(&day) {
        return None;
    }
    let (time, offset_seconds) = split_offset(time)?;
    let (at, micros) = match time.split_once('.') {
        Some((at, fraction)) if at.len() == "HH:MM:SS".len() => (at, micros(fraction)?),
        Some(_) => return None,
        None => (time, 0),
    };
    Some(WrittenDateTime {
        year,
        month: u8::try_from(month).ok()?,
        day: u8::try_from(day).ok()?,
        at: at.parse().ok()?,
        micros,
        offset_seconds,
    })
}

fn split_offset(time: &str) -> Option<(&str, Option<i32>)> {
    if let Some(utc) = time.strip_suffix(['Z', 'z']) {
        return Some((utc, Some(0)));
    }
    let Some(sign) = time.find(['+', '-']) else { return Some((time, None)) };
    let (hours, minutes) = time[sign + 1..].split_once(':')?;
    let hours = number(hours, 2).filter(|hours| *hours < 24)?;
    let minutes = number(minutes, 2).filter(|minutes| *minutes < 60)?;
    let east = (i32::from(hours) * 60 + i32::from(minutes)) * 60;
    Some((time[..sign].trim_end(), Some(if time[sign..].starts_with('-') { -east } else { east })))
}

/// The whole microseconds of a decimal fraction of a second.
fn micros(fraction: &str) -> Option<u32> {
    if fraction.is_empty() || !fraction.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    format!("{fraction:0<6}")[..6].parse().ok()
}

fn number(text: &str, digits: usize) -> Option<u16> {
    (text.len() == digits && text.bytes().all(|byte| byte.is_ascii_digit()))
        .then(|| text.parse().ok())
        .flatten()
}

fn days_in_month(year: u16, month: u16) -> Option<u16> {
    let leap = year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
    Some(match month {
        1 | 3 | 5 | 7 | 8 | 10 | 12 => 31,
        4 | 6 | 9 | 11 => 30,
        2 => 28 + u16::from(leap),
        _ => return None,
    })
}
