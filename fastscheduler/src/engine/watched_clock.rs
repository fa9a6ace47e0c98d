//! The clock, and what it read: notices that it was set.

use std::ops::Deref;
use std::sync::atomic::{AtomicI64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use tokio::sync::MutexGuard;

use super::lock;
use super::standing::HeldBack;
use crate::clock::Clock;

/// A step back of at most this is ignored: time synchronisation makes such steps.
pub(super) const UNNOTICED: TimeDelta = TimeDelta::seconds(5);

/// What a check may find without a step: clocks are steered.
const STEERED: TimeDelta = TimeDelta::seconds(1);

/// After a step back of more than this, jobs do not wait until the old time is
/// reached again.
const LONGEST_WAIT: TimeDelta = TimeDelta::minutes(1);

/// After a step ahead of more than this, the date may be wrong.
const DOUBTFUL: TimeDelta = TimeDelta::days(1);

/// The longest that a step back is shown as a problem.
const SHOWN: Duration = Duration::from_hours(1);

/// How long after a jump ahead a fire may be late for that.
const JUMP_SHOWN: Duration = Duration::from_mins(1);

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

/// What a check of the clock found.
#[derive(Debug, Clone, Copy)]
pub(super) struct Found {
    /// The step back since the last check, if it matters to anybody.
    pub(super) back: Option<SetBack>,
    /// Whether an earlier step back is no longer a problem.
    pub(super) is_problem_over: bool,
    /// Whether the clock was set so far ahead that its date may be wrong.
    pub(super) is_doubtful: bool,
}

/// A clock, and what it read when it was last checked. It is the clock otherwise.
#[derive(Debug)]
pub(crate) struct WatchedClock {
    clock: Arc<dyn Clock>,
    /// Held during a check, and until jobs have been rewound for it.
    checking: tokio::sync::Mutex<()>,
    seen: Mutex<Seen>,
    /// The latest time that was read, in microseconds since 1970.
    latest: AtomicI64,
    /// How many recent clock steps keep history from being dropped by its age.
    retention_holds: Arc<AtomicUsize>,
}

impl Deref for WatchedClock {
    type Target = Arc<dyn Clock>;

    fn deref(&self) -> &Self::Target {
        &self.clock
    }
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
    /// The last short step back, for which no job was rewound.
    held_back: Option<HeldBack>,
    /// The last step ahead.
    jump: Option<Jump>,
}

/// A step ahead, with those that came less than a minute before it.
#[derive(Debug, Clone, Copy)]
struct Jump {
    by: TimeDelta,
    /// When it was noticed, in time that passes.
    at: Duration,
}

impl Jump {
    fn is_recent(self, elapsed: Duration) -> bool {
        elapsed.saturating_sub(self.at) < JUMP_SHOWN
    }
}

#[derive(Debug, Clone, Copy)]
struct Reading {
    wall: DateTime<Utc>,
    elapsed: Duration,
}

impl Seen {
    /// By how much the clock was set ahead, as checks found within a minute.
    fn jumped_by(&self, elapsed: Duration) -> Option<TimeDelta> {
        self.jump.filter(|jump| jump.is_recent(elapsed)).map(|jump| jump.by)
    }
}

impl Reading {
    /// What the wall clock should read later, if nobody sets it.
    fn expected(self, elapsed: Duration) -> DateTime<Utc> {
        let passed = TimeDelta::from_std(elapsed.saturating_sub(self.elapsed)).unwrap_or_default();
        self.wall.checked_add_signed(passed).unwrap_or(self.wall)
    }
}

/// Keeps history from being dropped because of its age, until it is dropped.
pub(super) struct RetentionHold(Arc<AtomicUsize>);

impl Drop for RetentionHold {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::AcqRel);
    }
}

