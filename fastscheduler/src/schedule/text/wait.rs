//! How long to wait between attempts: lengths of time that may be zero, and the
//! numbers that change them.

use std::str::FromStr;
use std::time::Duration;

use super::amount::{micros_of_text, of_micros};
use super::{Micros, ScheduleError, Unit};

/// No time at all, or a length of time; in whole microseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Wait(u64);

impl Wait {
    /// A whole number of units.
    pub fn of_whole(amount: i128, unit: Unit) -> Result<Self, ScheduleError> {
        if amount == 0 { Ok(Self(0)) } else { Micros::of_whole(amount, unit).map(Self::of).map_err(or_zero) }
    }

    /// A number of units that may be fractional, to the nearest microsecond.
    pub fn of_fraction(amount: f64, unit: Unit) -> Result<Self, ScheduleError> {
        if amount == 0.0 {
            Ok(Self(0))
        } else {
            Micros::of_fraction(amount, unit).map(Self::of).map_err(or_zero)
        }
    }

    /// The number of microseconds.
    #[must_use]
    pub const fn get(self) -> u64 {
        self.0
    }

    const fn of(length: Micros) -> Self {
        Self(length.get())
    }
}

impl FromStr for Wait {
    type Err = ScheduleError;

    /// Reads what a length of time is written as, and `0s`.
    fn from_str(text: &str) -> Result<Self, ScheduleError> {
        let micros = micros_of_text(text)?;
        if micros == 0.0 { Ok(Self(0)) } else { of_micros(micros, text).map(Self::of).map_err(or_zero) }
    }
}

impl TryFrom<Duration> for Wait {
    type Error = ScheduleError;

    fn try_from(length: Duration) -> Result<Self, ScheduleError> {
        if length.is_zero() { Ok(Self(0)) } else { Micros::try_from(length).map(Self::of).map_err(or_zero) }
    }
}

impl From<Wait> for Duration {
    fn from(wait: Wait) -> Self {
        Self::from_micros(wait.0)
    }
}

fn or_zero(error: ScheduleError) -> ScheduleError {
    match error {
        ScheduleError::OutOfRange(written) => ScheduleError::Wait(written),
        other => other,
    }
}

/// A number that something grows by.
pub fn check_factor(factor: f64) -> Result<f64, ScheduleError> {
    let is_right = factor.is_finite() && factor >= 1.0;
    if is_right { Ok(factor) } else { Err(ScheduleError::Factor(factor.to_string())) }
}

/// A number that says a part of a whole.
pub fn check_share(share: f64) -> Result<f64, ScheduleError> {
    if (0.0..=1.0).contains(&share) { Ok(share) } else { Err(ScheduleError::Share(share.to_string())) }
}
