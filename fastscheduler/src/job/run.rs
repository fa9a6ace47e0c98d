//! Records of attempts and of fires that did not run.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::{FunctionKey, JobDefinition, JobId};

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
    pub(crate) fn fire_key(&self) -> String {
        format!("{}-{}-{}", self.job, self.trigger.letter(), self.scheduled_for.timestamp_micros())
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

/// What became of an attempt or a fire.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RunStatus {
    /// The attempt is under way.
    Running,
    /// The function returned without an error.
    Completed,
    /// The function failed, panicked or took too long.
    Failed,
    /// The fire did not run.
    Missed,
}

impl fmt::Display for RunStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Running => "running",
            Self::Completed => "completed",
            Self::Failed => "failed",
            Self::Missed => "missed",
        })
    }
}

/// Why a fire did not run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SkipReason {
    /// The job was still at an earlier fire.
    Overlap,
    /// The job was paused.
    Paused,
    /// It was missed, and its catch-up says not to make up for it.
    CatchUp,
    /// Its function is not linked in.
    Orphaned,
    /// The schedule was changed.
    Rescheduled,
    /// The job was cancelled.
    Cancelled,
}

impl fmt::Display for SkipReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Overlap => "overlap",
            Self::Paused => "paused",
            Self::CatchUp => "catch_up",
            Self::Orphaned => "orphaned",
            Self::Rescheduled => "rescheduled",
            Self::Cancelled => "cancelled",
        })
    }
}

/// The record of an attempt, or of fires that did not run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Run {
    /// What is unique about it.
    pub run_id: RunId,
    /// The job's name.
    pub job_name: String,
    /// The function.
    pub function: FunctionKey,
    /// The job's group.
    pub group: String,
    /// What became of it.
    pub status: RunStatus,
    /// When the attempt started.
    pub started_at: Option<DateTime<Utc>>,
    /// When it reached its status.
    pub finished_at: Option<DateTime<Utc>>,
    /// The value the function returned, as JSON.
    pub result: Option<Arc<str>>,
    /// What went wrong.
    pub error: Option<String>,
    /// The process that ran it.
    pub instance: Option<Arc<str>>,
    /// Fires that did not run, and why.
    pub skipped: Option<Skipped>,
}

impl Run {
    /// The record of fires that did not run.
    pub(crate) fn skipped(
        job: JobId,
        definition: &JobDefinition,
        skipped: Skipped,
        recorded_at: DateTime<Utc>,
    ) -> Self {
        let scheduled_for = skipped.first;
        Self {
            run_id: RunId { job, trigger: Trigger::Schedule, scheduled_for, attempt: 0 },
            job_name: definition.name.clone(),
            function: definition.function.clone(),
            group: definition.group.clone(),
            status: RunStatus::Missed,
            started_at: None,
            finished_at: Some(recorded_at),
            result: None,
            error: None,
            instance: None,
            skipped: Some(skipped),
        }
    }

    /// The job it belongs to.
    #[must_use]
    pub fn job_id(&self) -> JobId {
        self.run_id.job
    }

    /// The instant the fire was due by its schedule.
    #[must_use]
    pub fn scheduled_for(&self) -> DateTime<Utc> {
        self.run_id.scheduled_for
    }

    /// How long the attempt took.
    #[must_use]
    pub fn execution_time(&self) -> Option<Duration> {
        (self.finished_at? - self.started_at?).to_std().ok()
    }
}

/// One fire or a range of fires that did not run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Skipped {
    /// Why they did not.
    pub reason: SkipReason,
    /// The first of them.
    pub first: DateTime<Utc>,
    /// The last of them.
    pub last: DateTime<Utc>,
    /// How many they are.
    pub count: u64,
}

/// A fire whose last attempt failed, with what is needed to run it again.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct DeadLetter {
    /// The record of the last attempt.
    pub run: Run,
    /// The job as it was.
    pub definition: JobDefinition,
}
