//! Days of the week and of the month.

use std::fmt;

use super::{ScheduleError, nearest};

const NAMES: [&str; 7] = ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"];

/// A set of days of the week.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct DaysOfWeek(u8);

impl DaysOfWeek {
    /// Monday to Friday.
    pub const WEEKDAYS: Self = Self(0b001_1111);
    /// Saturday and Sunday.
    pub const WEEKENDS: Self = Self(0b110_0000);

    /// One day, counted from 0 = Monday to 6 = Sunday.
    pub fn one(day: u8) -> Result<Self, ScheduleError> {
        if day < 7 {
            Ok(Self(1 << day))
        } else {
            Err(ScheduleError::DayOfWeek { name: day.to_string(), nearest: None })
        }
    }

    /// The set that a word stands for: `monday`, `mon`, `weekdays`, `weekends`.
    pub fn named(word: &str) -> Result<Self, ScheduleError> {
        let lower = word.to_ascii_lowercase();
        match lower.as_str() {
            "weekdays" => return Ok(Self::WEEKDAYS),
            "weekends" => return Ok(Self::WEEKENDS),
            _ => {}
        }
        (0u8..)
            .zip(NAMES)
            .find(|(_, name)| *name == lower || name[..3] == *lower)
            .map(|(day, _)| Self(1 << day))
            .ok_or_else(|| ScheduleError::DayOfWeek {
                name: word.to_owned(),
                nearest: nearest(word, NAMES.into_iter().chain(["weekdays", "weekends"])),
            })
    }

    /// The set as bits, Monday the lowest.
    #[must_use]
    pub const fn bits(self) -> u8 {
        self.0
    }

    /// The set of these bits, Monday the lowest; higher bits are dropped.
    #[must_use]
    pub const fn from_bits(bits: u8) -> Self {
        Self(bits & 0b111_1111)
    }

    /// Both sets together.
    #[must_use]
    pub const fn and(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// Whether the set holds the day, counted from 0 = Monday.
    #[must_use]
    pub const fn contains(self, day: u8) -> bool {
        day < 7 && self.0 & (1 << day) != 0
    }

    /// Whether the set holds no day.
    #[must_use]
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// The days, counted from 0 = Monday, in order.
    pub fn iter(self) -> impl Iterator<Item = u8> {
        (0..7).filter(move |day| self.contains(*day))
    }
}

impl fmt::Display for DaysOfWeek {
    /// `Mon, Fri`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (place, day) in self.iter().enumerate() {
            let name = NAMES[usize::from(day)];
            let comma = if place == 0 { "" } else { ", " };
            write!(f, "{comma}{}{}", name[..1].to_ascii_uppercase(), &name[1..3])?;
        }
        Ok(())
    }
}

/// A day of the month.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum DayOfMonth {
    /// The day of this number, 1 to 31; months without it are skipped.
    Day(u8),
    /// The last day, whatever its number.
    Last,
}

impl DayOfMonth {
    /// The word for the last day.
    pub(crate) const LAST: &'static str = "last";

    /// The day of that number.
    pub fn new(day: i128) -> Result<Self, ScheduleError> {
        match u8::try_from(day) {
            Ok(day @ 1..=31) => Ok(Self::Day(day)),
            _ => Err(ScheduleError::DayOfMonth(day.to_string())),
        }
    }
}
