//! What changes of the clocks do to a schedule.

use std::fmt;

use chrono::{DateTime, NaiveDate, NaiveTime, Offset as _, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

use super::{Fold, Gap, Schedule, ScheduleDefinition, Zone};

/// No change leaves out or repeats more than this and still has fires.
const AROUND: TimeDelta = TimeDelta::hours(3);

/// Fires about one change that are looked at, so that one each second takes no
/// longer than one each minute.
const FIRES: usize = 500;

/// A change of the clocks that leaves out or repeats a time of a schedule, and what
/// becomes of that time. It displays as a sentence.
///
/// See [`Schedule::clock_changes`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct ClockChange {
    /// The instant of the change.
    pub at: DateTime<Utc>,
    /// The zone whose clocks change.
    pub zone: Zone,
    /// The local date of the change.
    pub on: NaiveDate,
    /// What local clocks would show at the instant without the change.
    pub from: NaiveTime,
    /// What they show instead.
    pub to: NaiveTime,
    /// What becomes of the times in between.
    pub effect: ClockChangeEffect,
}

/// What becomes of times that a change of the clocks leaves out or repeats.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ClockChangeEffect {
    /// They are left out, and run at the first instant after the gap.
    Next,
    /// They are left out, and do not run.
    Skip,
    /// They are left out, and run later by the length of the gap.
    Shift,
    /// They are repeated, and run the first time.
    First,
    /// They are repeated, and run the second time.
    Second,
    /// They are repeated, and run both times.
    Both,
}

impl ClockChangeEffect {
    /// Whether clocks go forward, so that times are left out; otherwise they are
    /// repeated.
    #[must_use]
    pub const fn is_of_gap(self) -> bool {
        match self {
            Self::Next | Self::Skip | Self::Shift => true,
            Self::First | Self::Second | Self::Both => false,
        }
    }
}

impl ClockChange {
    /// How far local clocks are set, forward or back.
    #[must_use]
    pub fn step(&self) -> TimeDelta {
        let step = east(self.zone, self.at) - east(self.zone, self.at - TimeDelta::seconds(1));
        TimeDelta::seconds(i64::from(step))
    }

    /// What a change at this instant does to a schedule; `None` if nothing.
    fn of(schedule: &Schedule, at: DateTime<Utc>, since: DateTime<Utc>) -> Option<Self> {
        let zone = schedule.zone();
        let around = |change: fn(&mut ScheduleDefinition)| fires(schedule, change, at, since);
        let is = around(|_| {});
        let last = at - TimeDelta::seconds(1);
        let effect = if east(zone, at) > east(zone, last) {
            let [next, skip, shift] = [
                around(|definition| definition.gap = Some(Gap::Next)),
                around(|definition| definition.gap = Some(Gap::Skip)),
                around(|definition| definition.gap = Some(Gap::Shift)),
            ];
            // Where all are the same, no time is left out.
            match () {
                () if skip == next && skip == shift => return None,
                () if is == skip => ClockChangeEffect::Skip,
                () if is == next => ClockChangeEffect::Next,
                () => ClockChangeEffect::Shift,
            }
        } else {
            let [first, second, both] = [
                around(|definition| definition.fold = Some(Fold::First)),
                around(|definition| definition.fold = Some(Fold::Second)),
                around(|definition| definition.fold = Some(Fold::Both)),
            ];
            match () {
                () if both == first && both == second => return None,
                () if is == both => ClockChangeEffect::Both,
                () if is == first => ClockChangeEffect::First,
                () => ClockChangeEffect::Second,
            }
        };
        let to = zone.local(at).naive_local();
        let from = zone.local(last).naive_local() + TimeDelta::seconds(1);
        Some(Self { at, zone, on: to.date(), from: from.time(), to: to.time(), effect })
    }
}

impl fmt::Display for ClockChange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { zone, on, effect, .. } = self;
        let (from, to) = (self.from.format("%H:%M"), self.to.format("%H:%M"));
        let direction = if effect.is_of_gap() { "forward" } else { "back" };
        write!(f, "On {on} clocks in {zone} go {direction} from {from} to {to}: times in between ")?;
        match effect {
            ClockChangeEffect::Next => write!(f, "run at {to} instead."),
            ClockChangeEffect::Skip => write!(f, "are skipped."),
            ClockChangeEffect::Shift => write!(f, "run {} later.", how_long(self.step())),
            ClockChangeEffect::First => write!(f, "run the first time."),
            ClockChangeEffect::Second => write!(f, "run the second time."),
            ClockChangeEffect::Both => write!(f, "run both times."),
        }
    }
}

