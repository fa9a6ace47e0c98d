//! Tables of cron expressions: which are accepted, and what they mean.

use super::calendar::Calendar;
use super::text::parse_cron;
use super::{CronText, ScheduleSpec, kind};

#[test]
fn expressions_that_are_read_or_refused() {
    let table = [
        ("*/5 * * * *", true),
        ("0 9 * * MON-FRI", true),
        ("30 0 9 * * mon-fri", true),
        ("0 0 L * *", true),
        ("0 0 15W * *", true),
        ("0 0 * * 5#3", true),
        ("0 0 29 2 *", true),
        ("0 0 31 2,4,6,9,11 *", false),
        ("0 0 29 2 +MON", true),
        ("0 0 30 2 +MON", false),
        ("0 0 30 2 MON", true),
        ("0 0 30 2 *", false),
        ("@daily", true),
        ("@DAILY", true),
        ("@dayly", false),
        ("@reboot", false),
        ("", false),
        ("* * * *", false),
        ("* * * * * * *", false),
        ("60 * * * *", false),
        ("* 24 * * *", false),
        ("*/0 * * * *", false),
        ("5-1 * * * *", false),
        (", , , , ,", false),
        ("1,,2 * * * *", false),
        ("1, * * * *", false),
        ("@daily @daily @daily @daily @daily", false),
        ("0 0 1 1 * 2027", false),
    ];
    for (expression, accepted) in table {
        assert_eq!(parse_cron(expression).is_ok(), accepted, "`{expression}`");
    }
    assert!(parse_cron(&format!("{} * * * *", "1,".repeat(100) + "1")).is_err());
}

#[test]
fn names_and_letters_stand_in_their_own_fields_only() {
    for expression in [
        "0 0 MON-FRI * *",
        "0 0 FRI * *",
        "0 9 15 MON-FRI *",
        "0 0 * * JAN",
        "0 JAN * * *",
        "MON 0 * * *",
        "*/TUE * * * *",
        "0 0 * * MON#TUE",
        "0 0 * JANFEB *",
        "0 0 1 JAN2 *",
        "0 0 1 1JAN *",
        "0 0 * * SUN1",
        "0 0 * * 0MON",
        "0 0 1 * L",
        "0 0 * * MON,L",
        "0 0 * * L",
        "0 0 * * +",
        "0 0 * * 5-1",
        "0 0 L,X * *",
    ] {
        let error = parse_cron(expression).map(drop).expect_err(expression).to_string();
        assert!(error.contains("is not a cron expression"), "{expression}: {error}");
    }
    for expression in [
        "0 0 * jan-mar mon-fri",
        "0 0 LW * *",
        "0 0 15W * *",
        "0 0 L * *",
        "0 0 * * FRI#2",
        "0 0 * * 5#L",
        "0 0 * * FRIL",
        "0 0 * * 5L",
        "0 0 1 * +MON",
        "0 0 ? * SUN,tue-THU/2",
        "*/60 10-50/20 * * * 7",
        "0 0 1,15,L DEC 0-7",
        "0 0 * * SAT-SUN",
    ] {
        let read = parse_cron(expression);
        assert!(read.is_ok(), "{expression}: {}", read.map(drop).unwrap_err());
    }
}

