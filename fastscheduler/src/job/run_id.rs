//! What is unique about an attempt.

use std::fmt;
use std::str::FromStr;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::JobId;

/// Why an attempt was made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Trigger {
    /// The schedule said so.
    Schedule,
    /// A caller asked for a run now.
    Manual,
    /// The fire was missed and is made up for.
    CatchUp,
    /// A dead letter was run again.
    Retry,
}

impl Trigger {
    const ALL: [Self; 4] = [Self::Schedule, Self::Manual, Self::CatchUp, Self::Retry];

    /// Whether it is a fire of the schedule, in time or made up for, and not
    /// one of its own that a caller asked for.
    #[must_use]
    pub const fn is_of_schedule(self) -> bool {
        match self {
            Self::Schedule | Self::CatchUp => true,
            Self::Manual | Self::Retry => false,
        }
    }

    /// Whether it sets off the same fire at the same instant: one of the
    /// schedule is the same whether it is in time or made up for.
    pub(crate) fn is_alike(self, other: Self) -> bool {
        self == other || self.is_of_schedule() && other.is_of_schedule()
    }

    const fn letter(self) -> &'static str {
        match self {
            Self::Schedule => "s",
            Self::Manual => "m",
            Self::CatchUp => "c",
            Self::Retry => "r",
        }
    }
}

/// The id of an attempt, printed `job_N-s-MICROSECONDS-ATTEMPT`.
///
/// It is made of what is unique about the attempt, so that a record that is
/// written twice is the same record.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RunId {
    /// The job.
    pub job: JobId,
    /// Why the fire came to be.
    pub trigger: Trigger,
    /// The instant the fire was due by its schedule.
    pub scheduled_for: DateTime<Utc>,
    /// The attempt's number, from 1; 0 for a fire that did not run.
    pub attempt: u32,
}

impl RunId {
    /// Whether it is an attempt at the same fire. One of the schedule is the same
    /// whether it is in time or made up for.
    #[must_use]
    pub fn is_same_fire(self, other: Self) -> bool {
        let is_same = self.job == other.job && self.scheduled_for == other.scheduled_for;
        is_same && self.trigger.is_alike(other.trigger)
    }

    /// The text that all attempts of a fire have in common.
    pub(crate) fn fire_key(&self) -> String {
        // A fire that is made up for since the record of its attempt was lost
        // is the one that was in time.
        let trigger = if self.trigger.is_of_schedule() { Trigger::Schedule } else { self.trigger };
        format!("{}-{}-{}", self.job, trigger.letter(), self.scheduled_for.timestamp_micros())
    }
}

impl fmt::Display for RunId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let micros = self.scheduled_for.timestamp_micros();
        write!(f, "{}-{}-{micros}-{}", self.job, self.trigger.letter(), self.attempt)
    }
}

impl FromStr for RunId {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let read = || {
            let mut parts = text.splitn(3, '-');
            let job = parts.next()?.parse().ok()?;
            let letter = parts.next()?;
            let trigger = Trigger::ALL.into_iter().find(|trigger| trigger.letter() == letter)?;
            // The instant may be before 1970 and bring a sign of its own.
            let (micros, attempt) = parts.next()?.rsplit_once('-')?;
            let scheduled_for = DateTime::from_timestamp_micros(micros.parse().ok()?)?;
            Some(Self { job, trigger, scheduled_for, attempt: attempt.parse().ok()? })
        };
        read().ok_or_else(|| format!("`{text}` is not the id of a run"))
    }
}

impl Serialize for RunId {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for RunId {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}