impl WatchedClock {
    pub(super) fn new(clock: Arc<dyn Clock>) -> Self {
        Self {
            clock,
            checking: tokio::sync::Mutex::default(),
            seen: Mutex::default(),
            latest: AtomicI64::new(i64::MIN),
            retention_holds: Arc::default(),
        }
    }

    /// Keeps others from checking the clock while the guard is held.
    pub(super) async fn lock_check(&self) -> MutexGuard<'_, ()> {
        self.checking.lock().await
    }

    /// Remembers a time that was read. If the clock is set ahead and back between
    /// two checks, this is the only trace.
    pub(super) fn note_reading(&self, at: DateTime<Utc>) {
        self.latest.fetch_max(at.timestamp_micros(), Ordering::Relaxed);
    }

    /// Looks for a step back since the last check. Steps that follow one another
    /// add up until the jobs were rewound. The first check finds nothing.
    pub(super) fn check(&self) -> Option<Found> {
        let now = Reading { wall: self.clock.now(), elapsed: self.clock.elapsed() };
        let latest = DateTime::from_timestamp_micros(self.latest.swap(i64::MIN, Ordering::Relaxed));
        let mut seen = lock(&self.seen);
        let last = seen.last.replace(now)?;
        let is_over = |until: &Reading| until.wall <= now.wall || until.elapsed <= now.elapsed;
        let is_problem_over = seen.trouble_until.take_if(|until| is_over(until)).is_some();
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
        let is_noticed = is_step && back.from - back.to > UNNOTICED;
        if is_step {
            let by = steps.max(step);
            let held = HeldBack { by, until: from.checked_add_signed(by).unwrap_or(from) };
            seen.held_back = (is_noticed && !back.is_long()).then_some(held);
        }
        let ahead = now.wall - expected;
        if ahead > STEERED {
            let by = ahead + seen.jumped_by(now.elapsed).unwrap_or_default();
            seen.jump = Some(Jump { by, at: now.elapsed });
        }
        let is_doubtful = ahead > DOUBTFUL;
        Some(Found { back: is_noticed.then_some(back), is_problem_over, is_doubtful })
    }

    /// By how much fires wait since the clock was set back, while any do.
    pub(super) fn held_back(&self) -> Option<HeldBack> {
        let now = self.clock.now();
        lock(&self.seen).held_back.filter(|held| now < held.until)
    }

    /// By how much the clock has jumped ahead, just now and within a minute, if it has.
    pub(super) fn jumped_by(&self) -> Option<TimeDelta> {
        let (now, elapsed) = (self.clock.now(), self.clock.elapsed());
        let seen = lock(&self.seen);
        let unchecked = seen.last.map(|last| now - last.expected(elapsed)).filter(|by| *by > STEERED);
        let checked = seen.jumped_by(elapsed);
        unchecked.map(|by| by + checked.unwrap_or_default()).or(checked)
    }

    /// Remembers a step back until the old time is reached again, and returns
    /// that: if the clock is still to reach what it read before an earlier step,
    /// that counts.
    pub(super) fn note_set_back(&self, back: SetBack) -> DateTime<Utc> {
        let mut seen = lock(&self.seen);
        let from = seen.trouble_until.map_or(back.from, |until| until.wall.max(back.from));
        let elapsed = self.clock.elapsed() + SHOWN;
        seen.trouble_until = Some(Reading { wall: from, elapsed });
        from
    }

    /// Whether history may be dropped because of its age: not while the date may
    /// be wrong.
    pub(super) fn may_drop_by_age(&self) -> bool {
        let last = lock(&self.seen).last;
        let is_doubtful = |last: Reading| self.clock.now() - last.expected(self.clock.elapsed()) > DOUBTFUL;
        self.retention_holds.load(Ordering::Acquire) == 0 && !last.is_some_and(is_doubtful)
    }

    pub(super) fn hold_retention(&self) -> RetentionHold {
        self.retention_holds.fetch_add(1, Ordering::AcqRel);
        RetentionHold(Arc::clone(&self.retention_holds))
    }
}
