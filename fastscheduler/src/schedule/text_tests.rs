//! Tables of what is read, and how it is written again. They are beside the
//! folder `text`, which the macro crate compiles too.

use std::fmt::Display;
use std::str::FromStr;

use super::text::{
    ClockTime, DayOfMonth, DaysOfWeek, Micros, ScheduleError, WrittenDateTime, check_zone_name,
    minute_of_hour, nearest,
};

/// Reads each text and writes it again; `-` is that it is refused.
fn read_and_write<T: FromStr<Err = ScheduleError> + Display>(table: &[(&str, &str)]) {
    for (text, expected) in table {
        let written = text.parse::<T>().map_or_else(|_| "-".to_owned(), |value| value.to_string());
        assert_eq!(written, *expected, "`{text}`");
    }
}

#[test]
fn lengths_of_time() {
    let table = [
        ("500ms", Some(500_000)),
        ("1ms", Some(1_000)),
        ("0.5ms", None),
        ("30s", Some(30_000_000)),
        (" 90 sec ", Some(90_000_000)),
        ("1h 30m", Some(5_400_000_000)),
        ("1h30m", Some(5_400_000_000)),
        ("1.5 hours", Some(5_400_000_000)),
        ("2d", Some(172_800_000_000)),
        ("36525d", Some(3_155_760_000_000_000)),
        ("36525d 1s", None),
        ("0s", None),
        ("", None),
        ("30", None),
        ("s", None),
        ("-5s", None),
        ("5 x", None),
        ("1..5s", None),
        ("1e3s", None),
        ("5ſ", None),
        ("٣s", None),
        ("99999999999999999999999999999999d", None),
    ];
    for (text, expected) in table {
        assert_eq!(text.parse::<Micros>().ok().map(Micros::get), expected, "`{text}`");
    }
}

#[test]
fn times_of_day() {
    read_and_write::<ClockTime>(&[
        ("14:30", "14:30"),
        ("4:05", "04:05"),
        ("14:30:00", "14:30"),
        ("14:30:59", "14:30:59"),
        (" 00:00 ", "00:00"),
        ("23:59:59", "23:59:59"),
        ("24:00", "-"),
        ("12:60", "-"),
        ("12:30:60", "-"),
        ("12", "-"),
        ("12:", "-"),
        (":30", "-"),
        ("+1:30", "-"),
        ("012:30", "-"),
        ("12:30:00:00", "-"),
        ("", "-"),
        ("٣:30", "-"),
    ]);
}

#[test]
fn minutes_of_the_hour() {
    let table = [
        (":30", Some(30)),
        ("30", Some(30)),
        ("0", Some(0)),
        (":5", Some(5)),
        ("12:45", Some(45)),
        ("60", None),
        (":60", None),
        ("12:45:30", None),
        ("25:45", None),
        ("", None),
        (":", None),
        ("-1", None),
    ];
    for (text, expected) in table {
        assert_eq!(minute_of_hour(text).ok(), expected, "`{text}`");
    }
}

