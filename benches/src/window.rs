//! The seconds that are measured, and what is due in them.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};

/// Each job is due once in each second of a window.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Window {
    /// The first instant that belongs to it.
    pub begin: DateTime<Utc>,
    /// The first instant after it.
    pub end: DateTime<Utc>,
}

impl Window {
    pub(crate) fn new(begin: DateTime<Utc>, length: Duration) -> Self {
        Self { begin, end: begin + length }
    }

    /// When each job is due first: evenly spread over the first second.
    pub(crate) fn first_dues(self, jobs: u32) -> impl Iterator<Item = DateTime<Utc>> {
        (0..jobs).map(move |job| {
            let micros = i64::from(job) * 1_000_000 / i64::from(jobs);
            self.begin + TimeDelta::microseconds(micros)
        })
    }

    /// How many of `count` fires, a second apart from `first` on, are in it.
    pub(crate) fn count(self, first: DateTime<Utc>, count: u64) -> u64 {
        let micros = (self.end - first).num_microseconds().unwrap_or(i64::MAX);
        u64::try_from(micros).unwrap_or(0).div_ceil(1_000_000).min(count)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fires_at_the_end_are_outside() {
        let window = Window::new(DateTime::UNIX_EPOCH, Duration::from_secs(3));
        // (milliseconds of the first after the beginning, fires, how many are inside)
        let cases =
            [(0, 1, 1), (0, 3, 3), (0, 4, 3), (999, 4, 3), (2_999, 2, 1), (3_000, 2, 0), (9_000, 1, 0)];
        for (first, fires, inside) in cases {
            let first_at = window.begin + TimeDelta::milliseconds(first);
            assert_eq!(window.count(first_at, fires), inside, "{fires} fires from {first} ms on");
        }
    }

    #[test]
    fn jobs_are_spread_over_the_first_second() {
        let window = Window::new(DateTime::UNIX_EPOCH, Duration::from_secs(3));
        let micros: Vec<i64> = window.first_dues(4).map(|due| due.timestamp_micros()).collect();
        assert_eq!(micros, [0, 250_000, 500_000, 750_000]);
    }
}
