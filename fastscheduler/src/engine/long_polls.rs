//! How much of their time functions keep pullers to themselves.

use std::sync::Mutex;

use chrono::{DateTime, TimeDelta, Utc};

use super::lock;

/// A function that is polled for so long keeps others waiting.
pub(super) const LONG: TimeDelta = TimeDelta::microseconds(200);

/// Long polls that take up less than this part of the time are no matter: one
/// is long now and then only because the machine had something else to do.
const FREE_PART: i32 = 50;

/// The long polls that matter, and the most that is remembered: the difference
/// is forgotten in a second.
const MATTERS: TimeDelta = TimeDelta::milliseconds(5);
const MOST: TimeDelta = TimeDelta::milliseconds(25);

/// The time that long polls took of late, less what is free.
#[derive(Debug, Default)]
pub(super) struct LongPolls(Mutex<Debt>);

#[derive(Debug, Default)]
struct Debt {
    time: TimeDelta,
    at: DateTime<Utc>,
}

impl LongPolls {
    /// A poll ended at `now`.
    pub(super) fn record(&self, took: TimeDelta, now: DateTime<Utc>) {
        if took > LONG {
            let mut debt = lock(&self.0);
            *debt = Debt { time: (debt.left(now) + took).min(MOST), at: now };
        }
    }

    /// Whether functions are likely to keep others waiting.
    pub(super) fn are_frequent(&self, now: DateTime<Utc>) -> bool {
        lock(&self.0).left(now) >= MATTERS
    }
}

impl Debt {
    fn left(&self, now: DateTime<Utc>) -> TimeDelta {
        // The clock may have been set back since.
        let since = (now - self.at).max(TimeDelta::zero());
        (self.time - since / FREE_PART).max(TimeDelta::zero())
    }
}
