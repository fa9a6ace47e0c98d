//! Notices that the clock was set, and adjusts what the engine keeps.
//!
//! What happens to the jobs' schedules is left to the layer above.

use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, Weak};
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};

use super::problems::instant;
use super::{Engine, Problem, ProblemCode, lock};

/// A step back of at most this is ignored: time synchronisation makes such steps.
pub(super) const UNNOTICED: TimeDelta = TimeDelta::seconds(5);

/// What a check may find without a step: clocks are steered.
const STEERED: TimeDelta = TimeDelta::seconds(1);

/// After a step back of more than this, jobs do not wait until the old time is
/// reached again.
const LONGEST_WAIT: TimeDelta = TimeDelta::minutes(1);

/// After a step ahead of more than this, the date may be wrong.
const DOUBTFUL: TimeDelta = TimeDelta::days(1);

/// How long history is kept after such a step, whatever its age.
const RETENTION_HOLD: Duration = Duration::from_hours(1);

/// The longest that a step back is shown as a problem.
const SHOWN: Duration = Duration::from_hours(1);

/// A step back of the wall clock.
#[derive(Debug, Clone, Copy)]
pub(crate) struct SetBack {
    /// What it read before.
    pub(crate) from: DateTime<Utc>,
    /// What it read after.
    pub(crate) to: DateTime<Utc>,
    /// By how much it was set back, as far as that was seen. Zero if the clock was
    /// ahead only between two checks: delays from before were not affected then.
    pub(crate) steps: TimeDelta,
    /// By how much waiting retries become due earlier.
    pub(crate) retries: TimeDelta,
}

impl SetBack {
    /// Whether the step is so long that jobs must not wait for the old time.
    pub(crate) fn is_long(self) -> bool {
        self.from - self.to > LONGEST_WAIT
    }
}

/// What the clock read when it was last checked.
#[derive(Debug, Default)]
pub(super) struct Watch {
    /// Held during a check, and until jobs have been rewound for it.
    checking: tokio::sync::Mutex<()>,
    seen: Mutex<Seen>,
}

/// Steps back that are short, each by itself.
#[derive(Debug, Clone, Copy)]
struct Behind {
    /// What the clock read before.
    from: DateTime<Utc>,
    /// By how much it was set back in all.
    steps: TimeDelta,
}

#[derive(Debug, Default)]
struct Seen {
    last: Option<Reading>,
    /// The steps back for which no job was rewound, until they are made up.
    behind: Option<Behind>,
    /// When the present problem ends.
    trouble_until: Option<Reading>,
}

#[derive(Debug, Clone, Copy)]
struct Reading {
    wall: DateTime<Utc>,
    elapsed: Duration,
}

impl Reading {
    /// What the wall clock should read later, if nobody sets it.
    fn expected(self, elapsed: Duration) -> DateTime<Utc> {
        let passed = TimeDelta::from_std(elapsed.saturating_sub(self.elapsed)).unwrap_or_default();
        self.wall.checked_add_signed(passed).unwrap_or(self.wall)
    }
}

