//! The first and the last date of schedules: tables of edges, and a slow model.

use chrono::{DateTime, TimeDelta, Utc};

use super::{
    Schedule, ScheduleBuilder, ScheduleError, ScheduleSpec, cron, daily, every, hourly, monthly, now, once,
    weekly,
};

fn instant(text: &str) -> DateTime<Utc> {
    text.parse().unwrap()
}

fn written(fires: impl Iterator<Item = DateTime<Utc>>) -> Vec<String> {
    fires.map(|at| at.format("%Y-%m-%dT%H:%M:%SZ").to_string()).collect()
}

#[test]
fn both_edges_belong_to_the_window() {
    let early = instant("2020-01-01T00:00:00Z");
    for (zone, from, until, first, last) in [
        ("UTC", "2027-01-01", "2027-01-02", "2027-01-01T00:00:00Z", "2027-01-02T23:00:00Z"),
        ("UTC", "2027-01-01 05:00", "2027-01-01 05:00:00", "2027-01-01T05:00:00Z", "2027-01-01T05:00:00Z"),
        (
            "UTC",
            "2027-01-01T05:00:00+02:00",
            "2027-01-01 05:00Z",
            "2027-01-01T03:00:00Z",
            "2027-01-01T05:00:00Z",
        ),
        (
            "UTC",
            "2027-01-01 05:00:01",
            "2027-01-01 06:59:59.5",
            "2027-01-01T06:00:00Z",
            "2027-01-01T06:00:00Z",
        ),
        ("Asia/Tokyo", "2027-01-01", "2027-01-01", "2026-12-31T15:00:00Z", "2027-01-01T14:00:00Z"),
        // 01:00 occurs twice: `from` is the first, `until` the second.
        (
            "America/New_York",
            "2026-11-01 01:00",
            "2026-11-01 01:00",
            "2026-11-01T05:00:00Z",
            "2026-11-01T06:00:00Z",
        ),
        // 02:30 does not occur: clocks go forward to 03:00.
        (
            "America/New_York",
            "2026-03-08 02:30",
            "2026-03-08 02:30",
            "2026-03-08T07:00:00Z",
            "2026-03-08T07:00:00Z",
        ),
        // A day of 25 hours, and one of 23.
        ("America/New_York", "2026-11-01", "2026-11-01", "2026-11-01T04:00:00Z", "2026-11-02T04:00:00Z"),
        ("America/New_York", "2026-03-08", "2026-03-08", "2026-03-08T05:00:00Z", "2026-03-09T03:00:00Z"),
        // Clocks go back at 01:00 to midnight.
        ("America/Havana", "2024-11-03", "2024-11-03", "2024-11-03T04:00:00Z", "2024-11-04T04:00:00Z"),
        ("America/Havana", "2024-11-02", "2024-11-02", "2024-11-02T04:00:00Z", "2024-11-03T03:00:00Z"),
        // Clocks go forward at midnight to 01:00.
        ("America/Havana", "2024-03-10", "2024-03-10", "2024-03-10T05:00:00Z", "2024-03-11T03:00:00Z"),
        // 2011-12-30 was left out.
        ("Pacific/Apia", "2011-12-30", "2011-12-31", "2011-12-30T10:00:00Z", "2011-12-31T09:00:00Z"),
        ("Pacific/Apia", "2011-12-29", "2011-12-30", "2011-12-29T10:00:00Z", "2011-12-30T09:00:00Z"),
    ] {
        let schedule = hourly().at(":00").tz(zone).from(from).until(until).schedule().unwrap();
        let fires = written(schedule.upcoming(early - TimeDelta::days(3_650)));
        let ends = (fires.first().map(String::as_str), fires.last().map(String::as_str));
        assert_eq!(ends, (Some(first), Some(last)), "{schedule}");
    }
}

#[test]
fn an_interval_first_fires_at_its_first_date_and_stays_on_that_grid() {
    let schedule =
        every(7).hours().tz("Asia/Tokyo").from("2027-01-01").until("2027-01-01").schedule().unwrap();
    let fires =
        ["2026-12-31T15:00:00Z", "2026-12-31T22:00:00Z", "2027-01-01T05:00:00Z", "2027-01-01T12:00:00Z"];
    assert_eq!(written(schedule.upcoming(instant("2020-01-01T00:00:00Z"))), fires);
    assert_eq!(written(schedule.upcoming(instant("2026-12-31T22:00:00Z"))), fires[2..]);
    assert_eq!(schedule.to_string(), "Every 7 hours (Asia/Tokyo), from 2027-01-01 until 2027-01-01");

    // With an anchor of its own, it keeps that.
    let anchor = instant("2026-12-31T16:00:00Z");
    let anchored = every(7).hours().starting_at(anchor).tz("Asia/Tokyo").from("2027-01-01");
    let first = anchored.schedule().unwrap().next_after(instant("2020-01-01T00:00:00Z"));
    assert_eq!(first, Some(instant("2026-12-31T23:00:00Z")));

    // A job that gets it later goes on the same grid.
    let definition = every(7).hours().tz("Asia/Tokyo").from("2027-01-01").definition().unwrap();
    let placed = definition.placed(instant("2027-01-01T00:30:00Z")).compile(chrono_tz::UTC).unwrap();
    assert_eq!(placed.next_after(instant("2027-01-01T00:30:00Z")), Some(instant("2027-01-01T05:00:00Z")));
}

