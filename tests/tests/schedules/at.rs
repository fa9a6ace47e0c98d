//! What `at(..)` takes: texts, and instants of any type.

use std::time::{Duration, SystemTime};

use chrono::{DateTime, FixedOffset, Local, Utc};
use chrono_tz::Tz;
use fastscheduler::prelude::*;
use fastscheduler::schedule::{ScheduleDefinition, ScheduleError};
use fastscheduler::testing;
use fastscheduler::{JobUpdate, RunStatus};
use fastscheduler_tests::{instant, outline, started};

type Read = Result<ScheduleDefinition, ScheduleError>;

/// Half a second past ten seconds after the manual clock begins, as each type.
fn half_past_ten_seconds() -> [(&'static str, Read); 12] {
    let utc = instant("2026-11-23T00:00:10.5Z");
    let offset: DateTime<FixedOffset> = "2026-11-23T01:00:10.5+01:00".parse().unwrap();
    let text = "2026-11-23 00:00:10.500Z".to_owned();
    [
        ("a text", at("2026-11-23T00:00:10.5Z").definition()),
        ("a borrowed string", at(&text).definition()),
        ("a text in a list", ["2026-11-23T00:00:10.5Z"].iter().map(at).next().unwrap().definition()),
        ("a string", at(text).definition()),
        ("an instant in UTC", at(utc).definition()),
        ("with less than a microsecond", at(utc + chrono::TimeDelta::nanoseconds(999)).definition()),
        ("in local time", at(utc.with_timezone(&Local)).definition()),
        ("with an offset", at(offset).definition()),
        ("in a zone", at(utc.with_timezone(&Tz::America__New_York)).definition()),
        ("in the scheduler's own zone type", {
            let zone = daily().at("00:00").tz("Asia/Kolkata").schedule().unwrap().zone();
            at(utc.with_timezone(&zone)).definition()
        }),
        ("of the system", at(SystemTime::from(utc)).definition()),
        // A zone does not matter to an instant.
        (
            "beside a zone",
            at(utc).tz("Asia/Tokyo").definition().map(|mut definition| {
                assert_eq!(definition.zone.take(), Some(Tz::Asia__Tokyo));
                definition
            }),
        ),
    ]
}

#[test]
fn equal_instants_make_equal_schedules_whatever_their_type() {
    for (what, definition) in half_past_ten_seconds() {
        let definition = definition.unwrap();
        let json = serde_json::to_string(&definition).unwrap();
        assert_eq!(json, r#"{"type":"at","at":"2026-11-23 00:00:10.500Z"}"#, "{what}");
        assert_eq!(definition.to_string(), "One-time job", "{what}");
        let schedule = definition.compile(Tz::Asia__Tokyo).unwrap();
        let next = schedule.next_after("2026-01-01T00:00:00Z".parse().unwrap());
        assert_eq!(next, Some(instant("2026-11-23T00:00:10.5Z")), "{what}");
    }
    let beside_a_zone = at(instant("2026-11-23T00:00:10.5Z")).tz("Asia/Tokyo").schedule().unwrap();
    assert_eq!(
        beside_a_zone.next_after(instant("2026-01-01T00:00:00Z")),
        Some(instant("2026-11-23T00:00:10.5Z"))
    );
}

#[tokio::test]
async fn a_job_at_an_instant_runs_then_and_one_in_the_past_is_refused() {
    let (scheduler, clock) = started().await;
    let ten: DateTime<Utc> = instant("2026-11-23T00:00:10Z");
    scheduler.add(at(ten).run("chrono", || async {})).await.unwrap();
    scheduler.add(at(SystemTime::from(ten)).run("system", || async {})).await.unwrap();
    let moved = scheduler.add(daily().at("09:00").run("moved", || async {})).await.unwrap();
    scheduler
        .update_job(&moved, JobUpdate::new().schedule(at(ten.with_timezone(&Tz::Asia__Tokyo))))
        .await
        .unwrap();

    let past = instant("2026-11-22T23:59:59.5Z");
    for refused in [
        scheduler.add(at("2026-11-22T23:59:59.500Z").run("text", || async {})).await,
        scheduler.add(at(past).run("chrono", || async {})).await,
        scheduler.add(at(SystemTime::from(past)).run("system", || async {})).await,
    ] {
        let expected = "`2026-11-22 23:59:59.500Z` is in the past; a job needs a time that is still to come";
        assert_eq!(refused.unwrap_err().to_string(), expected);
    }
    testing::advance(&scheduler, &clock, Duration::from_secs(10)).await.unwrap();
    let outline = outline(&scheduler).await;
    // The first is the record of the update.
    assert_eq!(outline[0], (RunStatus::Missed, 0));
    assert_eq!(outline[1..], [(RunStatus::Completed, 10); 3]);
}

#[test]
fn an_instant_out_of_range_is_an_error_that_says_which_way() {
    let seconds = Duration::from_secs;
    let past = " is in the past; a job needs a time that is still to come";
    let late = " is after the year 9999 in UTC; use an earlier date and time";
    let far = |text: &str| text.parse::<DateTime<FixedOffset>>().unwrap();
    for (read, value, expected) in [
        (at(instant("1969-12-31T23:59:59Z")).definition(), "1969-12-31T23:59:59.000000Z", past),
        (at(DateTime::<Utc>::MIN_UTC).definition(), "-262143-01-01T00:00:00.000000Z", past),
        (at(SystemTime::UNIX_EPOCH - seconds(3)).definition(), "3s before 1970", past),
        (at(far("9999-12-31T23:59:59-01:00")).definition(), "+10000-01-01T00:59:59.000000Z", late),
        (at(DateTime::<Utc>::MAX_UTC).definition(), "+262142-12-31T23:59:59.999999Z", late),
        (
            at(SystemTime::UNIX_EPOCH + seconds(253_402_300_800)).definition(),
            "+10000-01-01T00:00:00.000000Z",
            late,
        ),
        (
            at(SystemTime::UNIX_EPOCH + seconds(1_000_000_000_000_000_000)).definition(),
            "1000000000000000000s after 1970",
            late,
        ),
    ] {
        assert_eq!(read.unwrap_err().to_string(), format!("`{value}`{expected}"));
    }
    // The ends of the range are in it.
    for text in ["1970-01-01T00:00:00Z", "9999-12-31T23:59:59.999999Z"] {
        assert!(at(instant(text)).schedule().is_ok(), "{text}");
        assert!(at(SystemTime::from(instant(text))).schedule().is_ok(), "{text}");
    }
}
