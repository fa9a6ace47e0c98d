//! Looking back over fires that are due already.

use chrono::{DateTime, TimeDelta, Utc};

use super::compiled::Rule;
use super::spec::whole_micros;
use super::{Schedule, Timetable};

/// The fires of a schedule in a span of time, counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FireRange {
    /// The first fire.
    pub first: DateTime<Utc>,
    /// The last fire.
    pub last: DateTime<Utc>,
    /// How many there are, or the cap if there are more.
    pub count: u64,
    /// Whether `count` is the whole number.
    pub exact: bool,
}

impl Schedule {
    /// The last fire at or before `instant` that is later than `since`.
    ///
    /// A schedule that counts from whatever it is asked about counts from `since`.
    ///
    /// # Examples
    ///
    /// ```
    /// let schedule = fastscheduler::schedule::daily().at("09:00").tz("UTC").schedule()?;
    /// let since = "2026-01-01T00:00:00Z".parse()?;
    /// let last = schedule.latest_at_or_before("2026-03-01T08:00:00Z".parse()?, since);
    /// assert_eq!(last.unwrap().to_rfc3339(), "2026-02-28T09:00:00+00:00");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn latest_at_or_before(&self, instant: DateTime<Utc>, since: DateTime<Utc>) -> Option<DateTime<Utc>> {
        self.compiled.timetable.latest_at_or_before(instant, since)
    }

    /// The fires later than `after` and not later than `until`, or `None` if
    /// there is none.
    ///
    /// Intervals are counted by arithmetic, however many there are. Other
    /// fires are counted one by one up to `cap`; where there are more, `last`
    /// is still right, and `exact` is false.
    ///
    /// # Examples
    ///
    /// ```
    /// use fastscheduler::schedule::every;
    ///
    /// let created_at = "2026-01-01T00:00:00Z".parse()?;
    /// let schedule = every(1).seconds().starting_at(created_at).schedule()?;
    /// let missed = schedule.count_between(created_at, "2027-01-01T00:00:00Z".parse()?, 10).unwrap();
    /// assert_eq!((missed.count, missed.exact), (31_536_000, true));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn count_between(&self, after: DateTime<Utc>, until: DateTime<Utc>, cap: u64) -> Option<FireRange> {
        self.compiled.timetable.count_between(after, until, cap)
    }
}

impl Timetable {
    /// As [`Schedule::latest_at_or_before`].
    pub(crate) fn latest_at_or_before(
        &self,
        instant: DateTime<Utc>,
        since: DateTime<Utc>,
    ) -> Option<DateTime<Utc>> {
        let due = |after| self.next_after(after).filter(|fire| *fire <= instant);
        let first = due(since)?;
        if self.rule().is_unplaced_once() {
            return Some(first);
        }
        let instant = self.last_instant().map_or(instant, |last| last.min(instant));
        if let Some((anchor, interval)) = self.grid(since) {
            // What is left over fits where the difference may not: it is below the interval.
            let since_anchor = i128::from(instant.timestamp_micros()) - i128::from(anchor);
            let left_over = i64::try_from(since_anchor % i128::from(interval)).ok()?;
            let mut last = DateTime::from_timestamp_micros(instant.timestamp_micros() - left_over)?;
            // The first fire is not left out, so this ends there.
            while let Some((from, _)) = self.left_out_at(last) {
                let steps = (last - from).num_microseconds()? / interval + 1;
                last -= TimeDelta::microseconds(steps * interval);
            }
            return Some(last);
        }
        // The next fire after an instant never moves back as the instant goes
        // on, so that the last one is found by halving: back from the end in
        // growing steps, then between the last two.
        let mut latest = first;
        let mut too_late = instant;
        let mut step = TimeDelta::seconds(1);
        while let Some(earlier) = instant.checked_sub_signed(step).filter(|earlier| *earlier > latest) {
            if let Some(fire) = due(earlier) {
                latest = fire;
                break;
            }
            too_late = earlier;
            step = step * 2;
        }
        while too_late - latest > TimeDelta::microseconds(1) {
            let middle = whole_micros(latest + (too_late - latest) / 2);
            match due(middle) {
                Some(fire) => latest = fire,
                None => too_late = middle,
            }
        }
        Some(latest)
    }

    /// As [`Schedule::count_between`].
    pub(crate) fn count_between(
        &self,
        after: DateTime<Utc>,
        until: DateTime<Utc>,
        cap: u64,
    ) -> Option<FireRange> {
        let first = self.next_after(after).filter(|fire| *fire <= until)?;
        if let Some((_, interval)) = self.grid(after) {
            let last = self.latest_at_or_before(until, after)?;
            let steps = last.timestamp_micros().abs_diff(first.timestamp_micros()) / interval.unsigned_abs();
            let micros = |at: DateTime<Utc>| at.timestamp_micros() - first.timestamp_micros();
            // Fires of the grid from the first one on, up to that many microseconds after it.
            let fires_until = |until: i64| if until < 0 { 0 } else { until / interval + 1 };
            let left_out = self.left_out().filter(|(from, until)| *from <= last && *until >= first);
            let left_out = left_out.map(|(from, until)| {
                fires_until(micros(until.min(last))) - fires_until(micros(from.max(first)) - 1)
            });
            let count = steps + 1 - left_out.sum::<i64>().unsigned_abs();
            return Some(FireRange { first, last, count, exact: true });
        }
        let mut range = FireRange { first, last: first, count: 1, exact: true };
        let rest = self.upcoming(after).skip(1).take_while(|fire| *fire <= until);
        for fire in rest {
            if range.count >= cap {
                let last = self.latest_at_or_before(until, range.last).unwrap_or(fire);
                return Some(FireRange { last, exact: false, ..range });
            }
            range.last = fire;
            range.count += 1;
        }
        Some(range)
    }

    /// Anchor and interval of a schedule of elapsed time, in microseconds.
    fn grid(&self, asked_about: DateTime<Utc>) -> Option<(i64, i64)> {
        match self.rule() {
            Rule::Grid { interval, anchor } => Some((*anchor, *interval)),
            Rule::Interval(interval) => Some((asked_about.timestamp_micros(), *interval)),
            Rule::Calendar(_) | Rule::Delay(_) | Rule::Instants(..) => None,
        }
    }
}