#[test]
fn dates_and_times() {
    read_and_write::<WrittenDateTime>(&[
        ("2027-12-25 00:00:00", "2027-12-25 00:00:00"),
        ("2027-12-25T06:30", "2027-12-25 06:30:00"),
        ("2028-02-29 00:00", "2028-02-29 00:00:00"),
        ("2027-12-25T00:00:00Z", "2027-12-25 00:00:00Z"),
        ("2027-12-25T00:00:00.999Z", "2027-12-25 00:00:00.999Z"),
        ("2027-12-25T00:00:00.9Z", "2027-12-25 00:00:00.900Z"),
        ("2027-12-25 00:00:00.000001", "2027-12-25 00:00:00.000001"),
        ("2027-12-25 00:00:00.12+01:00", "2027-12-25 00:00:00.120+01:00"),
        ("2027-12-25T00:00:00.1234567899Z", "2027-12-25 00:00:00.123456Z"),
        ("2027-12-25T00:00:00.9999999Z", "2027-12-25 00:00:00.999999Z"),
        ("2027-12-25T00:00:00.0000009Z", "2027-12-25 00:00:00Z"),
        ("2027-12-25T00:00:00.000Z", "2027-12-25 00:00:00Z"),
        ("2027-12-25 00:00:00.5 -03:30", "2027-12-25 00:00:00.500-03:30"),
        ("2027-12-25 00:00.5", "-"),
        ("2027-12-25 00:00:00.5x", "-"),
        ("2027-12-25 00:00:00.-5", "-"),
        ("2027-12-25t00:00:00z", "2027-12-25 00:00:00Z"),
        ("2027-12-25T00:00:00+00:00", "2027-12-25 00:00:00Z"),
        ("2027-12-25T00:00:00+05:45", "2027-12-25 00:00:00+05:45"),
        ("2027-12-25 00:00:00 -03:30", "2027-12-25 00:00:00-03:30"),
        ("2027-12-25 00:00:00-00:30", "2027-12-25 00:00:00-00:30"),
        ("9999-12-31 23:59:59", "9999-12-31 23:59:59"),
        ("2027-02-29 00:00", "-"),
        ("2100-02-29 00:00", "-"),
        ("2027-13-01 00:00", "-"),
        ("2027-00-01 00:00", "-"),
        ("2027-12-00 00:00", "-"),
        ("1969-12-31 23:59", "-"),
        ("2027-12-25", "-"),
        ("2027-12-25 24:00", "-"),
        ("2027-12-25 00:00:00+24:00", "-"),
        ("2027-12-25 00:00:00+0100", "-"),
        ("2027-12-25 00:00:00.", "-"),
        ("2027-12-25-01 00:00", "-"),
        ("27-12-25 00:00", "-"),
        ("", "-"),
        ("é 00:00", "-"),
        ("2027-12-25 é", "-"),
    ]);
}

#[test]
fn days_of_the_week() {
    let table = [
        ("monday", "Mon"),
        ("SUN", "Sun"),
        ("Thu", "Thu"),
        ("weekdays", "Mon, Tue, Wed, Thu, Fri"),
        ("weekends", "Sat, Sun"),
        ("thur", "-"),
        ("", "-"),
        ("ſun", "-"),
        ("montag", "-"),
    ];
    for (word, expected) in table {
        let days = DaysOfWeek::named(word).map_or_else(|_| "-".to_owned(), |days| days.to_string());
        assert_eq!(days, expected, "`{word}`");
    }
    assert!(DaysOfWeek::one(7).is_err());
    for day in [i128::MIN, -1, 0, 32, 256 + 1, i128::MAX] {
        assert!(DayOfMonth::new(day).is_err(), "{day}");
    }
}

#[test]
fn names_that_are_nearly_right() {
    let words = ["monday", "friday", "weekdays"];
    let table = [
        ("mondya", Some("monday")),
        ("Friday", Some("friday")),
        ("fryday", Some("friday")),
        ("weekday", Some("weekdays")),
        ("christmas", None),
        ("", None),
    ];
    for (word, expected) in table {
        assert_eq!(nearest(word, words), expected, "`{word}`");
    }
    let zones = [
        ("Europe/Lodnon", Some("Europe/London")),
        ("europe/london", Some("Europe/London")),
        ("tokyo", Some("Asia/Tokyo")),
        ("New York", Some("America/New_York")),
        ("America/New York", Some("America/New_York")),
        ("Europe/Tokyo", Some("Asia/Tokyo")),
        ("lodnon", Some("Europe/London")),
        (" Asia/Tokyo ", Some("Asia/Tokyo")),
        ("Asia\\Tokyo", Some("Asia/Tokyo")),
        ("Asia/Kolkatta", Some("Asia/Kolkata")),
        ("Mars/Olympus", None),
    ];
    for (name, expected) in zones {
        let error = check_zone_name(name).unwrap_err().to_string();
        let right = expected.map_or_else(
            || "use an IANA name such as `UTC` or `Europe/London`".to_owned(),
            |zone| format!("did you mean `{zone}`?"),
        );
        assert_eq!(error, format!("unknown time zone `{name}`; {right}"));
    }
    assert_eq!(check_zone_name("Europe/London"), Ok(()));
}
