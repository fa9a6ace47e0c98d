//! What changes of the clocks do to a schedule, in sentences.

use chrono::{DateTime, Offset as _, TimeDelta, Utc};

use crate::schedule::{Fold, Gap, Schedule, ScheduleDefinition, Zone};

/// How far ahead changes are looked for.
const AHEAD: TimeDelta = TimeDelta::days(366);

/// No change leaves out or repeats more than this and still has fires.
const AROUND: TimeDelta = TimeDelta::hours(3);

/// Fires about one change that are looked at, so that one each second takes no
/// longer than one each minute.
const FIRES: usize = 500;

/// A sentence for each change of the clocks within a year that leaves out or
/// repeats a time of the schedule.
pub(super) fn notes(schedule: &Schedule, now: DateTime<Utc>) -> Vec<String> {
    changes(schedule.zone(), now, now + AHEAD).into_iter().filter_map(|at| note(schedule, at, now)).collect()
}

/// The instants at which the offset of a zone changes.
fn changes(zone: Zone, from: DateTime<Utc>, until: DateTime<Utc>) -> Vec<DateTime<Utc>> {
    let mut changes = Vec::new();
    let mut before = from;
    while before < until {
        let after = before + TimeDelta::days(1);
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

fn note(schedule: &Schedule, at: DateTime<Utc>, now: DateTime<Utc>) -> Option<String> {
    let zone = schedule.zone();
    let around = |change: fn(&mut ScheduleDefinition)| fires(schedule, change, at, now);
    let is = around(|_| {});
    let day = zone.local(at).format("%Y-%m-%d");
    let last = at - TimeDelta::seconds(1);
    let (from, to) = (clock(zone, at, last), zone.local(at).format("%H:%M"));
    let offset = east(zone, at) - east(zone, last);
    if offset > 0 {
        let [next, skip, shift] = [
            around(|definition| definition.gap = Some(Gap::Next)),
            around(|definition| definition.gap = Some(Gap::Skip)),
            around(|definition| definition.gap = Some(Gap::Shift)),
        ];
        // Where all are the same, no time is left out.
        let what = match () {
            () if skip == next && skip == shift => return None,
            () if is == skip => "are skipped".to_owned(),
            () if is == next => format!("run at {to} instead"),
            () => format!("run {} later", how_long(offset)),
        };
        Some(format!("On {day} clocks in {zone} go forward from {from} to {to}: times in between {what}."))
    } else {
        let [first, second, both] = [
            around(|definition| definition.fold = Some(Fold::First)),
            around(|definition| definition.fold = Some(Fold::Second)),
            around(|definition| definition.fold = Some(Fold::Both)),
        ];
        let what = match () {
            () if both == first && both == second => return None,
            () if is == both => "run both times",
            () if is == first => "run the first time",
            () => "run the second time",
        };
        Some(format!("On {day} clocks in {zone} go back from {from} to {to}: times in between {what}."))
    }
}

/// The local time at which clocks would be at `at`, were they not changed since `before`.
fn clock(zone: Zone, at: DateTime<Utc>, before: DateTime<Utc>) -> String {
    let unchanged = zone.local(before).naive_local() + (at - before);
    unchanged.format("%H:%M").to_string()
}

fn how_long(seconds: i32) -> String {
    match (seconds / 3_600, seconds / 60 % 60) {
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
    now: DateTime<Utc>,
) -> Vec<DateTime<Utc>> {
    let mut definition = schedule.definition().clone();
    change(&mut definition);
    let Ok(schedule) = definition.compile(schedule.zone().tz()) else { return Vec::new() };
    let upcoming = schedule.upcoming((at - AROUND).max(now));
    upcoming.take_while(|fire| *fire < at + AROUND).take(FIRES).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schedule::{daily, every, hourly};

    #[test]
    fn notes_say_what_becomes_of_times_that_are_left_out_or_repeated() {
        let now = "2026-03-01T00:00:00Z".parse().unwrap();
        let paris = "Europe/Paris";
        let forward = "On 2026-03-29 clocks in Europe/Paris go forward from 02:00 to 03:00: times in between";
        let back = "On 2026-10-25 clocks in Europe/Paris go back from 03:00 to 02:00: times in between";
        let cases = [
            (
                daily().at("02:30").tz(paris).schedule(),
                vec![format!("{forward} run at 03:00 instead."), format!("{back} run the first time.")],
            ),
            (
                daily().at("02:30").tz(paris).gap(Gap::Shift).fold(Fold::Second).schedule(),
                vec![format!("{forward} run 1 hour later."), format!("{back} run the second time.")],
            ),
            (
                hourly().at(":30").tz(paris).schedule(),
                vec![format!("{forward} are skipped."), format!("{back} run both times.")],
            ),
            (daily().at("09:00").tz(paris).schedule(), Vec::new()),
            (daily().at("02:30").tz("Asia/Tokyo").schedule(), Vec::new()),
            (every(1).hours().tz(paris).schedule(), Vec::new()),
        ];
        for (schedule, expected) in cases {
            let schedule = schedule.unwrap();
            assert_eq!(notes(&schedule, now), expected, "{schedule}");
        }
    }
}