impl Schedule {
    /// The changes of the clocks between two instants that leave out or repeat a time
    /// of the schedule, in order, and what becomes of that time.
    ///
    /// # Examples
    ///
    /// ```
    /// use fastscheduler::schedule::{ClockChangeEffect, daily};
    ///
    /// let schedule = daily().at("02:30").tz("Europe/Berlin").schedule()?;
    /// let (since, until) = ("2027-01-01T00:00:00Z".parse()?, "2027-07-01T00:00:00Z".parse()?);
    /// let changes = schedule.clock_changes(since, until);
    /// assert_eq!(changes.len(), 1);
    /// assert_eq!(changes[0].on.to_string(), "2027-03-28");
    /// assert_eq!(changes[0].effect, ClockChangeEffect::Next);
    /// assert!(changes[0].to_string().ends_with("times in between run at 03:00 instead."));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn clock_changes(&self, since: DateTime<Utc>, until: DateTime<Utc>) -> Vec<ClockChange> {
        let changes = changes(self.zone(), since, until).into_iter();
        changes.filter_map(|at| ClockChange::of(self, at, since)).collect()
    }
}

/// The instants at which the offset of a zone changes.
fn changes(zone: Zone, from: DateTime<Utc>, until: DateTime<Utc>) -> Vec<DateTime<Utc>> {
    let mut changes = Vec::new();
    let mut before = from;
    while before < until {
        let after = until.min(before + TimeDelta::days(1));
        if east(zone, before) != east(zone, after) {
            changes.push(first_with_offset_of(zone, before, after));
        }
        before = after;
    }
    changes
}

/// The first whole second at which the offset is that of `after`.
fn first_with_offset_of(zone: Zone, before: DateTime<Utc>, after: DateTime<Utc>) -> DateTime<Utc> {
    let (mut before, mut after) = (before.timestamp(), after.timestamp());
    let instant = |seconds| DateTime::from_timestamp(seconds, 0).unwrap_or(DateTime::<Utc>::MAX_UTC);
    let new = east(zone, instant(after));
    while after - before > 1 {
        let middle = before + (after - before) / 2;
        if east(zone, instant(middle)) == new {
            after = middle;
        } else {
            before = middle;
        }
    }
    instant(after)
}

/// Seconds that local time is ahead of UTC.
fn east(zone: Zone, at: DateTime<Utc>) -> i32 {
    zone.local(at).offset().fix().local_minus_utc()
}

fn how_long(step: TimeDelta) -> String {
    match (step.num_hours(), step.num_minutes() % 60) {
        (1, 0) => "1 hour".to_owned(),
        (hours, 0) => format!("{hours} hours"),
        (0, minutes) => format!("{minutes} minutes"),
        (hours, minutes) => format!("{hours} h {minutes} min"),
    }
}

/// The fires about an instant, of the schedule with something changed.
fn fires(
    schedule: &Schedule,
    change: fn(&mut ScheduleDefinition),
    at: DateTime<Utc>,
    since: DateTime<Utc>,
) -> Vec<DateTime<Utc>> {
    let mut definition = schedule.definition().clone();
    change(&mut definition);
    let Ok(schedule) = definition.compile(schedule.zone().tz()) else { return Vec::new() };
    let upcoming = schedule.upcoming((at - AROUND).max(since));
    upcoming.take_while(|fire| *fire < at + AROUND).take(FIRES).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schedule::{daily, every, hourly};

    #[test]
    fn changes_say_what_becomes_of_times_that_are_left_out_or_repeated() {
        use ClockChangeEffect::{Both, First, Next, Second, Shift, Skip};
        let now: DateTime<Utc> = "2026-03-01T00:00:00Z".parse().unwrap();
        let paris = "Europe/Paris";
        let forward = "On 2026-03-29 clocks in Europe/Paris go forward from 02:00 to 03:00: times in between";
        let back = "On 2026-10-25 clocks in Europe/Paris go back from 03:00 to 02:00: times in between";
        let cases = [
            (
                daily().at("02:30").tz(paris).schedule(),
                vec![
                    (Next, format!("{forward} run at 03:00 instead.")),
                    (First, format!("{back} run the first time.")),
                ],
            ),
            (
                daily().at("02:30").tz(paris).gap(Gap::Shift).fold(Fold::Second).schedule(),
                vec![
                    (Shift, format!("{forward} run 1 hour later.")),
                    (Second, format!("{back} run the second time.")),
                ],
            ),
            (
                hourly().at(":30").tz(paris).schedule(),
                vec![(Skip, format!("{forward} are skipped.")), (Both, format!("{back} run both times."))],
            ),
            (daily().at("09:00").tz(paris).schedule(), Vec::new()),
            (daily().at("02:30").tz("Asia/Tokyo").schedule(), Vec::new()),
            (every(1).hours().tz(paris).schedule(), Vec::new()),
        ];
        for (schedule, expected) in cases {
            let schedule = schedule.unwrap();
            let changes = schedule.clock_changes(now, now + TimeDelta::days(366));
            let changes: Vec<_> = changes.iter().map(|change| (change.effect, change.to_string())).collect();
            assert_eq!(changes, expected, "{schedule}");
        }
    }
}
