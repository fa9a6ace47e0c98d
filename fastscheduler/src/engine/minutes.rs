//! What happened in each minute of the last day.
//!
//! It is counted as it is recorded, so that nobody need read the history for it: at
//! full load a thousand records are those of a moment. What the last processes recorded
//! is counted at the start.

use std::collections::BTreeMap;
use std::sync::Mutex;

use chrono::{DateTime, Utc};

use super::lock;
use crate::job::{Run, RunStatus, SkipReason, Skipped};
use crate::storage::Change;

/// So many minutes are known: a day.
pub(crate) const MINUTES: usize = 1_440;

/// The same, to count with.
const DAY: i64 = 1_440;

const REASONS: [SkipReason; 6] = [
    SkipReason::Overlap,
    SkipReason::Paused,
    SkipReason::CatchUp,
    SkipReason::Orphaned,
    SkipReason::Rescheduled,
    SkipReason::Cancelled,
];

/// What happened in one minute.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Minute {
    /// Attempts that completed.
    pub(crate) completed: u64,
    /// Attempts that failed.
    pub(crate) failed: u64,
    /// Fires that did not run, as [`REASONS`] orders them.
    missed: [u64; REASONS.len()],
}

impl Minute {
    /// Fires that did not run.
    pub(crate) fn missed(&self) -> u64 {
        self.missed.iter().sum()
    }
}

/// What happened in each minute of the last day.
#[derive(Debug)]
pub(super) struct Minutes(Mutex<Box<[(i64, Minute)]>>);

impl Default for Minutes {
    fn default() -> Self {
        Self(Mutex::new(vec![(i64::MIN, Minute::default()); MINUTES].into()))
    }
}

impl Minutes {
    /// Counts the records among changes that are stored.
    pub(super) fn count(&self, changes: &[Change], now: DateTime<Utc>) {
        self.count_runs(changes.iter().filter_map(recorded), now);
    }

    /// Counts records; those that are no part of the last day are passed over.
    pub(super) fn count_runs<'a>(&self, runs: impl Iterator<Item = &'a Run>, now: DateTime<Utc>) {
        let mut runs = runs.peekable();
        // Many changes record nothing.
        if runs.peek().is_none() {
            return;
        }
        let mut ring = Ring { minutes: &mut lock(&self.0), last: number(now) };
        runs.for_each(|run| ring.count(run));
    }

    /// The last so many minutes, the present one last.
    pub(super) fn last(&self, count: usize, now: DateTime<Utc>) -> Vec<Minute> {
        let minutes = lock(&self.0);
        let last = number(now);
        let numbers = (0..count.min(MINUTES)).rev().map(|before| last - i64::try_from(before).unwrap_or(0));
        let known = |wanted: i64| {
            let (number, minute) = minutes[place(wanted)];
            if number == wanted { minute } else { Minute::default() }
        };
        numbers.map(known).collect()
    }

    /// The fires that did not run in the last so many minutes, by reason.
    pub(super) fn missed(&self, count: usize, now: DateTime<Utc>) -> BTreeMap<SkipReason, u64> {
        let mut missed = BTreeMap::new();
        for minute in self.last(count, now) {
            for (reason, count) in REASONS.into_iter().zip(minute.missed).filter(|(_, count)| *count > 0) {
                *missed.entry(reason).or_default() += count;
            }
        }
        missed
    }
}

/// The beginning of the first of so many minutes, of which the present one is the last.
pub(crate) fn first_minute(count: usize, now: DateTime<Utc>) -> DateTime<Utc> {
    let before = i64::try_from(count.clamp(1, MINUTES) - 1).unwrap_or_default();
    DateTime::from_timestamp((number(now) - before) * 60, 0).unwrap_or(now)
}

/// The record that a change makes.
fn recorded(change: &Change) -> Option<&Run> {
    match change {
        Change::EndAttempt(ended) => Some(&ended.run),
        Change::Skip(skipped) => Some(&skipped.run),
        Change::AddJob(_)
        | Change::AddAgain { .. }
        | Change::ReviseJob(_)
        | Change::RequireJob(_)
        | Change::RemoveJob { .. }
        | Change::RemoveTombstone(_)
        | Change::OpenFire(_)
        | Change::Claim(_)
        | Change::TakeDeadLetter(_) => None,
    }
}

/// Which minute since 1970 it is.
fn number(at: DateTime<Utc>) -> i64 {
    at.timestamp().div_euclid(60)
}

fn place(number: i64) -> usize {
    usize::try_from(number.rem_euclid(DAY)).unwrap_or_default()
}

/// The minutes while they are counted in.
struct Ring<'a> {
    minutes: &'a mut [(i64, Minute)],
    /// The present one.
    last: i64,
}

