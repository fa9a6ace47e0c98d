//! What a job keeps from a time when the clock was ahead.

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

use super::Job;
use crate::schedule::{LeftOut, Nature, Timetable};

/// What a job remembers of a time when the clock was ahead, after the clock was
/// set back and the job was rescheduled to the right time.
///
/// Fires that ended while the clock was ahead do not run again, and an interval
/// stays on its grid.
#[derive(Debug, Default, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rewind {
    /// How often the job was rewound because the clock was set back.
    pub count: u32,
    /// What an interval or a delay counts from; `None` means the instant since
    /// when the job has its schedule.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub anchor: Option<DateTime<Utc>>,
    /// The future fires that have already ended.
    #[serde(default, skip_serializing_if = "LeftOut::is_empty")]
    pub ended: LeftOut,
}

impl Rewind {
    /// What remains of it when the job gets another schedule at `since`.
    pub(crate) fn of_new_schedule(&self, since: DateTime<Utc>) -> Self {
        Self { count: self.count, anchor: None, ended: self.ended.after(since) }
    }
}

impl Job {
    /// What an interval or a delay of its schedule counts from.
    pub(crate) fn counts_from(&self) -> DateTime<Utc> {
        self.rewind.as_ref().and_then(|rewind| rewind.anchor).unwrap_or(self.scheduled_since)
    }

    /// How often it was rewound.
    pub(crate) fn rewinds(&self) -> u32 {
        self.rewind.as_ref().map_or(0, |rewind| rewind.count)
    }

    /// The schedule without the fires that have already ended.
    pub(crate) fn without_ended(&self, schedule: Timetable) -> Timetable {
        match &self.rewind {
            Some(rewind) => schedule.without(&rewind.ended),
            None => schedule,
        }
    }

    /// What its schedule counts from after the clock was set back from `from` to
    /// `to`: an interval stays on its grid, and a delay keeps its remaining time.
    /// `None` if it counts from nothing, or from an instant that was given.
    ///
    /// A delay that began before `to` moves by `since_before` only.
    pub(crate) fn anchor_set_back(
        &self,
        from: DateTime<Utc>,
        to: DateTime<Utc>,
        since_before: TimeDelta,
    ) -> Option<DateTime<Utc>> {
        let anchor = self.counts_from();
        let set_back = |delay: TimeDelta| {
            let by = if anchor > to { from - to } else { since_before };
            // At once, if it was due already.
            (anchor + delay - by).max(to + TimeDelta::milliseconds(1)) - delay
        };
        match self.definition.schedule.spec.nature() {
            Nature::Elapsed { interval, anchor: None } => {
                let ahead = (anchor - to).num_microseconds().unwrap_or(i64::MAX).max(0);
                let interval = interval.num_microseconds()?;
                // One more, if it is whole: what it counts from is not a fire, and `to` may be.
                let intervals = if ahead > 0 { ahead / interval + 1 } else { 0 };
                anchor.checked_sub_signed(TimeDelta::microseconds(intervals.checked_mul(interval)?))
            }
            Nature::Counted { delay, anchor: None } => Some(set_back(delay)),
            Nature::Elapsed { anchor: Some(_), .. }
            | Nature::Counted { anchor: Some(_), .. }
            | Nature::Calendar
            | Nature::Dated(_) => None,
        }
    }
}
