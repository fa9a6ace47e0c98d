//! What is left of the time that a clock was ahead.

use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

use super::{Job, Trigger};
use crate::schedule::{Micros, ScheduleSpec, Timetable};

/// What a job remembers of the time that the clock was ahead, once the clock
/// was set back and the job's fires begin again at the right time.
///
/// Fires that ran to an end while the clock was ahead do not run again, and an
/// interval keeps its grid.
#[derive(Debug, Default, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rewind {
    /// How often the clock was set back.
    pub count: u32,
    /// What an interval or a delay counts from; `None` is the instant from
    /// which the job has its schedule.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub anchor: Option<DateTime<Utc>>,
    /// The fires to come that have ended already, in order.
    #[serde(default, skip_serializing_if = "is_empty")]
    pub ended: Arc<[DateTime<Utc>]>,
}

fn is_empty(fires: &Arc<[DateTime<Utc>]>) -> bool {
    fires.is_empty()
}

impl Rewind {
    /// What sets apart the records of skipped fires from those of the time that
    /// the clock was ahead, which may begin with the same fire.
    pub(crate) fn skip_trigger(&self) -> Trigger {
        match self.count {
            0 => Trigger::Schedule,
            1 => Trigger::CatchUp,
            2 => Trigger::Retry,
            _ => Trigger::Manual,
        }
    }

    /// What is left when the job gets another schedule at `since`.
    pub(crate) fn of_new_schedule(&self, since: DateTime<Utc>) -> Self {
        let ended = self.ended.iter().copied().filter(|fire| *fire > since).collect();
        Self { count: self.count, anchor: None, ended }
    }
}

impl Job {
    /// What an interval or a delay of its schedule counts from.
    pub(crate) fn counts_from(&self) -> DateTime<Utc> {
        self.rewind.as_ref().and_then(|rewind| rewind.anchor).unwrap_or(self.scheduled_since)
    }

    /// What sets apart the records of fires that are skipped from now on; see
    /// [`Rewind::skip_trigger`].
    pub(crate) fn skip_trigger(&self) -> Trigger {
        self.rewind.as_ref().map_or(Trigger::Schedule, |rewind| rewind.skip_trigger())
    }

    /// The fires that are left out of its schedule.
    pub(crate) fn without_ended(&self, schedule: Timetable) -> Timetable {
        match &self.rewind {
            Some(rewind) => schedule.without(&rewind.ended),
            None => schedule,
        }
    }

    /// What its schedule counts from once the clock has been set back from
    /// `from` to `to`: an interval keeps its grid, and a delay what is left of
    /// it. `None` if it counts from nothing, or from an instant that was given.
    ///
    /// A delay that began before `to` has been ahead by `since_before` only.
    pub(crate) fn anchor_set_back(
        &self,
        from: DateTime<Utc>,
        to: DateTime<Utc>,
        since_before: TimeDelta,
    ) -> Option<DateTime<Utc>> {
        let anchor = self.counts_from();
        match &self.definition.schedule.spec {
            ScheduleSpec::Every { interval, anchor: None, .. } => {
                let ahead = (anchor - to).num_microseconds().unwrap_or(i64::MAX).max(0);
                let interval = length(*interval);
                let intervals = ahead / interval + i64::from(ahead % interval > 0);
                anchor.checked_sub_signed(TimeDelta::microseconds(intervals.checked_mul(interval)?))
            }
            ScheduleSpec::Once { delay, anchor: None, .. } => {
                let delay = TimeDelta::microseconds(length(*delay));
                let by = if anchor > to { from - to } else { since_before };
                // At once, if it was due already.
                Some((anchor + delay - by).max(to + TimeDelta::milliseconds(1)) - delay)
            }
            ScheduleSpec::Every { anchor: Some(_), .. }
            | ScheduleSpec::Once { anchor: Some(_), .. }
            | ScheduleSpec::Hourly { .. }
            | ScheduleSpec::Daily { .. }
            | ScheduleSpec::Weekly { .. }
            | ScheduleSpec::Monthly { .. }
            | ScheduleSpec::Cron { .. }
            | ScheduleSpec::At { .. } => None,
        }
    }
}

fn length(length: Micros) -> i64 {
    i64::try_from(length.get()).expect("100 years of microseconds fit")
}