/// The expression on the right means the same, in the plainest form.
const SAME: &[(&str, &str)] = &[
    // Names of months with an L, and of days.
    ("0 0 1 JUL *", "0 0 1 7 *"),
    ("0 0 1 jun-jul *", "0 0 1 6,7 *"),
    ("0 0 1 JAN,JUL *", "0 0 1 1,7 *"),
    ("0 0 1 JUL-DEC/2 *", "0 0 1 7,9,11 *"),
    ("0 0 1 Apr-Jul,dec *", "0 0 1 4,5,6,7,12 *"),
    // Sunday at both ends of a range.
    ("0 0 * * SUN-7", "0 0 * * 0"),
    ("0 0 * * SUN-SUN", "0 0 * * 0"),
    ("0 0 * * 0-SUN", "0 0 * * 0"),
    ("0 0 * * 7-7", "0 0 * * 0"),
    ("0 0 * * 0-0", "0 0 * * 0"),
    ("0 0 * * 7", "0 0 * * 0"),
    ("0 0 * * 0-7", "0 0 * * *"),
    ("0 0 * * 1-7", "0 0 * * *"),
    ("0 0 * * MON-SUN", "0 0 * * *"),
    ("0 0 * * SUN-SAT", "0 0 * * *"),
    ("0 0 * * SAT-SUN", "0 0 * * 0,6"),
    ("0 0 * * SUN-MON", "0 0 * * 0,1"),
    ("0 0 * * 7-1", "0 0 * * 0,1"),
    ("0 0 * * FRI-SUN,MON", "0 0 * * 0,1,5,6"),
    ("0 0 * * FRI-0", "0 0 * * 0,5,6"),
    ("0 0 * * MON-SUN/2", "0 0 * * 0,1,3,5"),
    ("0 0 * * SUN-SAT/2", "0 0 * * 0,2,4,6"),
    ("0 0 * * SAT-7#L", "-"),
    // A value with a step goes on to the end of the field.
    ("5/15 * * * *", "5,20,35,50 * * * *"),
    ("0/15 * * * *", "0,15,30,45 * * * *"),
    ("0 20/2 * * *", "0 20,22 * * *"),
    ("5/20 0 * * * *", "5,25,45 0 * * * *"),
    ("0 0 1/10 * *", "0 0 1,11,21,31 * *"),
    ("0 0 1 MAR/4 *", "0 0 1 3,7,11 *"),
    ("0 0 * * MON/2", "0 0 * * 0,1,3,5"),
    ("0 0 * * SUN/3", "0 0 * * 0,3,6"),
    ("30,5/20 * * * *", "5,25,30,45 * * * *"),
    // The largest steps.
    ("*/60 * * * *", "0-0 * * * *"),
    ("0 */24 * * *", "0 0 * * *"),
    ("0 0 */31 * *", "0 0 1 * *"),
    ("0 0 1 */12 *", "0 0 1 1 *"),
    ("0 0 * * */7", "0 0 * * 0"),
    // A day field that allows every day is not restricted.
    ("0 0 */1 * MON", "0 0 * * MON"),
    ("0 0 1/1 * MON", "0 0 * * MON"),
    ("0 0 ? * MON", "0 0 * * MON"),
    ("0 0 10,* * MON", "0 0 * * MON"),
    ("0 0 ?,10 * MON", "0 0 * * MON"),
    ("0 0 1-31 * MON", "0 0 * * MON"),
    ("0 0 5,1-31/1 * MON", "0 0 * * MON"),
    ("0 0 L,* * MON", "0 0 * * MON"),
    ("0 0 L,LW,* * MON", "0 0 * * MON"),
    ("0 0 13 * */1", "0 0 13 * *"),
    ("0 0 13 * ?", "0 0 13 * *"),
    ("0 0 13 * 0-7", "0 0 13 * *"),
    ("0 0 13 * 0-6", "0 0 13 * *"),
    ("0 0 13 * MON-SUN", "0 0 13 * *"),
    ("0 0 13 * FRI,SUN-SAT", "0 0 13 * *"),
    ("0 0 13 * MON/1", "0 0 13 * *"),
    ("0 0 13 * FRI#1,*", "0 0 13 * *"),
    ("0 0 13 * +MON-SUN", "0 0 13 * *"),
    ("0 0 */1 * +FRI", "0 0 * * FRI"),
    ("0 0 */1 * */1", "0 0 * * *"),
    // A field that merely lists every day is restricted.
    ("0 0 1-15,16-31 * MON", "0 0 * * *"),
    ("0 0 */2 * MON", "0 0 1,3,5,7,9,11,13,15,17,19,21,23,25,27,29,31 * MON"),
    ("0 0 13 * 0,1,2,3,4,5,6", "0 0 * * *"),
    // All values of another field.
    ("10,* * * * *", "0-59 * * * *"),
    // Lists with letters.
    ("0 0 L,L * *", "0 0 L * *"),
    ("0 0 * * FRIL,5#L", "0 0 * * 5L"),
    ("0 0 * * 7#1", "0 0 * * SUN#1"),
];

