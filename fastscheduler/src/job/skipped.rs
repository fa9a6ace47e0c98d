//! Fires that did not run, and why.

use std::fmt;

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

use super::RunId;
use crate::schedule::{ScheduleDefinition, Timetable};

/// Why a fire did not run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
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
    /// The word that it is stored as.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.serialize(f)
    }
}

/// What gave a job another schedule, or its schedule other fires.
///
/// # Examples
///
/// ```
/// use fastscheduler::RescheduleCause;
///
/// assert_eq!(RescheduleCause::Clock.to_string(), "clock");
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum RescheduleCause {
    /// The program, a client or the code's attribute changed the schedule.
    Schedule,
    /// The scheduler's zone is another one than before.
    Zone,
    /// The clock was set back.
    Clock,
    /// The rules of cron expressions have changed.
    Rules,
}

impl fmt::Display for RescheduleCause {
    /// The word that it is stored as.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.serialize(f)
    }
}

/// One fire or a range of fires that did not run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Skipped {
    /// Why they did not.
    pub reason: SkipReason,
    /// The first of them.
    pub first: DateTime<Utc>,
    /// The last of them.
    pub last: DateTime<Utc>,
    /// How many they are.
    ///
    /// Those of a calendar schedule are counted up to 10,000; `last` is right
    /// even where there are more.
    pub count: u64,
    /// The schedule that ended with them, if the job was rescheduled,
    /// cancelled or taken out of the code.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub closed: Option<ClosedSchedule>,
    /// What gave the job another schedule, if the reason is
    /// [`Rescheduled`](SkipReason::Rescheduled). Records of earlier versions do not
    /// say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cause: Option<RescheduleCause>,
    /// The run that the job was still at, if the reason is
    /// [`Overlap`](SkipReason::Overlap) and it is known: the last attempt of the
    /// earlier fire.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub in_the_way: Option<RunId>,
    /// When the job was paused, if the reason is [`Paused`](SkipReason::Paused) and
    /// it is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub paused_from: Option<DateTime<Utc>>,
}

impl Skipped {
    /// Fires of a calendar schedule are counted up to this many.
    pub(crate) const COUNTED: u64 = 10_000;

    /// So many fires, from the first to the last, without anything else to say.
    #[must_use]
    pub fn new(reason: SkipReason, first: DateTime<Utc>, last: DateTime<Utc>, count: u64) -> Self {
        let (closed, cause, in_the_way, paused_from) = (None, None, None, None);
        Self { reason, first, last, count, closed, cause, in_the_way, paused_from }
    }

    /// The fires of a schedule from `first` to `until`: at least `first`, even
    /// where `until` comes before it.
    pub(crate) fn range(
        schedule: &Timetable,
        reason: SkipReason,
        first: DateTime<Utc>,
        until: DateTime<Utc>,
    ) -> Self {
        let due = schedule.count_between(first - TimeDelta::microseconds(1), until, Self::COUNTED);
        let (last, count) = due.map_or((first, 1), |due| (due.last, due.count));
        Self::new(reason, first, last, count)
    }
}

/// A schedule that a job no longer has.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClosedSchedule {
    /// The schedule, as it was written.
    pub definition: ScheduleDefinition,
    /// From when the job had it.
    pub since: DateTime<Utc>,
    /// Until when.
    pub until: DateTime<Utc>,
}
