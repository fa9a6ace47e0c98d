//! A clock that is set: noticing it, and what the engine does about it.
//!
//! What becomes of the jobs' schedules is for the layer above.

use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, Weak};
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};

use super::problems::instant;
use super::{Engine, Problem, ProblemCode, lock};

/// A step back by no more than this is none: clocks are kept right by such steps.
pub(super) const UNNOTICED: TimeDelta = TimeDelta::seconds(5);

/// After a step back by more than this, jobs do not wait for the time to be
/// reached again.
const LONGEST_WAIT: TimeDelta = TimeDelta::minutes(1);

/// After a step ahead by more than this, the year may be a wrong one.
const DOUBTFUL: TimeDelta = TimeDelta::days(1);

/// For how long history is kept after such a step, whatever its age.
const RETENTION_HOLD: Duration = Duration::from_hours(1);

/// How long a step back is shown as a problem at most.
const SHOWN: Duration = Duration::from_hours(1);

/// The clock on the wall was set back.
#[derive(Debug, Clone, Copy)]
pub(crate) struct SetBack {
    /// What it read before.
    pub(crate) from: DateTime<Utc>,
    /// What it read after.
    pub(crate) to: DateTime<Utc>,
    /// By how much, as far as is known of what was begun before `to`: nothing,
    /// if it was ahead for no longer than between two looks at it.
    pub(crate) since_last_look: TimeDelta,
    /// By how much retries that wait are due earlier.
    pub(crate) retries: TimeDelta,
}

impl SetBack {
    /// Whether what happened lies so far ahead that jobs must not wait for it.
    pub(crate) fn is_long(self) -> bool {
        self.from - self.to > LONGEST_WAIT
    }
}

/// What the clock was when it was last looked at.
#[derive(Debug, Default)]
pub(super) struct Watch {
    /// Held by who looks, until what follows from it is done.
    looking: tokio::sync::Mutex<()>,
    seen: Mutex<Seen>,
}

#[derive(Debug, Default)]
struct Seen {
    last: Option<Reading>,
    /// When the present problem with it is over.
    trouble_until: Option<Reading>,
}

#[derive(Debug, Clone, Copy)]
struct Reading {
    wall: DateTime<Utc>,
    elapsed: Duration,
}

impl Reading {
    /// What the clock on the wall reads later, if nobody sets it.
    fn expected(self, elapsed: Duration) -> DateTime<Utc> {
        let passed = TimeDelta::from_std(elapsed.saturating_sub(self.elapsed)).unwrap_or_default();
        self.wall.checked_add_signed(passed).unwrap_or(self.wall)
    }
}

impl Engine {
    /// Has nobody else look at the clock for as long as the guard is held.
    pub(crate) async fn look_alone(&self) -> tokio::sync::MutexGuard<'_, ()> {
        self.watch.looking.lock().await
    }

    /// Waits until the clock may have been set; `None` when the scheduler stops.
    pub(crate) async fn clock_may_be_set(&self) -> Option<()> {
        tokio::select! {
            () = self.clock.may_be_set() => Some(()),
            () = self.claiming.cancelled() => None,
        }
    }

    /// Remembers what the clock reads: if it is set ahead and back before anybody
    /// looks, it was read in between.
    pub(super) fn has_read(&self, at: DateTime<Utc>) {
        self.latest.fetch_max(at.timestamp_micros(), Ordering::Relaxed);
    }

    /// Looks whether the clock was set since the last look.
    pub(crate) fn look_at_clock(self: &Arc<Self>) -> Option<SetBack> {
        let now = Reading { wall: self.clock.now(), elapsed: self.clock.elapsed() };
        let latest = DateTime::from_timestamp_micros(self.latest.swap(i64::MIN, Ordering::Relaxed));
        let (last, is_trouble_over) = {
            let mut seen = lock(&self.watch.seen);
            let is_over = |until: &Reading| until.wall <= now.wall || until.elapsed <= now.elapsed;
            let is_trouble_over = seen.trouble_until.take_if(|until| is_over(until)).is_some();
            (seen.last.replace(now), is_trouble_over)
        };
        if is_trouble_over {
            self.problems.end(ProblemCode::ClockSetBack, None);
        }
        let expected = last?.expected(now.elapsed);
        if now.wall - expected > DOUBTFUL {
            self.hold_retention();
        }
        let from = latest.map_or(expected, |latest| latest.max(expected));
        let back = SetBack {
            from,
            to: now.wall,
            since_last_look: (expected - now.wall).max(TimeDelta::zero()),
            retries: from - now.wall,
        };
        if from - now.wall <= UNNOTICED {
            return None;
        }
        self.was_set_back(back);
        Some(back)
    }

    /// Warns that the clock was set back, at present or while no scheduler ran.
    pub(crate) fn was_set_back(&self, back: SetBack) {
        let SetBack { from, to, .. } = back;
        let over = Reading { wall: from, elapsed: self.clock.elapsed() + SHOWN };
        lock(&self.watch.seen).trouble_until = Some(over);
        let values = [
            ("from", instant(from)),
            ("to", instant(to)),
            ("seconds", (from - to).num_seconds().into()),
            ("jobs", 0.into()),
        ];
        self.problems.begin(Problem::new(ProblemCode::ClockSetBack, to, None, values));
    }

    /// That many jobs begin again at the right time.
    pub(crate) fn were_set_back(&self, jobs: usize) {
        if jobs > 0 {
            tracing::warn!(jobs, "the fires of jobs begin again, since the clock was set back");
            self.problems.set_value(ProblemCode::ClockSetBack, None, "jobs", jobs.into());
        }
    }

    /// Has what is open keep the time that is left to it.
    pub(crate) fn set_activities_back(&self, back: SetBack) {
        self.table.visit(|job| job.activity.set_back(back.from - back.to, back.retries, back.to));
    }

    /// Whether history may be dropped by its age; not if the year may be wrong.
    pub(super) fn may_drop_by_age(&self) -> bool {
        let last = lock(&self.watch.seen).last;
        let is_doubtful = |last: Reading| self.clock.now() - last.expected(self.clock.elapsed()) > DOUBTFUL;
        self.retention_holds.load(Ordering::Acquire) == 0 && !last.is_some_and(is_doubtful)
    }

    /// Has no history dropped by its age for an hour: the year may be wrong.
    fn hold_retention(self: &Arc<Self>) {
        tracing::warn!(
            "the clock is over a day ahead of before; no history is dropped by its age for an hour"
        );
        let hold = RetentionHold::new(self);
        let (over, stopping) = (self.clock.sleep(RETENTION_HOLD), self.claiming.clone());
        self.spawn(async move {
            tokio::select! {
                () = over => {}
                () = stopping.cancelled() => {}
            }
            drop(hold);
        });
    }
}

/// Keeps history from being dropped by its age, but nobody from dropping the
/// scheduler.
struct RetentionHold(Weak<Engine>);

impl RetentionHold {
    fn new(engine: &Arc<Engine>) -> Self {
        engine.retention_holds.fetch_add(1, Ordering::AcqRel);
        Self(Arc::downgrade(engine))
    }
}

impl Drop for RetentionHold {
    fn drop(&mut self) {
        if let Some(engine) = self.0.upgrade() {
            engine.retention_holds.fetch_sub(1, Ordering::AcqRel);
        }
    }
}