impl Engine {
    /// Keeps others from checking the clock while the guard is held.
    pub(crate) async fn lock_clock_check(&self) -> tokio::sync::MutexGuard<'_, ()> {
        self.watch.checking.lock().await
    }

    /// Waits until the clock may have been set; `None` when the scheduler stops.
    pub(crate) async fn clock_may_be_set(&self) -> Option<()> {
        tokio::select! {
            () = self.clock.may_be_set() => Some(()),
            () = self.claiming.cancelled() => None,
        }
    }

    /// Remembers a time that was read. If the clock is set ahead and back between
    /// two checks, this is the only trace.
    pub(super) fn note_reading(&self, at: DateTime<Utc>) {
        self.latest.fetch_max(at.timestamp_micros(), Ordering::Relaxed);
    }

    /// Returns the step back since the last check, if there was one. Steps that
    /// follow one another add up until the jobs were rewound.
    pub(crate) fn check_clock(self: &Arc<Self>) -> Option<SetBack> {
        let now = Reading { wall: self.clock.now(), elapsed: self.clock.elapsed() };
        let latest = DateTime::from_timestamp_micros(self.latest.swap(i64::MIN, Ordering::Relaxed));
        let mut seen = lock(&self.watch.seen);
        let last = seen.last.replace(now)?;
        let is_over = |until: &Reading| until.wall <= now.wall || until.elapsed <= now.elapsed;
        let is_trouble_over = seen.trouble_until.take_if(|until| is_over(until)).is_some();
        let expected = last.expected(now.elapsed);
        let before = latest.map_or(expected, |latest| latest.max(expected));
        let step = before - now.wall;
        let is_step = step > STEERED;
        let (mut from, mut steps) = (before, (expected - now.wall).max(TimeDelta::zero()));
        if let Some(behind) = seen.behind.filter(|behind| behind.from > now.wall) {
            from = behind.from.max(before);
            steps = if is_step { behind.steps + steps } else { behind.steps };
        }
        let back = SetBack { from, to: now.wall, steps, retries: steps.max(step) };
        let is_dealt_with = is_step && back.is_long();
        seen.behind = (from - now.wall > STEERED && !is_dealt_with).then_some(Behind { from, steps });
        drop(seen);
        if is_trouble_over {
            self.problems.end(ProblemCode::ClockSetBack, None);
        }
        if now.wall - expected > DOUBTFUL {
            self.hold_retention();
        }
        if !is_step || back.from - back.to <= UNNOTICED {
            return None;
        }
        self.report_set_back(back);
        Some(back)
    }

    /// Reports that the clock was set back, just now or while no scheduler ran. If
    /// it is still to reach what it read before an earlier step, that counts.
    pub(crate) fn report_set_back(&self, back: SetBack) {
        let from = {
            let mut seen = lock(&self.watch.seen);
            let from = seen.trouble_until.map_or(back.from, |until| until.wall.max(back.from));
            let elapsed = self.clock.elapsed() + SHOWN;
            seen.trouble_until = Some(Reading { wall: from, elapsed });
            from
        };
        let values = [
            ("from", instant(from)),
            ("to", instant(back.to)),
            ("seconds", (from - back.to).num_seconds().into()),
            ("jobs", 0.into()),
        ];
        self.problems.begin(Problem::new(ProblemCode::ClockSetBack, back.to, None, values));
    }

    /// Reports that so many jobs were rewound.
    pub(crate) fn report_rewound(&self, jobs: usize) {
        if jobs > 0 {
            tracing::warn!(jobs, "rescheduled jobs to the right time after the clock was set back");
            self.problems.set_value(ProblemCode::ClockSetBack, None, "jobs", jobs.into());
        }
    }

    /// Lets open fires keep their remaining time.
    pub(crate) fn set_activities_back(&self, back: SetBack) {
        self.table.visit(|job| job.activity.set_back(back.from - back.to, back.retries, back.to));
    }

    /// Whether history may be dropped because of its age: not while the date may
    /// be wrong.
    pub(super) fn may_drop_by_age(&self) -> bool {
        let last = lock(&self.watch.seen).last;
        let is_doubtful = |last: Reading| self.clock.now() - last.expected(self.clock.elapsed()) > DOUBTFUL;
        self.retention_holds.load(Ordering::Acquire) == 0 && !last.is_some_and(is_doubtful)
    }

    /// Drops no history because of its age for an hour, since the date may be wrong.
    fn hold_retention(self: &Arc<Self>) {
        tracing::warn!(
            "the clock was set ahead by over a day; no history is dropped because of its age for an hour"
        );
        let hold = RetentionHold::new(self);
        let (over, stopping) = (self.clock.sleep(RETENTION_HOLD), self.claiming.clone());
        self.spawn("a pause of retention", async move {
            tokio::select! {
                () = over => {}
                () = stopping.cancelled() => {}
            }
            drop(hold);
        });
    }
}

/// Keeps history from being dropped because of its age. Its reference is weak, so
/// that it does not keep the engine alive.
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
