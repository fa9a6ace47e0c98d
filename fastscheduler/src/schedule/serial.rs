//! How the parts of a schedule are written in stored data: numbers where they
//! are numbers, and otherwise the very texts that people write.
//!
//! It is apart from `text`, which the attributes share and which knows no serde.

use serde::de::{Error, Unexpected};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::text::{ClockTime, DayOfMonth, DaysOfWeek, Micros, Unit, WindowEdge, WrittenDateTime};

/// Types that are written as text.
macro_rules! as_text {
    ($($type:ty),+) => {$(
        impl Serialize for $type {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }

        impl<'de> Deserialize<'de> for $type {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                String::deserialize(deserializer)?.parse().map_err(D::Error::custom)
            }
        }
    )+};
}

as_text!(ClockTime, Unit, WindowEdge, WrittenDateTime);

impl Serialize for Micros {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_u64(self.get())
    }
}

impl<'de> Deserialize<'de> for Micros {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let micros = u64::deserialize(deserializer)?;
        Self::new(micros).ok_or_else(|| {
            D::Error::invalid_value(Unexpected::Unsigned(micros), &"microseconds from 1 ms to 100 years")
        })
    }
}

impl Serialize for DaysOfWeek {
    /// A list of numbers, 0 = Monday.
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.iter())
    }
}

impl<'de> Deserialize<'de> for DaysOfWeek {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let days = Vec::<u8>::deserialize(deserializer)?;
        days.into_iter().try_fold(Self::default(), |days, day| {
            Self::one(day).map(|day| days.and(day)).map_err(D::Error::custom)
        })
    }
}

/// A day of the month: its number, or the word [`LAST`](DayOfMonth::LAST).
#[derive(Deserialize)]
#[serde(untagged, expecting = "expected a number or `last`")]
pub(crate) enum WrittenDay<N> {
    Number(N),
    Word(String),
}

impl Serialize for DayOfMonth {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Day(day) => serializer.serialize_u8(*day),
            Self::Last => serializer.serialize_str(Self::LAST),
        }
    }
}

impl<'de> Deserialize<'de> for DayOfMonth {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match WrittenDay::<i64>::deserialize(deserializer)? {
            WrittenDay::Number(day) => Self::new(i128::from(day)).map_err(D::Error::custom),
            WrittenDay::Word(word) if word == Self::LAST => Ok(Self::Last),
            WrittenDay::Word(word) => {
                Err(D::Error::invalid_value(Unexpected::Str(&word), &"1 to 31, or `last`"))
            }
        }
    }
}
