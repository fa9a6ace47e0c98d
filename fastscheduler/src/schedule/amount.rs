//! What stands for a length of time: a number, a text, or a `Duration`.

use std::time::Duration;

use super::text::{Micros, ScheduleError, Unit, Wait};

/// A number of some unit, or a length of time that says its unit itself.
///
/// It is made from any integer of at most 64 bits, from fractions, from texts
/// such as `1h 30m` and from [`Duration`].
///
/// # Examples
///
/// ```
/// use std::time::Duration;
/// use fastscheduler::schedule::every;
///
/// let schedule = every(90).seconds().schedule()?;
/// assert_eq!(every(1.5).minutes().schedule()?, schedule);
/// assert_eq!(every("1m 30s").schedule()?, schedule);
/// assert_eq!(every(Duration::from_secs(90)).schedule()?, schedule);
/// # Ok::<(), fastscheduler::schedule::ScheduleError>(())
/// ```
#[derive(Debug, Clone)]
pub struct Amount(Value);

#[derive(Debug, Clone)]
enum Value {
    Whole(i128),
    Fraction(f64),
    Text(String),
    Length(Duration),
}

impl Amount {
    /// The length of time; `unit` is that of a number without one.
    pub(super) fn in_unit(&self, unit: Unit) -> Result<Micros, ScheduleError> {
        match &self.0 {
            Value::Whole(amount) => Micros::of_whole(*amount, unit),
            Value::Fraction(amount) => Micros::of_fraction(*amount, unit),
            Value::Text(text) => text.parse(),
            Value::Length(length) => Micros::try_from(*length),
        }
    }

    /// The length of time as it was given; `unit` is that of a number without one.
    pub(crate) fn length(&self, unit: Unit) -> Result<Duration, ScheduleError> {
        let length = self.in_unit(unit)?;
        match self.0 {
            // Not rounded to microseconds.
            Value::Length(length) => Ok(length),
            Value::Whole(_) | Value::Fraction(_) | Value::Text(_) => Ok(length.into()),
        }
    }

    /// The wait as it was given, which may be zero; `unit` is that of a number
    /// without one.
    pub(crate) fn wait(&self, unit: Unit) -> Result<Duration, ScheduleError> {
        match &self.0 {
            Value::Whole(amount) => Wait::of_whole(*amount, unit).map(Duration::from),
            Value::Fraction(amount) => Wait::of_fraction(*amount, unit).map(Duration::from),
            Value::Text(text) => text.parse::<Wait>().map(Duration::from),
            // Not rounded to microseconds.
            Value::Length(length) => Wait::try_from(*length).map(|_| *length),
        }
    }

    /// The text or number of something that says its unit itself.
    pub(super) fn with_unit(&self) -> Option<String> {
        match &self.0 {
            Value::Whole(_) | Value::Fraction(_) => None,
            Value::Text(text) => Some(text.clone()),
            Value::Length(length) => Some(format!("{length:?}")),
        }
    }
}

/// A length of time to set, or `None` to set none.
///
/// It is made from everything that an [`Amount`] is made from, and from an
/// `Option<Duration>`.
#[derive(Debug, Clone)]
pub struct OptionalAmount(pub(crate) Option<Amount>);

impl<T: Into<Amount>> From<T> for OptionalAmount {
    fn from(amount: T) -> Self {
        Self(Some(amount.into()))
    }
}

impl From<Option<Duration>> for OptionalAmount {
    fn from(length: Option<Duration>) -> Self {
        Self(length.map(Amount::from))
    }
}

macro_rules! whole {
    ($($number:ty),+) => {$(
        impl From<$number> for Amount {
            fn from(number: $number) -> Self {
                #[expect(clippy::allow_attributes, reason = "usize alone has no `From` for `i128`")]
                #[allow(clippy::cast_lossless, reason = "usize alone has no `From` for `i128`")]
                Self(Value::Whole(number as i128))
            }
        }
    )+};
}

whole!(i32, i64, u8, u16, u32, u64, usize);

impl From<f32> for Amount {
    /// The decimal number that was written: 0.1 is 0.1, not 0.10000000149.
    fn from(number: f32) -> Self {
        Self(Value::Fraction(number.to_string().parse().unwrap_or(f64::NAN)))
    }
}

impl From<f64> for Amount {
    fn from(number: f64) -> Self {
        Self(Value::Fraction(number))
    }
}

impl From<&str> for Amount {
    fn from(text: &str) -> Self {
        Self(Value::Text(text.to_owned()))
    }
}

impl From<String> for Amount {
    fn from(text: String) -> Self {
        Self(Value::Text(text))
    }
}

impl From<Duration> for Amount {
    fn from(length: Duration) -> Self {
        Self(Value::Length(length))
    }
}
