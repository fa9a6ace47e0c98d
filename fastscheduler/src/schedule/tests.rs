//! Tables of what schedules say of themselves, refuse and store. When they
//! fire is in `tests/tests/schedules`.

use std::time::Duration;

use chrono::{DateTime, NaiveDate, TimeZone, Utc, Weekday};
use chrono_tz::{TZ_VARIANTS, Tz};
use croner::parser::{CronParser, Seconds, Year};
use croner::time::{Weekday as CronerWeekday, days_in_month};

use super::calendar::Calendar;
use super::text::zone_names::ZONE_NAMES;
use super::zone::Nominal;
use super::*;

fn instant(text: &str) -> DateTime<Utc> {
    text.parse().unwrap_or_else(|error| panic!("`{text}`: {error}"))
}

fn sentence(definition: Result<ScheduleDefinition, ScheduleError>) -> String {
    definition
        .and_then(|definition| definition.compile(Tz::UTC))
        .map_or_else(|mistake| format!("{mistake}"), |schedule| schedule.to_string())
}

#[test]
fn a_schedule_describes_itself() {
    let table = [
        (every(30).seconds().definition(), "Every 30 seconds"),
        (every(90).seconds().definition(), "Every 90 seconds"),
        (every(300).seconds().definition(), "Every 5 minutes"),
        (every(1).minutes().definition(), "Every 1 minute"),
        (every(1).hours().definition(), "Every 1 hour"),
        (every(36).hours().definition(), "Every 36 hours"),
        (every(2).days().definition(), "Every 2 days"),
        (every(0.5).seconds().definition(), "Every 0.5 seconds"),
        (every(0.1_f32).seconds().definition(), "Every 0.1 seconds"),
        (every("1500ms").definition(), "Every 1.5 seconds"),
        (every("1h 30m").tz("Asia/Tokyo").definition(), "Every 90 minutes"),
        (every(Duration::from_micros(1_000_001)).definition(), "Every 1.000001 seconds"),
        (hourly().at(":05").definition(), "Hourly at :05"),
        (hourly().at("30").tz(Tz::Asia__Kolkata).definition(), "Hourly at :30 (Asia/Kolkata)"),
        (daily().at("2:00").tz("Asia/Tokyo").definition(), "Daily at 02:00 (Asia/Tokyo)"),
        (daily().at("14:30:15").definition(), "Daily at 14:30:15"),
        (weekly().friday().monday().at("10:00").definition(), "Every Mon, Fri at 10:00"),
        (weekly().weekends().at("12:00").definition(), "Every Sat, Sun at 12:00"),
        (weekly().on([Weekday::Wed]).tz("UTC").at("12:00").definition(), "Every Wed at 12:00 (UTC)"),
        (monthly().on(1).at("00:00").definition(), "Monthly on day 1 at 00:00"),
        (monthly().last_day().at("00:00").definition(), "Monthly on the last day at 00:00"),
        (cron(" 0 9 * * MON-FRI ").definition(), "Cron: 0 9 * * MON-FRI"),
        (cron("@hourly").tz("Europe/Paris").definition(), "Cron: @hourly (Europe/Paris)"),
        (
            cron("0 9 13 * FRI").tz("Europe/Paris").definition(),
            "Cron: 0 9 13 * FRI (Europe/Paris), when the day of month or the day of week matches",
        ),
        (
            cron("0 0 */2 * MON").definition(),
            "Cron: 0 0 */2 * MON, when the day of month or the day of week matches",
        ),
        (
            cron("0 9 13 * +FRI").definition(),
            "Cron: 0 9 13 * +FRI, when both the day of month and the day of week match",
        ),
        (cron("0 9 */1 * FRI").definition(), "Cron: 0 9 */1 * FRI"),
        (cron("0 9 13 * +MON-SUN").definition(), "Cron: 0 9 13 * +MON-SUN"),
        (once(60).definition(), "One-time job"),
        (once("90s").definition(), "One-time job"),
        (at("2027-12-25 00:00:00").tz("Europe/Paris").definition(), "One-time job"),
        (now().tz("Europe/Paris").definition(), "One-time job"),
    ];
    for (definition, expected) in table {
        assert_eq!(sentence(definition), expected);
    }
}

