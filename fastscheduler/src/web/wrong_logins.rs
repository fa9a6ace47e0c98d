//! Slowing down whoever guesses tokens.

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};

use chrono::{DateTime, TimeDelta, Utc};

/// How many wrong logins there may be within the time below.
const MOST: usize = 10;

/// How long a wrong login counts.
const COUNTS_FOR: TimeDelta = TimeDelta::minutes(1);

/// When the last wrong logins were, whoever they came from.
#[derive(Default)]
pub(super) struct WrongLogins(Mutex<VecDeque<DateTime<Utc>>>);

impl WrongLogins {
    /// Counts one, and says whether it is one too many.
    pub(super) fn count(&self, now: DateTime<Utc>) -> bool {
        let mut times = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        // The clock may have been set back.
        times.retain(|at| (now - at).abs() < COUNTS_FOR);
        let is_too_many = times.len() >= MOST;
        if is_too_many {
            times.pop_front();
        }
        times.push_back(now);
        is_too_many
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ten_in_a_minute_are_not_too_many() {
        let start = DateTime::UNIX_EPOCH;
        let logins = WrongLogins::default();
        let count = |seconds: i64| logins.count(start + TimeDelta::seconds(seconds));
        for second in 0..10 {
            assert!(!count(second), "{second}");
        }
        assert!(count(10) && count(59));
        // The first two were pushed out by those two, and more are over.
        assert!(!count(63));
        // All that were before the clock was set back are forgotten.
        for _ in 0..10 {
            assert!(!count(-1000));
        }
        assert!(count(-1000));
    }
}