#[test]
fn what_means_the_same_is_the_same() {
    for (expression, plain) in SAME {
        let days = |expression: &str| {
            let calendar = kind::cron_calendar(&CronText::from(expression));
            calendar.map(Calendar::fixed).map_err(|mistake| mistake.to_string())
        };
        if *plain == "-" {
            assert!(days(expression).is_err(), "{expression}");
        } else {
            assert!(days(expression).unwrap() == days(plain).unwrap(), "{expression} is not {plain}");
        }
    }
}

#[test]
fn l_and_w_in_one_list_are_both_kept() {
    let lists = ["L,LW", "LW,L", "15W,L", "L,15W", "1,LW,L", "L,10W,20", "LW,15W"];
    for list in lists {
        for weekday in ["*", "MON", "+MON"] {
            let days = |list: &str| {
                let expression = format!("0 0 {list} * {weekday}");
                kind::cron_calendar(&CronText::from(&*expression)).unwrap().days()
            };
            let together = days(list);
            let alone: Vec<_> = list.split(',').map(days).collect();
            for (place, days) in together.iter().enumerate() {
                let expected = alone.iter().fold(0, |all, alone| all | alone[place]);
                assert_eq!(*days, expected, "{list} {weekday}");
            }
        }
    }
}

#[test]
fn how_the_day_fields_go_together() {
    use super::text::cron::DayFields::{Both, Either, EitherUnlikeLinux, One};
    let table = [
        ("0 0 * * *", One),
        ("0 0 13 * *", One),
        ("0 0 * * FRI", One),
        ("0 0 */1 * FRI", One),
        ("0 0 13 * +0-7", One),
        ("@weekly", One),
        ("not a cron expression", One),
        ("0 0 13 * FRI", Either),
        ("0 30 0 13 * FRI", Either),
        ("0 0 L * 1-6", Either),
        ("0 0 */2 * MON", EitherUnlikeLinux),
        ("0 0 13 * */2", EitherUnlikeLinux),
        ("0 0 13 * +FRI", Both),
        ("0 0 */2 * +FRI", Both),
    ];
    for (expression, expected) in table {
        let text = CronText::from(expression);
        assert_eq!(text.day_fields(), expected, "{expression}");
    }
}

/// Expressions stored without a version, and whether they mean something else now.
#[test]
fn what_was_stored_earlier_keeps_its_meaning() {
    let table = [
        ("0 9 * * MON-FRI", false),
        ("0 0 1 * *", false),
        ("@hourly", false),
        ("0 0 13 * FRI", false),
        ("0 0 */1 * *", false),
        ("0 0 * * SAT-SUN", false),
        ("0 0 L,15W * *", false),
        ("0 0 */1 * +MON", false),
        ("0 0 */1 * MON", true),
        ("0 0 1-31 * MON", true),
        ("0 0 13 * 0-7", true),
        ("0 0 * * SUN-7", true),
        ("0 0 L,LW * *", true),
        ("*/90 * * * *", true),
        ("0 */36 * * *", true),
        ("0 0 ?/2 * *", true),
        ("0 0 * * MON-FRI#2", true),
        ("0 0 30 2 MON-SUN", true),
    ];
    for (expression, is_changed) in table {
        let stored = serde_json::json!({"type": "cron", "expression": expression});
        let ScheduleSpec::Cron(text) = serde_json::from_value(stored.clone()).unwrap() else { panic!() };
        assert_eq!(text.is_of_earlier_rules(), is_changed, "{expression}");
        let by_now = parse_cron(expression).is_ok();
        assert!(kind::cron_calendar(&text).is_ok(), "{expression}");
        let written = serde_json::to_value(ScheduleSpec::Cron(text.clone())).unwrap();
        if is_changed {
            assert_eq!(written, stored);
            let present = kind::cron_calendar(&CronText::from(expression));
            assert_eq!(present.is_ok(), by_now);
            assert!(present.ok() != kind::cron_calendar(&text).ok(), "{expression}");
        } else {
            let present = serde_json::json!({"type": "cron", "expression": expression, "rules": 2});
            assert_eq!(written, present);
            assert_eq!(text, CronText::from(expression));
        }
    }
    let text: CronText = serde_json::from_str(r#"{"expression": "0 0 */1 * MON", "rules": 2}"#).unwrap();
    assert_eq!(text, CronText::from("0 0 */1 * MON"));
}
