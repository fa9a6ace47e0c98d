//! Lengths of time: a number and a unit, or a text such as `1h 30m`.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use super::ScheduleError;

const MICROS_PER_SECOND: u64 = 1_000_000;

/// A unit of time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unit {
    /// One second.
    Seconds,
    /// 60 seconds.
    Minutes,
    /// 60 minutes.
    Hours,
    /// 24 hours, whatever the clocks of a zone do.
    Days,
}

impl Unit {
    /// All units, from the shortest.
    pub(crate) const ALL: [Self; 4] = [Self::Seconds, Self::Minutes, Self::Hours, Self::Days];

    /// The words that it is read from: singular and plural.
    pub(crate) const fn words(self) -> [&'static str; 2] {
        match self {
            Self::Seconds => ["second", "seconds"],
            Self::Minutes => ["minute", "minutes"],
            Self::Hours => ["hour", "hours"],
            Self::Days => ["day", "days"],
        }
    }

    /// The unit's length in microseconds.
    #[must_use]
    pub const fn micros(self) -> u64 {
        MICROS_PER_SECOND
            * match self {
                Self::Seconds => 1,
                Self::Minutes => 60,
                Self::Hours => 3_600,
                Self::Days => 86_400,
            }
    }

    /// The unit's word, in the plural.
    #[must_use]
    pub const fn name(self) -> &'static str {
        let [_, plural] = self.words();
        plural
    }
}

impl FromStr for Unit {
    type Err = ScheduleError;

    fn from_str(word: &str) -> Result<Self, ScheduleError> {
        let unit = Self::ALL.into_iter().find(|unit| unit.words().contains(&word));
        unit.ok_or_else(|| ScheduleError::Unit(word.to_owned()))
    }
}

impl fmt::Display for Unit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// A length of time in whole microseconds, from 1 ms to 100 years.
///
/// Microseconds are what every store keeps exactly.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Micros(u64);

impl Micros {
    /// The shortest length, one millisecond.
    pub const MIN: Self = Self(1_000);
    /// The longest length, 100 years of 365.25 days.
    pub const MAX: Self = Self(36_525 * 86_400 * MICROS_PER_SECOND);

    /// That many microseconds, or `None` out of range.
    #[must_use]
    pub const fn new(micros: u64) -> Option<Self> {
        if micros >= Self::MIN.0 && micros <= Self::MAX.0 { Some(Self(micros)) } else { None }
    }

    /// A whole number of units.
    pub fn of_whole(amount: i128, unit: Unit) -> Result<Self, ScheduleError> {
        amount
            .checked_mul(i128::from(unit.micros()))
            .and_then(|micros| u64::try_from(micros).ok())
            .and_then(Self::new)
            .ok_or_else(|| ScheduleError::OutOfRange(format!("{amount} {}", unit.name())))
    }

    /// A number of units that may be fractional, to the nearest microsecond.
    pub fn of_fraction(amount: f64, unit: Unit) -> Result<Self, ScheduleError> {
        #[expect(clippy::cast_precision_loss, reason = "a day of microseconds is far below 2^53")]
        Self::from_float(amount * unit.micros() as f64)
            .ok_or_else(|| ScheduleError::OutOfRange(format!("{} {}", in_short(amount), unit.name())))
    }

    /// The number of microseconds.
    #[must_use]
    pub const fn get(self) -> u64 {
        self.0
    }

    fn from_float(micros: f64) -> Option<Self> {
        #[expect(clippy::cast_precision_loss, reason = "100 years of microseconds are below 2^53")]
        let in_range = micros.is_finite() && micros.round() <= Self::MAX.0 as f64 && micros >= 0.0;
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "the range was checked in the line above"
        )]
        in_range.then(|| micros.round() as u64).and_then(Self::new)
    }
}

impl From<Micros> for Duration {
    fn from(length: Micros) -> Self {
        Self::from_micros(length.0)
    }
}

impl TryFrom<Duration> for Micros {
    type Error = ScheduleError;

    fn try_from(length: Duration) -> Result<Self, ScheduleError> {
        u64::try_from(length.as_micros())
            .ok()
            .and_then(Self::new)
            .ok_or_else(|| ScheduleError::OutOfRange(format!("{length:?}")))
    }
}

impl FromStr for Micros {
    type Err = ScheduleError;

    /// Reads `90s`, `1h 30m`, `1.5 hours`: numbers, each with its unit.
    fn from_str(text: &str) -> Result<Self, ScheduleError> {
        of_micros(micros_of_text(text)?, text)
    }
}

/// The length of time that a text of so many microseconds means.
pub(super) fn of_micros(micros: f64, text: &str) -> Result<Micros, ScheduleError> {
    Micros::from_float(micros).ok_or_else(|| ScheduleError::OutOfRange(text.to_owned()))
}

/// The microseconds that a text means, be they in range or not.
pub(super) fn micros_of_text(text: &str) -> Result<f64, ScheduleError> {
    let unreadable = || ScheduleError::Duration(text.to_owned());
    let mut rest = text.trim();
    let mut total = 0.0;
    if rest.is_empty() {
        return Err(unreadable());
    }
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit() && c != '.').ok_or_else(unreadable)?;
        let (number, after) = rest.split_at(digits);
        let after = after.trim_start();
        let letters = after.find(|c: char| !c.is_ascii_alphabetic()).unwrap_or(after.len());
        let (unit, after) = after.split_at(letters);
        let number: f64 = number.parse().map_err(|_| unreadable())?;
        total += number * unit_micros(unit).ok_or_else(unreadable)?;
        rest = after.trim_start();
    }
    Ok(total)
}

/// The number, without hundreds of zeros.
fn in_short(number: f64) -> String {
    if number == 0.0 || (1e-6..1e15).contains(&number.abs()) {
        number.to_string()
    } else {
        format!("{number:e}")
    }
}

fn unit_micros(word: &str) -> Option<f64> {
    Some(match word {
        "ms" | "millisecond" | "milliseconds" => 1e3,
        "s" | "sec" | "secs" | "second" | "seconds" => 1e6,
        "m" | "min" | "mins" | "minute" | "minutes" => 60e6,
        "h" | "hour" | "hours" => 3_600e6,
        "d" | "day" | "days" => 86_400e6,
        _ => return None,
    })
}