#[test]
fn mistakes_say_what_would_be_right() {
    let table = [
        (every(10).definition(), "`every(…)` with a number needs a unit such as `.seconds()`"),
        (every(0).seconds().definition(), "`0 seconds` is out of range; use 1 millisecond to 100 years"),
        (every(-1).hours().definition(), "`-1 hours` is out of range; use 1 millisecond to 100 years"),
        (
            every(u64::MAX).days().definition(),
            "`18446744073709551615 days` is out of range; use 1 millisecond to 100 years",
        ),
        (
            every(f64::NAN).seconds().definition(),
            "`NaN seconds` is out of range; use 1 millisecond to 100 years",
        ),
        (
            every("1h").minutes().definition(),
            "`1h` has its unit already, but `minutes` follows; give one unit only",
        ),
        (
            every(1).hours().minutes().definition(),
            "`hours` has its unit already, but `minutes` follows; give one unit only",
        ),
        (
            every("5 parsecs").definition(),
            "`5 parsecs` is not a length of time; write for example `500ms`, `30s`, `5m`, `1h 30m` or `2d`",
        ),
        (
            once(0).definition(),
            "`0 seconds` is out of range; use 1 millisecond to 100 years, or `now()` for a run at once",
        ),
        (
            once("0s").definition(),
            "`0s` is out of range; use 1 millisecond to 100 years, or `now()` for a run at once",
        ),
        (
            once(Duration::ZERO).definition(),
            "`0ns` is out of range; use 1 millisecond to 100 years, or `now()` for a run at once",
        ),
        (hourly().definition(), "`hourly()` needs the minute, such as `.at(\":30\")`"),
        (
            hourly().at("60").definition(),
            "`60` is not a minute of the hour; write `:30` or `30`, from 0 to 59",
        ),
        (daily().definition(), "`daily()` needs a time of day, such as `.at(\"14:30\")`"),
        (
            daily().at("24:00").definition(),
            "`24:00` is not a time of day; write `HH:MM` or `HH:MM:SS` between `00:00` and `23:59:59`",
        ),
        (
            daily().tz("Asia/Tokio").at("24:00").definition(),
            "unknown time zone `Asia/Tokio`; did you mean `Asia/Tokyo`?",
        ),
        (
            weekly().at("10:00").definition(),
            "a weekly schedule needs at least one day; name days such as `monday`, or `weekdays`",
        ),
        (
            weekly().on(["mon", "firday"]).at("10:00").definition(),
            "`firday` is not a day of the week; did you mean `friday`?",
        ),
        (weekly().monday().definition(), "`weekly()` needs a time of day, such as `.at(\"10:00\")`"),
        (
            monthly().on(0).at("10:00").definition(),
            "`0` is not a day of the month; use 1 to 31, or the last day",
        ),
        (monthly().at("10:00").definition(), "`monthly()` needs a day, such as `.on(1)` or `.last_day()`"),
        (monthly().on(3).definition(), "`monthly()` needs a time of day, such as `.at(\"00:00\")`"),
        (
            cron("0 0 30 2 *").definition(),
            "`0 0 30 2 *` never fires; no such date and time occurs within 40 years",
        ),
        (
            cron("* * *").definition(),
            "`* * *` is not a cron expression: it has 3 fields; write five (minute, hour, day, month, day of week), or six with seconds first",
        ),
        (
            cron("30 2 * 3 SUN#2").tz("America/New_York").gap(Gap::Skip).definition(),
            "`30 2 * 3 SUN#2` never fires; no such date and time occurs within 40 years",
        ),
        (
            at("tomorrow").definition(),
            "`tomorrow` is not a date and time; write `YYYY-MM-DD HH:MM:SS`, or RFC 3339 with an offset such as `2027-12-25T00:00:00+01:00`",
        ),
        (
            at("2011-12-30 12:00").tz("Pacific/Apia").definition(),
            "`2011-12-30 12:00:00` never fires; no such date and time occurs within 40 years",
        ),
    ];
    for (definition, expected) in table {
        assert_eq!(sentence(definition), expected);
    }
}

#[test]
fn an_instant_after_the_year_9999_in_utc_is_refused() {
    let last = "9999-12-31 23:59:59";
    for zone in ["UTC", "Asia/Tokyo"] {
        at(last).tz(zone).schedule().unwrap();
    }
    at("9999-12-31 18:59:59").tz("America/New_York").schedule().unwrap();
    let cases = [
        (at(last).tz("America/New_York"), last),
        (at("9999-12-31 19:00:00").tz("America/New_York"), "9999-12-31 19:00:00"),
        (at("9999-12-31T23:59:59-00:01"), "9999-12-31 23:59:59-00:01"),
    ];
    for (schedule, text) in cases {
        let says = format!("`{text}` is after the year 9999 in UTC; use an earlier date and time");
        assert_eq!(schedule.schedule().unwrap_err().to_string(), says);
    }
}

#[test]
fn a_literal_number_needs_no_type() {
    let ninety = every(90).seconds().schedule().unwrap();
    let same = [
        every(90_i64).seconds(),
        every(90_u8).seconds(),
        every(90_u16).seconds(),
        every(90_u32).seconds(),
        every(90_u64).seconds(),
        every(90_usize).seconds(),
        every(1.5).minutes(),
        every(1.5_f32).minutes(),
        every("90s"),
        every("1m 30s".to_owned()),
        every(Duration::from_secs(90)),
    ];
    for builder in same {
        assert_eq!(builder.schedule().unwrap(), ninety);
    }
}

