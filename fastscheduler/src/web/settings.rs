//! Values of jobs' settings, as requests write them.

use std::ops::RangeInclusive;
use std::time::Duration;

use chrono_tz::Tz;
use serde::de::Error as _;
use serde::{Deserialize, Deserializer};
use serde_json::Number;

use super::error::ApiError;
use crate::schedule::text::Wait;
use crate::schedule::{IntoZone as _, Micros, Setting, Unit, WindowEdge};
use crate::scheduler::SchedulerError;

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Setting<T> {
    /// Of a field that is there: null is to do without it.
    fn deserialize<D: Deserializer<'de>>(field: D) -> Result<Self, D::Error> {
        Option::deserialize(field).map(Self::from)
    }
}

impl<T> Setting<T> {
    /// The setting with its value read.
    pub(super) fn read<'a, U>(
        &'a self,
        read: impl FnOnce(&'a T) -> Result<U, ApiError>,
    ) -> Result<Setting<U>, ApiError> {
        match self {
            Self::Unnamed => Ok(Setting::Unnamed),
            Self::Unset => Ok(Setting::Unset),
            Self::Set(value) => read(value).map(Setting::Set),
        }
    }
}

/// A whole number, which JSON may also write as `3.0`.
#[derive(Debug, Clone, Copy)]
pub(super) struct Whole(pub(super) i64);

impl<'de> Deserialize<'de> for Whole {
    fn deserialize<D: Deserializer<'de>>(number: D) -> Result<Self, D::Error> {
        let number = Number::deserialize(number)?;
        let is_whole = |number: &f64| number.fract() == 0.0 && number.abs() <= LARGEST_EXACT;
        #[expect(clippy::cast_possible_truncation, reason = "it is whole and in range")]
        let of_fraction = |number: Number| number.as_f64().filter(is_whole).map(|number| number as i64);
        let whole = number.as_i64().or_else(|| of_fraction(number.clone()));
        whole.map(Self).ok_or_else(|| D::Error::custom(format!("`{number}` is not a whole number in range")))
    }
}

/// A number that may have a fraction, such as one of seconds.
#[derive(Debug, Clone, Copy)]
pub(super) struct Decimal(pub(super) f64);

impl<'de> Deserialize<'de> for Decimal {
    fn deserialize<D: Deserializer<'de>>(number: D) -> Result<Self, D::Error> {
        // Of anything else it says that a number is expected, not an `f64`.
        let number = Number::deserialize(number)?;
        Ok(Self(number.as_f64().unwrap_or(f64::NAN)))
    }
}

/// Up to here a fraction says which whole number it is.
const LARGEST_EXACT: f64 = 9_007_199_254_740_992.0;

/// The number of a query's parameter, if it is given. It is read here and not
/// by serde, whose complaint would not say which numbers are right.
pub(super) fn number(
    parameter: &str,
    text: Option<&str>,
    allowed: RangeInclusive<usize>,
) -> Result<Option<usize>, ApiError> {
    let Some(text) = text else { return Ok(None) };
    let number = text.parse().ok().filter(|number| allowed.contains(number));
    number.map(Some).ok_or_else(|| {
        let right = match allowed.into_inner() {
            (least, usize::MAX) => format!("at least {least}"),
            (least, most) => format!("{least} to {most}"),
        };
        ApiError::not_allowed(format!("`{parameter}` is `{text}`; use {right}, or leave it out"))
            .of(parameter)
    })
}

/// The number of retries.
pub(super) fn retries(Whole(number): Whole) -> Result<u32, ApiError> {
    u32::try_from(number).map_err(|_| {
        ApiError::not_allowed(format!(
            "`max_retries` is `{number}`; use a whole number from 0 to {}",
            u32::MAX
        ))
        .of("max_retries")
    })
}

/// A length of time as a setting.
pub(super) fn length(setting: &'static str, Decimal(seconds): Decimal) -> Result<Duration, ApiError> {
    let length = Micros::of_fraction(seconds, Unit::Seconds);
    Ok(length.map_err(|error| SchedulerError::Length { setting, error })?.into())
}

/// A wait as a setting; it may be zero.
pub(super) fn wait(setting: &'static str, Decimal(seconds): Decimal) -> Result<Duration, ApiError> {
    let wait = Wait::of_fraction(seconds, Unit::Seconds);
    Ok(wait.map_err(|error| SchedulerError::Length { setting, error })?.into())
}

pub(super) fn zone(name: &str) -> Result<Tz, ApiError> {
    Ok(name.into_zone().map_err(SchedulerError::from)?)
}

/// A first or last date; `field` is which.
pub(super) fn window_edge(field: &str, date: &str) -> Result<WindowEdge, ApiError> {
    date.parse().map_err(|error| ApiError::from(SchedulerError::Schedule(error)).of(field))
}