#[test]
fn only_a_window_that_can_hold_no_fire_is_refused() {
    let refused =
        |schedule: Result<Schedule, ScheduleError>| schedule.map_err(|error| error.to_string()).unwrap_err();
    let never =
        |what: &str| format!("`{what}` never fires; move `from` or `until` so that a fire lies between them");
    let day = daily().at("09:00").tz("UTC");
    assert_eq!(
        refused(day.clone().from("2027-01-01 10:00").until("2027-01-02 08:00").schedule()),
        never("Daily at 09:00 (UTC), from 2027-01-01 10:00:00 until 2027-01-02 08:00:00")
    );
    assert_eq!(
        refused(every(1).hours().tz("UTC").from("2027-01-02").until("2027-01-01").schedule()),
        never("Every 1 hour (UTC), from 2027-01-02 until 2027-01-01")
    );
    for (text, right) in
        [("2027-02-29", false), ("tomorrow", false), ("2027-1-1", false), ("2027-01-01", true)]
    {
        assert_eq!(day.clone().from(text).schedule().is_ok(), right, "{text}");
    }
    let one = "`from` and `until` are for schedules that repeat; leave them out, or set the time itself";
    assert_eq!(refused(once(60).from("2027-01-01").schedule()), one);
    assert_eq!(refused(now().until("2027-01-01").schedule()), one);
    // One that is merely over is none of the schedule's faults.
    let over = day.from("2000-01-01").until("2000-01-02").schedule().unwrap();
    assert_eq!(over.next_after(instant("2026-01-01T00:00:00Z")), None);
}

#[test]
fn a_window_is_stored_as_it_was_written_and_may_be_absent() {
    let definition =
        daily().at("09:00").from("2027-01-01").until("2027-06-30T18:00:00+02:00").definition().unwrap();
    let json = serde_json::to_value(&definition).unwrap();
    assert_eq!(
        json,
        serde_json::json!({
            "type": "daily", "at": "09:00", "from": "2027-01-01", "until": "2027-06-30 18:00:00+02:00"
        })
    );
    assert_eq!(serde_json::from_value::<super::ScheduleDefinition>(json).unwrap(), definition);
    let old = r#"{"type":"daily","at":"09:00","zone":"Asia/Tokyo"}"#;
    let read: super::ScheduleDefinition = serde_json::from_str(old).unwrap();
    assert_eq!((read.from, read.until), (None, None));
    assert_eq!(serde_json::to_string(&read).unwrap(), old);
}

/// A window against the fires of the same schedule without one, filtered.
#[test]
fn a_window_is_what_a_filter_would_be() {
    let zones = ["UTC", "America/New_York", "Australia/Lord_Howe", "Asia/Kathmandu"];
    let schedules: [fn() -> ScheduleBuilder<ScheduleSpec>; 6] = [
        || hourly().at(":30").definition().unwrap().into_builder(),
        || daily().at("02:30").definition().unwrap().into_builder(),
        || weekly().weekdays().at("01:15").definition().unwrap().into_builder(),
        || monthly().last_day().at("00:00").definition().unwrap().into_builder(),
        || cron("*/20 0-3 * * *").definition().unwrap().into_builder(),
        || {
            every(5_400)
                .seconds()
                .starting_at(instant("2026-01-01T00:10:00Z"))
                .definition()
                .unwrap()
                .into_builder()
        },
    ];
    let begin = instant("2026-02-20T00:00:00Z");
    let mut state = 7_u64;
    let mut random = |below: i64| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        i64::try_from(state >> 33).unwrap() % below
    };
    for zone in zones {
        for schedule in schedules {
            let whole = schedule().tz(zone).schedule().unwrap();
            for _ in 0..30 {
                let from = begin + TimeDelta::minutes(random(30 * 1_440));
                let until = from + TimeDelta::minutes(random(40 * 1_440));
                let model: Vec<DateTime<Utc>> = whole
                    .upcoming(from - TimeDelta::microseconds(1))
                    .take_while(|fire| *fire <= until)
                    .collect();
                let within = schedule().tz(zone).from(from).until(until).schedule();
                let Ok(within) = within else {
                    assert!(model.is_empty(), "{whole}: {from} to {until}");
                    continue;
                };
                assert_eq!(within.upcoming(begin).collect::<Vec<_>>(), model, "{within}");
                let asked = begin + TimeDelta::minutes(random(70 * 1_440));
                let next = model.iter().find(|fire| **fire > asked).copied();
                assert_eq!(within.next_after(asked), next, "{within} after {asked}");
                let last = model.iter().rfind(|fire| **fire <= asked).copied();
                assert_eq!(within.latest_at_or_before(asked, begin), last, "{within} before {asked}");
                let later = asked + TimeDelta::minutes(random(20 * 1_440));
                let count = model.iter().filter(|fire| asked < **fire && **fire <= later).count();
                let counted = within.count_between(asked, later, 1_000_000);
                assert_eq!(counted.map_or(0, |range| range.count), count as u64, "{within}");
            }
        }
    }
}
