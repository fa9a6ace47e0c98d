//! Many lengths of time, by how long they are.

use std::time::Duration;

use chrono::TimeDelta;

/// The upper bounds of what is counted together, in microseconds.
const BOUNDS: [i64; 18] = [
    500,
    1_000,
    2_500,
    5_000,
    10_000,
    25_000,
    50_000,
    100_000,
    250_000,
    500_000,
    1_000_000,
    2_500_000,
    5_000_000,
    10_000_000,
    30_000_000,
    60_000_000,
    300_000_000,
    3_600_000_000,
];

/// Many lengths of time, counted by bounds from half a millisecond to an hour.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Durations {
    counts: [u64; BOUNDS.len() + 1],
    sum_in_micros: u64,
}

impl Durations {
    pub(super) fn add(&mut self, length: TimeDelta) {
        // The clock may have been set back meanwhile.
        let micros = length.num_microseconds().unwrap_or(i64::MAX).max(0);
        // Most are short.
        let index = BOUNDS.iter().position(|bound| micros <= *bound).unwrap_or(BOUNDS.len());
        self.counts[index] += 1;
        self.sum_in_micros = self.sum_in_micros.saturating_add(micros.unsigned_abs());
    }

    /// How many they are.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.counts.iter().sum()
    }

    /// All of them together.
    #[must_use]
    pub fn sum(&self) -> Duration {
        Duration::from_micros(self.sum_in_micros)
    }

    /// The least bound that so many of a thousand do not exceed, such as 500 for the median
    /// and 990; [`Duration::MAX`] if that is beyond all bounds, and `None` if there are
    /// none.
    #[must_use]
    pub fn quantile(&self, of_a_thousand: u16) -> Option<Duration> {
        let wanted = (self.count() * u64::from(of_a_thousand)).div_ceil(1_000).max(1);
        let mut seen = 0;
        self.counts().find_map(|(bound, count)| {
            seen += count;
            (seen >= wanted).then_some(bound)
        })
    }

    /// How many are longer than the bound before and no longer than this one.
    /// Those of the last, [`Duration::MAX`], are longer than all other bounds.
    pub fn counts(&self) -> impl Iterator<Item = (Duration, u64)> {
        let bounds = BOUNDS.iter().map(|bound| Duration::from_micros(bound.unsigned_abs()));
        bounds.chain([Duration::MAX]).zip(self.counts)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_length_is_counted_once_with_its_bound() {
        let mut lengths = Durations::default();
        for micros in [-5, 0, 500, 501, 3_600_000_000, 3_600_000_001] {
            lengths.add(TimeDelta::microseconds(micros));
        }
        let counts: Vec<u64> = lengths.counts().map(|(_, count)| count).collect();
        assert_eq!((counts[0], counts[1], counts[17], counts[18]), (3, 1, 1, 1));
        let quantile = |of_a_thousand| lengths.quantile(of_a_thousand);
        assert_eq!(quantile(500), Some(Duration::from_micros(500)));
        assert_eq!(quantile(501), Some(Duration::from_millis(1)));
        assert_eq!((quantile(833), quantile(990)), (Some(Duration::from_hours(1)), Some(Duration::MAX)));
        assert_eq!(Durations::default().quantile(500), None);
        assert_eq!((lengths.count(), lengths.sum()), (6, Duration::from_micros(7_200_001_002)));
    }
}
