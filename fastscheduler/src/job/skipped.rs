//! Fires that did not run, and why.

use std::fmt;

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

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
}

impl Skipped {
    /// Fires of a calendar schedule are counted up to this many.
    pub(crate) const COUNTED: u64 = 10_000;

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
        Self { reason, first, last, count, closed: None }
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