#[test]
fn what_is_stored_is_read_back_as_it_was() {
    let anchor = instant("2026-01-01T00:00:00.123456789Z");
    let table = [
        (every(90).seconds().definition(), r#"{"type":"every","interval":90000000}"#),
        (
            every("1ms").starting_at(anchor).definition(),
            r#"{"type":"every","interval":1000,"anchor":"2026-01-01T00:00:00.123456Z"}"#,
        ),
        (hourly().at(":30").definition(), r#"{"type":"hourly","minute":30}"#),
        (
            daily().at("14:30").tz("Asia/Tokyo").gap(Gap::Shift).fold(Fold::Both).definition(),
            r#"{"type":"daily","at":"14:30","zone":"Asia/Tokyo","gap":"shift","fold":"both"}"#,
        ),
        (
            weekly().weekends().at("10:00:05").definition(),
            r#"{"type":"weekly","days":[5,6],"at":"10:00:05"}"#,
        ),
        (monthly().on(31).at("00:00").definition(), r#"{"type":"monthly","day":31,"at":"00:00"}"#),
        (monthly().last_day().at("00:00").definition(), r#"{"type":"monthly","day":"last","at":"00:00"}"#),
        (cron("@daily").definition(), r#"{"type":"cron","expression":"@daily","rules":2}"#),
        (once(5).definition(), r#"{"type":"once","delay":5000000}"#),
        (at("2027-12-25T00:00:00+01:00").definition(), r#"{"type":"at","at":"2027-12-25 00:00:00+01:00"}"#),
    ];
    for (definition, expected) in table {
        let definition = definition.unwrap();
        let json = serde_json::to_string(&definition).unwrap();
        assert_eq!(json, expected);
        assert_eq!(serde_json::from_str::<ScheduleDefinition>(&json).unwrap(), definition, "{json}");
    }
}

#[test]
fn stored_data_that_is_wrong_is_refused() {
    let table = [
        r#"{"type":"every","interval":0}"#,
        r#"{"type":"every","interval":4000000000000000}"#,
        r#"{"type":"hourly","minute":60}"#,
        r#"{"type":"daily","at":"25:00"}"#,
        r#"{"type":"weekly","days":[],"at":"10:00"}"#,
        r#"{"type":"weekly","days":[7],"at":"10:00"}"#,
        r#"{"type":"monthly","day":0,"at":"10:00"}"#,
        r#"{"type":"monthly","day":"first","at":"10:00"}"#,
        r#"{"type":"cron","expression":"nonsense"}"#,
        r#"{"type":"daily","at":"10:00","zone":"Mars/Olympus"}"#,
        r#"{"type":"never"}"#,
    ];
    for json in table {
        let read = serde_json::from_str::<ScheduleDefinition>(json);
        assert!(read.is_err() || read.unwrap().compile(Tz::UTC).is_err(), "{json}");
    }
    let by_hand = ScheduleSpec::Monthly { day: DayOfMonth::Day(32), at: "10:00".parse().unwrap() };
    assert!(ScheduleDefinition::from(by_hand).compile(Tz::UTC).is_err());
}

#[test]
fn what_counts_from_creation_is_placed_there_once() {
    let created = instant("2026-01-01T00:00:00.123456789Z");
    let later = instant("2026-06-01T00:00:00Z");
    let fire = |text| Some(instant(text));

    let interval = every(1).hours().definition().unwrap().placed(created).placed(later);
    let interval = interval.compile(Tz::UTC).unwrap();
    assert_eq!(interval.next_after(created), fire("2026-01-01T01:00:00.123456Z"));
    assert_eq!(interval.next_after(instant("2020-01-01T00:00:00Z")), fire("2026-01-01T01:00:00.123456Z"));

    let single = once(5).definition().unwrap().placed(created).placed(later).compile(Tz::UTC).unwrap();
    assert_eq!(single.next_after(created), fire("2026-01-01T00:00:05.123456Z"));
    assert_eq!(single.next_after(later), None);
    assert!(!single.is_recurring());

    let at_once = now().definition().unwrap();
    let since = at_once.counted_from(created);
    let at_once = at_once.placed(since).placed(later).compile(Tz::UTC).unwrap();
    assert_eq!(at_once.next_after(since), fire("2026-01-01T00:00:00.123456Z"));
    assert_eq!(at_once.next_after(created), None);
    assert!(!at_once.is_recurring());

    let unplaced = once(5).definition().unwrap().compile(Tz::UTC).unwrap();
    assert_eq!(unplaced.upcoming(later).count(), 1);
    assert_eq!(unplaced.count_between(later, instant("2027-01-01T00:00:00Z"), 10).unwrap().count, 1);
}

#[test]
fn what_the_layers_above_add_goes_through_the_builder() {
    let builder = daily().map_job(|()| 3).tz("UTC").at("10:00").map_job(|retries| retries + 1);
    let (definition, retries) = builder.into_parts();
    assert_eq!((definition.unwrap().to_string(), retries), ("Daily at 10:00 (UTC)".to_owned(), 4));
}

#[test]
fn days_are_those_that_croner_matches() {
    let days = [
        "* * *",
        "13 * *",
        "L * *",
        "LW * *",
        "15W * *",
        "1W * *",
        "31W * *",
        "29W,30W * *",
        "*/7 * *",
        "1,15 2,4 *",
        "* * MON",
        "* * 7",
        "* * 1-5",
        "* * 5L",
        "* * MON#1",
        "* * SUN#5",
        "13 * FRI",
        "13 * +FRI",
        "L * +SUN",
        "*/2 * MON",
        "29 2 *",
        "29 2 +MON",
        "* 1-3 SAT#2,1L",
        "? * 3",
        "31 * ?",
        "1-7 * +MON",
        "L,15W * 2L",
    ];
    for days in days {
        let expression = format!("0 0 {days}");
        let parser = CronParser::builder().seconds(Seconds::Optional).year(Year::Disallowed).build();
        let cron = parser.parse(&expression).unwrap();
        let calendar: Calendar = kind::cron_calendar(&CronText::from(&*expression)).unwrap();
        let first_day = NaiveDate::from_ymd_opt(1999, 12, 1).unwrap();
        for date in first_day.iter_days().take(29 * 366) {
            use chrono::Datelike;
            let (year, month, day) = (date.year(), date.month(), date.day());
            let weekday = CronerWeekday::Monday.shift(date.weekday().num_days_from_monday().cast_signed());
            assert!(day <= days_in_month(year, month));
            let theirs = cron.pattern.month_match(month).unwrap()
                && cron.pattern.day_match(year, month, day, weekday).unwrap();
            let midnight = i64::from(date.to_epoch_days()) * 86_400;
            assert_eq!(calendar.at_or_after(midnight) == Some(midnight), theirs, "{expression} on {date}");
        }
    }
}

#[test]
fn the_list_of_zones_is_that_of_chrono_tz() {
    let mut names = TZ_VARIANTS.map(Tz::name);
    names.sort_unstable();
    assert_eq!(ZONE_NAMES, names);
}

/// Also that every name of chrono-tz is one of jiff's, aliases included.
#[test]
fn every_zone_has_the_offsets_of_jiff() {
    let database = jiff::tz::TimeZoneDatabase::bundled();
    for tz in TZ_VARIANTS {
        let zone = Zone::from(tz);
        let theirs = database.get(tz.name()).unwrap();
        // 1850 to 9990 in steps that are no whole number of days or hours.
        for second in (-3_786_912_000..253_087_000_000_i64).step_by(97_654_321) {
            let expected = theirs.to_offset_info(jiff::Timestamp::from_second(second).unwrap());
            let local = zone.local(DateTime::from_timestamp(second, 0).unwrap());
            assert_eq!(local.format("%Z").to_string(), expected.abbreviation(), "{tz} at {second}");
            let east = chrono::Offset::fix(local.offset()).local_minus_utc();
            assert_eq!(east, expected.offset().seconds(), "{tz} at {second}");
        }
    }
}

#[test]
fn local_times_are_found_once_twice_or_not_at_all() {
    let new_york = Zone::from(Tz::America__New_York);
    let at = |day: (u32, u32), hour| new_york.with_ymd_and_hms(2026, day.0, day.1, hour, 30, 0);
    assert_eq!(at((3, 8), 1).unwrap().to_rfc3339(), "2026-03-08T01:30:00-05:00");
    assert!(at((3, 8), 2).single().is_none() && at((3, 8), 2).earliest().is_none());
    assert_eq!(at((11, 1), 1).earliest().unwrap().to_rfc3339(), "2026-11-01T01:30:00-04:00");
    assert_eq!(at((11, 1), 1).latest().unwrap().to_rfc3339(), "2026-11-01T01:30:00-05:00");
    let shown = at((7, 1), 12).unwrap().format("%Y-%m-%d %H:%M:%S %Z %:z").to_string();
    assert_eq!(shown, "2026-07-01 12:30:00 EDT -04:00");
}

#[test]
fn a_compiled_schedule_is_small() {
    assert!(size_of::<Calendar>() <= 152, "{}", size_of::<Calendar>());
    assert_eq!(size_of::<Schedule>(), size_of::<usize>());
}
