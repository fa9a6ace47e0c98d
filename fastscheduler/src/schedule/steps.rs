//! How many fires fall into each of many steps of time.

use chrono::{DateTime, TimeDelta, Utc};

use super::Timetable;

/// Steps of one length, one after another; each has its first instant and not its last.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Steps {
    /// When the first one begins.
    pub(crate) from: DateTime<Utc>,
    /// How long each takes.
    pub(crate) length: TimeDelta,
    /// How many there are.
    pub(crate) count: usize,
}

impl Steps {
    /// The steps that a span of time touches, at whole multiples of their length since
    /// 1970.
    pub(crate) fn around(from: DateTime<Utc>, to: DateTime<Utc>, length: TimeDelta) -> Self {
        let micros = length.num_microseconds().unwrap_or(i64::MAX).max(1);
        let first = from.timestamp_micros().div_euclid(micros);
        let end = (to.timestamp_micros() - 1).div_euclid(micros) + 1;
        let from = DateTime::from_timestamp_micros(first * micros).unwrap_or(from);
        Self { from, length, count: usize::try_from(end - first).unwrap_or_default() }
    }

    /// When the last one ends.
    pub(crate) fn end(self) -> DateTime<Utc> {
        let length = self.length * i32::try_from(self.count).unwrap_or(i32::MAX);
        self.from.checked_add_signed(length).unwrap_or(DateTime::<Utc>::MAX_UTC)
    }

    /// The step that an instant is in, which is in one of them.
    pub(crate) fn place(self, at: DateTime<Utc>) -> usize {
        let length = self.length.num_microseconds().unwrap_or(i64::MAX).max(1);
        let since = (at - self.from).num_microseconds().unwrap_or_default();
        usize::try_from(since / length).unwrap_or_default()
    }
}

impl Timetable {
    /// From one fire to the next, if that is always as long.
    pub(crate) fn period(&self) -> Option<TimeDelta> {
        self.even_grid().map(|(_, interval)| TimeDelta::microseconds(interval))
    }

    /// Adds the fires later than `since` to the counts of the steps that they fall into, by
    /// arithmetic. Returns how much there was to add, or `None` if the fires do not come
    /// at even intervals, and are to be asked for one by one.
    pub(crate) fn add_to_steps(&self, steps: Steps, since: DateTime<Utc>, counts: &mut [u64]) -> Option<u64> {
        let (anchor, interval) = self.even_grid()?;
        let length = steps.length.num_microseconds()?;
        let (window_from, window_until) = self.edges();
        let begin = steps.from.timestamp_micros();
        let first = begin.max(since.timestamp_micros() + 1).max(window_from);
        let last = (steps.end().timestamp_micros() - 1).min(window_until);
        // The grid begins one interval after the anchor.
        let fires_until = |at: i64| ((at - anchor).div_euclid(interval)).max(0);
        let before = fires_until(first - 1);
        if first > last || fires_until(last) == before {
            return Some(1);
        }
        let mut work = 1;
        if interval >= length {
            let mut fire = anchor + (before + 1) * interval;
            while fire <= last {
                counts[usize::try_from((fire - begin) / length).ok()?] += 1;
                fire += interval;
                work += 1;
            }
            return Some(work);
        }
        let mut before = before;
        for step in (first - begin) / length..=(last - begin) / length {
            let until = fires_until((begin + (step + 1) * length - 1).min(last));
            counts[usize::try_from(step).ok()?] += (until - before).unsigned_abs();
            before = until;
            work += 1;
        }
        Some(work)
    }

    /// What all fires depend on that have the same calendar and zone, and nothing else
    /// besides: equal numbers stand for equal fires, as long as the schedules are kept.
    pub(crate) fn shared_calendar(&self) -> Option<usize> {
        self.whole_calendar().map(|times| std::ptr::from_ref(times).addr())
    }
}
