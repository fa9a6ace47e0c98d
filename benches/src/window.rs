//! The seconds that are measured, and what is due in them.

use std::time::Duration;

use chrono::{DateTime, SubsecRound as _, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

/// How long bursts go on before the first that is measured.
const WARM_UP: TimeDelta = TimeDelta::seconds(2);

/// From the whole second to where a window of bursts begins and ends.
const HALF_WAY: TimeDelta = TimeDelta::milliseconds(500);

/// When in each second jobs are due.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Dues {
    /// Evenly spread over it.
    Spread,
    /// All at the whole second, as those of cron are.
    Burst,
}

/// Each job is due once in each second of a window.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Window {
    /// The first instant that belongs to it.
    pub begin: DateTime<Utc>,
    /// The first instant after it.
    pub end: DateTime<Utc>,
    dues: Dues,
}

impl Window {
    /// The first window that leaves nothing due before `earliest`.
    pub(crate) fn new(dues: Dues, earliest: DateTime<Utc>, length: Duration) -> Self {
        let begin = match dues {
            Dues::Spread => earliest,
            // In the middle between two bursts, so that it has the whole of each.
            Dues::Burst => earliest.trunc_subsecs(0) + TimeDelta::seconds(1) + WARM_UP - HALF_WAY,
        };
        Self { begin, end: begin + length, dues }
    }

    /// When the first job is due first: some bursts come before the window.
    pub(crate) fn first_due_at(self) -> DateTime<Utc> {
        match self.dues {
            Dues::Spread => self.begin,
            Dues::Burst => self.begin + HALF_WAY - WARM_UP,
        }
    }

    /// When each job is due first.
    pub(crate) fn first_dues(self, jobs: u32) -> impl Iterator<Item = DateTime<Utc>> {
        let spread_over = match self.dues {
            Dues::Spread => 1_000_000,
            Dues::Burst => 0,
        };
        (0..jobs).map(move |job| {
            let micros = i64::from(job) * spread_over / i64::from(jobs);
            self.first_due_at() + TimeDelta::microseconds(micros)
        })
    }

    /// How many of `count` fires, a second apart from `first` on, are in it.
    pub(crate) fn count(self, first: DateTime<Utc>, count: u64) -> u64 {
        let before = |instant: DateTime<Utc>| {
            let micros = (instant - first).num_microseconds().unwrap_or(i64::MAX);
            u64::try_from(micros).unwrap_or(0).div_ceil(1_000_000).min(count)
        };
        before(self.end) - before(self.begin)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LENGTH: Duration = Duration::from_secs(3);

    #[test]
    fn fires_before_the_beginning_and_at_the_end_are_outside() {
        let window = Window::new(Dues::Spread, DateTime::UNIX_EPOCH, LENGTH);
        // (milliseconds of the first after the beginning, fires, how many are inside)
        let cases = [
            (0, 1, 1),
            (0, 3, 3),
            (0, 4, 3),
            (999, 4, 3),
            (2_999, 2, 1),
            (3_000, 2, 0),
            (9_000, 1, 0),
            (-1, 1, 0),
            (-1, 2, 1),
            (-1_500, 9, 3),
            (-5_000, 5, 0),
            (-5_000, 6, 1),
        ];
        for (first, fires, inside) in cases {
            let first_at = window.begin + TimeDelta::milliseconds(first);
            assert_eq!(window.count(first_at, fires), inside, "{fires} fires from {first} ms on");
        }
    }

    #[test]
    fn jobs_are_spread_over_the_first_second() {
        let window = Window::new(Dues::Spread, DateTime::UNIX_EPOCH, LENGTH);
        let micros: Vec<i64> = window.first_dues(4).map(|due| due.timestamp_micros()).collect();
        assert_eq!(micros, [0, 250_000, 500_000, 750_000]);
    }

    #[test]
    fn a_window_of_bursts_has_whole_ones_after_some_that_are_not_measured() {
        // (milliseconds: nothing may be due before, the first bursts, the beginning)
        for (earliest, first, begin) in [(0, 1_000, 2_500), (1, 1_000, 2_500), (999, 1_000, 2_500)] {
            let window =
                Window::new(Dues::Burst, DateTime::UNIX_EPOCH + TimeDelta::milliseconds(earliest), LENGTH);
            assert_eq!(window.begin.timestamp_millis(), begin, "from {earliest} ms on");
            assert_eq!(window.end, window.begin + LENGTH);
            let firsts: Vec<i64> = window.first_dues(2).map(|due| due.timestamp_millis()).collect();
            assert_eq!(firsts, [first; 2], "from {earliest} ms on");
            assert_eq!(window.count(DateTime::UNIX_EPOCH + TimeDelta::milliseconds(first), 9), 3);
        }
    }
}