impl Ring<'_> {
    fn count(&mut self, run: &Run) {
        if let Some(skipped) = &run.skipped {
            return self.spread(skipped);
        }
        let Some(minute) = run.finished_at.and_then(|at| self.minute(number(at))) else { return };
        match run.status {
            RunStatus::Completed => minute.completed += 1,
            RunStatus::Failed => minute.failed += 1,
            RunStatus::Running | RunStatus::Missed => {}
        }
    }

    /// Counts fires that did not run when they were due: evenly from the first to the
    /// last, since their schedule may be gone.
    fn spread(&mut self, skipped: &Skipped) {
        let reason = index(skipped.reason);
        let range = Range::of(skipped);
        let mut before = range.fires_before(self.oldest());
        // From minute to minute of those that have fires: mostly they are few in a
        // long time, and a start records such ranges for all jobs.
        while before < range.count {
            let number = range.minute_of(before);
            let until = range.fires_before(number + 1);
            match self.minute(number) {
                Some(minute) if until > before => minute.missed[reason] += until - before,
                _ => return,
            }
            before = until;
        }
    }

    fn oldest(&self) -> i64 {
        self.last - DAY + 1
    }

    /// A minute of the last day.
    fn minute(&mut self, number: i64) -> Option<&mut Minute> {
        if number < self.oldest() || number > self.last {
            return None;
        }
        let (known, minute) = &mut self.minutes[place(number)];
        // One of another day, even of one to come: the clock may have been ahead.
        if *known != number {
            (*known, *minute) = (number, Minute::default());
        }
        Some(minute)
    }
}

/// Fires that are spread evenly from the first to the last.
struct Range {
    /// In microseconds.
    first: i128,
    /// From the first to the last, in microseconds.
    length: i128,
    count: u64,
}

/// The microseconds of a minute.
const MINUTE: i128 = 60_000_000;

impl Range {
    fn of(skipped: &Skipped) -> Self {
        let first = i128::from(skipped.first.timestamp_micros());
        let last = i128::from(skipped.last.timestamp_micros());
        Self { first, length: (last - first).max(0), count: skipped.count }
    }

    /// How many fires are before a minute.
    fn fires_before(&self, number: i64) -> u64 {
        let passed = i128::from(number) * MINUTE - 1 - self.first;
        if passed < 0 || self.count == 0 {
            return 0;
        }
        if passed >= self.length {
            return self.count;
        }
        u64::try_from(passed * i128::from(self.count - 1) / self.length + 1).unwrap_or(self.count)
    }

    /// The minute of a fire, of which so many are before.
    fn minute_of(&self, before: u64) -> i64 {
        let intervals = i128::from(self.count.saturating_sub(1)).max(1);
        // Rounded up, as `fires_before` counts a fire only once its time has come.
        let passed = (i128::from(before) * self.length + intervals - 1) / intervals;
        i64::try_from((self.first + passed).div_euclid(MINUTE)).unwrap_or(i64::MAX)
    }
}

fn index(reason: SkipReason) -> usize {
    REASONS.iter().position(|known| *known == reason).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;

    use super::*;

    fn at(seconds: i64) -> DateTime<Utc> {
        DateTime::UNIX_EPOCH + TimeDelta::days(10_000) + TimeDelta::seconds(seconds)
    }

    fn skipped(first: i64, last: i64, count: u64) -> Skipped {
        Skipped::new(SkipReason::Paused, at(first), at(last), count)
    }

    fn missed(minutes: &Minutes, skipped: &Skipped, now: DateTime<Utc>) -> Vec<u64> {
        Ring { minutes: &mut lock(&minutes.0), last: number(now) }.spread(skipped);
        minutes.last(4, now).iter().map(Minute::missed).collect()
    }

    #[test]
    fn fires_that_did_not_run_are_counted_when_they_were_due() {
        // First, last and count of the fires, and what is in the minutes from 0 to 3.
        let cases = [
            (skipped(0, 0, 1), [1, 0, 0, 0]),
            (skipped(59, 59, 1), [1, 0, 0, 0]),
            (skipped(60, 60, 1), [0, 1, 0, 0]),
            (skipped(0, 180, 4), [1, 1, 1, 1]),
            (skipped(0, 239, 240), [60, 60, 60, 60]),
            (skipped(30, 89, 60), [30, 30, 0, 0]),
            (skipped(0, 120, 2), [1, 0, 1, 0]),
            (skipped(0, 180, 3), [1, 1, 0, 1]),
            (skipped(-60, 59, 120), [60, 0, 0, 0]),
            (skipped(0, 0, 0), [0, 0, 0, 0]),
            (skipped(60, 0, 1), [0, 1, 0, 0]),
            (skipped(300, 400, 10), [0, 0, 0, 0]),
            (skipped(-100_000 * 60, 180, 100_004), [1, 1, 1, 1]),
        ];
        for (skipped, expected) in cases {
            assert_eq!(missed(&Minutes::default(), &skipped, at(200)), expected, "{skipped:?}");
        }
    }

    #[test]
    fn every_fire_of_a_range_is_counted_once() {
        for count in [1, 2, 7, 59, 60, 61, 1_000, 86_400] {
            let minutes = Minutes::default();
            let range = skipped(17, 17 + 80_000, count);
            missed(&minutes, &range, at(80_100));
            assert_eq!(minutes.missed(MINUTES, at(80_100)).get(&SkipReason::Paused), Some(&count));
        }
    }

    #[test]
    fn a_minute_that_a_clock_ahead_has_filled_is_counted_anew() {
        let minutes = Minutes::default();
        let day = DAY * 60;
        missed(&minutes, &skipped(day, day, 5), at(day));
        assert_eq!(missed(&minutes, &skipped(0, 0, 1), at(0)), [0, 0, 0, 1]);
        assert!(minutes.missed(MINUTES, at(day)).is_empty());
    }
}
