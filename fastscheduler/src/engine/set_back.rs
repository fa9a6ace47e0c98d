//! Tells of a clock that was set, and adjusts what the engine keeps.
//!
//! What happens to the jobs' schedules is left to the layer above.

use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};

use super::problems::instant;
use super::watched_clock::{Found, SetBack};
use super::{Engine, Problem, ProblemCode, SkippedOnce};

/// How long history is kept after the clock was set far ahead, whatever its age.
const RETENTION_HOLD: Duration = Duration::from_hours(1);

impl Engine {
    /// Keeps others from checking the clock while the guard is held.
    pub(crate) async fn lock_clock_check(&self) -> tokio::sync::MutexGuard<'_, ()> {
        self.clock.lock_check().await
    }

    /// Waits until the clock may have been set; `None` when the scheduler stops.
    pub(crate) async fn clock_may_be_set(&self) -> Option<()> {
        tokio::select! {
            () = self.clock.may_be_set() => Some(()),
            () = self.lifecycle.stopping() => None,
        }
    }

    /// Returns the step back since the last check, if there was one.
    pub(crate) fn check_clock(self: &Arc<Self>) -> Option<SetBack> {
        let Found { back, is_problem_over, is_doubtful } = self.clock.check()?;
        if is_problem_over {
            self.end_problem(ProblemCode::ClockSetBack, None);
        }
        if is_doubtful {
            self.hold_retention();
        }
        if let Some(back) = back {
            self.report_set_back(back, 0);
        }
        back
    }

    /// Reports that the clock was set back, just now or while no scheduler ran, and
    /// how many jobs were rewound for that so far.
    pub(crate) fn report_set_back(&self, back: SetBack, jobs: usize) {
        let from = self.clock.note_set_back(back);
        let values = [
            ("from", instant(from)),
            ("to", instant(back.to)),
            ("seconds", (from - back.to).num_seconds().into()),
            ("jobs", jobs.into()),
        ];
        self.begin_problem(Problem::new(ProblemCode::ClockSetBack, back.to, None, values));
    }

    /// Reports that so many jobs were rewound.
    pub(crate) fn report_rewound(&self, jobs: usize) {
        if jobs > 0 {
            tracing::warn!(jobs, "rescheduled jobs to the right time after the clock was set back");
            self.telemetry.problems.set_value(ProblemCode::ClockSetBack, None, "jobs", jobs.into());
        }
    }

    /// Lets open fires keep their remaining time.
    pub(crate) fn set_activities_back(&self, back: SetBack) {
        self.table.visit(|job| job.activity.set_back(back.from - back.to, back.retries, back.to));
    }

    /// One-time jobs whose fires were skipped and are later than `now`, after the
    /// clock was set back.
    pub(crate) fn skipped_once_after(&self, now: DateTime<Utc>) -> Vec<SkippedOnce> {
        self.table.skipped_once.after(now)
    }

    /// Forgets those of them that have come back.
    pub(crate) fn forget_skipped_once(&self, now: DateTime<Utc>) {
        self.table.skipped_once.forget_after(now);
    }

    /// Drops no history because of its age for an hour, since the date may be wrong.
    fn hold_retention(self: &Arc<Self>) {
        tracing::warn!(
            "the clock was set ahead by over a day; no history is dropped because of its age for an hour"
        );
        let hold = self.clock.hold_retention();
        let (over, stopping) = (self.clock.sleep(RETENTION_HOLD), self.lifecycle.stopping_token());
        self.spawn("a pause of retention", async move {
            tokio::select! {
                () = over => {}
                () = stopping.cancelled() => {}
            }
            drop(hold);
        });
    }
}
