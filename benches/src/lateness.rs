//! The job function of both sides, and how late it was called.

use std::array;
use std::ops::Range;
use std::sync::atomic::{AtomicI64, AtomicU32, AtomicU64, Ordering};
use std::time::Duration;

use chrono::{DateTime, Utc};
use fastscheduler::{Clock as _, SystemClock};
use serde::{Deserialize, Serialize};

/// Buckets in each doubling, as a power of two: what is read is right to 3 %.
const FINENESS: u32 = 5;

const BUCKETS: usize = (33 - FINENESS as usize) << FINENESS;

/// One for this process, as each measures one side.
pub(crate) static LATENESS: Lateness = Lateness {
    calls: AtomicU64::new(0),
    counted_from: AtomicI64::new(i64::MIN),
    counted_until: AtomicI64::new(i64::MAX),
    buckets: [const { AtomicU64::new(0) }; BUCKETS],
    greatest: AtomicU32::new(0),
};

/// What is run, by either side.
pub(crate) async fn tick(scheduled_for: DateTime<Utc>) {
    LATENESS.record(scheduled_for, SystemClock.now());
}

/// Counts of runs by how many microseconds late they began.
#[derive(Debug)]
pub(crate) struct Lateness {
    calls: AtomicU64,
    counted_from: AtomicI64,
    counted_until: AtomicI64,
    buckets: [AtomicU64; BUCKETS],
    greatest: AtomicU32,
}

impl Lateness {
    /// Leaves out runs that are due before or after that.
    pub(crate) fn count_due_in(&self, window: Range<DateTime<Utc>>) {
        self.counted_from.store(window.start.timestamp_micros(), Ordering::Relaxed);
        self.counted_until.store(window.end.timestamp_micros(), Ordering::Relaxed);
    }

    /// Forgets what was counted so far.
    pub(crate) fn begin_anew(&self) {
        self.buckets.iter().for_each(|bucket| bucket.store(0, Ordering::Relaxed));
        self.greatest.store(0, Ordering::Relaxed);
    }

    /// All calls, whenever they were due, from the beginning.
    pub(crate) fn calls(&self) -> u64 {
        self.calls.load(Ordering::Relaxed)
    }

    fn record(&self, scheduled_for: DateTime<Utc>, now: DateTime<Utc>) {
        self.calls.fetch_add(1, Ordering::Relaxed);
        let due = scheduled_for.timestamp_micros();
        let counted = self.counted_from.load(Ordering::Relaxed)..self.counted_until.load(Ordering::Relaxed);
        if !counted.contains(&due) {
            return;
        }
        let late = (now.timestamp_micros() - due).clamp(0, u32::MAX.into());
        let late = u32::try_from(late).expect("it was clamped");
        self.buckets[bucket(late)].fetch_add(1, Ordering::Relaxed);
        // Usually not greater: reading is cheaper where several threads do it.
        if late > self.greatest.load(Ordering::Relaxed) {
            self.greatest.fetch_max(late, Ordering::Relaxed);
        }
    }

    /// What was counted so far.
    pub(crate) fn read(&self) -> Counts {
        Counts {
            buckets: array::from_fn(|bucket| self.buckets[bucket].load(Ordering::Relaxed)),
            greatest: self.greatest.load(Ordering::Relaxed),
        }
    }
}

/// A copy that stands still.
#[derive(Debug)]
pub(crate) struct Counts {
    buckets: [u64; BUCKETS],
    greatest: u32,
}

impl Counts {
    /// Runs.
    pub(crate) fn total(&self) -> u64 {
        self.buckets.iter().sum()
    }

    /// The lateness that this many percent of the runs did not exceed.
    pub(crate) fn percentile(&self, percent: u64) -> Duration {
        let rank = (self.total() * percent).div_ceil(100).max(1);
        let mut passed = 0;
        let is_passed = |count: &u64| {
            passed += count;
            passed >= rank
        };
        let upper = self.buckets.iter().position(is_passed).map_or(0, |bucket| lower_edge(bucket + 1) - 1);
        Duration::from_micros(upper.min(self.greatest.into()))
    }

    /// The greatest lateness.
    pub(crate) fn greatest(&self) -> Duration {
        Duration::from_micros(self.greatest.into())
    }
}

/// How late runs were.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub(crate) struct Late {
    pub p50: Duration,
    pub p99: Duration,
    pub max: Duration,
}

impl From<Counts> for Late {
    fn from(counts: Counts) -> Self {
        Self { p50: counts.percentile(50), p99: counts.percentile(99), max: counts.greatest() }
    }
}

/// One bucket a microsecond at first, then equally many in each doubling.
fn bucket(micros: u32) -> usize {
    let doublings = (micros >> FINENESS).checked_ilog2().map_or(0, |log| log + 1);
    let step = micros >> doublings.saturating_sub(1);
    let within = step & ((1 << FINENESS) - 1);
    ((doublings << FINENESS) + within) as usize
}

fn lower_edge(bucket: usize) -> u64 {
    let (doublings, within) = (bucket >> FINENESS, bucket as u64 & ((1 << FINENESS) - 1));
    match doublings {
        0 => within,
        _ => ((1 << FINENESS) + within) << (doublings - 1),
    }
}

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;

    use super::*;

    #[test]
    fn each_bucket_begins_where_the_one_before_ends() {
        for place in 0..BUCKETS {
            let edge = u32::try_from(lower_edge(place)).unwrap();
            assert_eq!(bucket(edge), place, "{edge}");
            assert_eq!(bucket(edge.saturating_sub(1)), place.saturating_sub(1), "before {edge}");
        }
        assert_eq!(bucket(u32::MAX), BUCKETS - 1);
        assert_eq!(lower_edge(BUCKETS), 1 << 32);
    }

    #[test]
    fn percentiles_are_exact_to_a_bucket() {
        let lateness = Lateness {
            calls: AtomicU64::new(0),
            counted_from: AtomicI64::new(0),
            counted_until: AtomicI64::new(0),
            buckets: [const { AtomicU64::new(0) }; BUCKETS],
            greatest: AtomicU32::new(0),
        };
        let due = DateTime::UNIX_EPOCH;
        lateness.count_due_in(due..due + TimeDelta::microseconds(10));
        for micros in 1..=1_000 {
            lateness.record(due, due + TimeDelta::microseconds(micros));
        }
        lateness.record(due - TimeDelta::microseconds(1), due + TimeDelta::seconds(9));
        lateness.record(due + TimeDelta::microseconds(10), due + TimeDelta::seconds(9));
        let counts = lateness.read();
        assert_eq!(counts.total(), 1_000, "what is due before, or at the end, is not counted");
        for (percent, from, to) in [(1, 10, 10), (50, 500, 515), (99, 990, 1_000), (100, 1_000, 1_000)] {
            let micros = counts.percentile(percent).as_micros();
            assert!((from..=to).contains(&micros), "{percent} %: {micros}");
        }
        assert_eq!(counts.greatest(), Duration::from_millis(1));
        assert_eq!(lateness.calls(), 1_002);

        lateness.begin_anew();
        assert_eq!(lateness.read().total(), 0);
        assert_eq!(lateness.read().greatest(), Duration::ZERO);
    }
}
