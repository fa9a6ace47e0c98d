//! Tables of cron expressions that are refused, and the hints that they get.

use super::text::parse_cron;

/// Expressions, each with what its error contains.
fn check(table: &[(&str, &str)]) {
    for (expression, hint) in table {
        let error = parse_cron(expression).map(drop).expect_err(expression).to_string();
        assert!(error.contains(hint), "{expression}: {error}");
    }
}

#[test]
fn a_refusal_says_what_would_be_right_in_a_field() {
    check(&[
        // Ranges.
        ("0 0 * * FRI-MON", "write two: `FRI-SUN,MON`"),
        ("0 0 * * SAT-TUE", "write two: `SAT-SUN,MON-TUE`"),
        ("0 0 * * fri-mon", "write two: `FRI-SUN,MON`"),
        ("0 0 * * 5-1", "write two: `5-7,1`"),
        ("0 0 * * 6-2", "write two: `6-7,1-2`"),
        ("0 22-2 * * *", "write two: `22-23,0-2`"),
        ("0 23-0 * * *", "write two: `23,0`"),
        ("0 0 1 11-2 *", "write two: `11-12,1-2`"),
        ("0 0 1 NOV-JAN *", "write two: `NOV-DEC,JAN`"),
        ("0 0 28-3 * *", "write two: `28-31,1-3`"),
        ("50-10/5 * * * *", "a range must ascend, so write its values as a list"),
        ("0 0 1-5-7 * *", "a range has two ends, as in `1-7`"),
        // Steps.
        ("*/90 * * * *", "the largest step is 60; for a longer interval use `every(\"90m\")`"),
        ("*/61 0 * * * *", "the largest step is 60; for a longer interval use `every(\"61s\")`"),
        ("0 */36 * * *", "the largest step is 24; for a longer interval use `every(\"36h\")`"),
        ("0 0 */45 * *", "the largest step is 31; for a longer interval use `every(\"45d\")`"),
        ("0 0 1 */18 *", "the largest step is 12"),
        ("0 0 * * */8", "the largest step is 7"),
        ("0-30/61 * * * *", "the largest step is 60"),
        ("5/90 * * * *", "the largest step is 60"),
        ("*/99999999999 * * * *", "the largest step is 60"),
        ("*/0 * * * *", "a step is at least 1"),
        ("/5 * * * *", "write `*/5`"),
        ("0 0 ?/2 * *", "`?` takes no step; write `*/2`"),
        ("0 0 * * ?/2", "`?` takes no step; write `*/2`"),
        // Letters.
        ("0 0 * * MON-FRI#2", "`#` follows a single day; write `MON#2,TUE#2,WED#2,THU#2,FRI#2`"),
        ("0 0 * * 5-7#L", "`#` follows a single day; write `5#L,6#L,0#L`"),
        ("0 0 * * 4-FRIL", "`#` follows a single day; write `4#L,5#L`"),
        ("0 0 * * FRI#6", "`#` counts from 1 to 5; the last is `FRI#L`"),
        ("0 0 L-3 * *", "`L` is the last day, `LW` the last from Monday to Friday"),
        ("0 0 LW-3 * *", "`L` is the last day, `LW` the last from Monday to Friday"),
        ("0 0 * * L", "`L` follows a day, as in `FRIL`"),
        ("0 0 W * *", "`W` follows a day, as in `15W`"),
        // Names.
        ("0 9 * * monday", "write `MON`"),
        ("0 9 * * Monday-Friday", "write `MON-FRI`"),
        ("0 9 * * Tues,thurs", "write `TUE,THU`"),
        ("0 9 * * Mondays", "write `MON`"),
        ("0 9 * * WEEKDAYS", "write `MON-FRI`"),
        ("0 9 * * weekend", "write `SAT-SUN`"),
        ("0 9 * * MOM", "write `MON`"),
        ("0 9 1 January *", "write `JAN`"),
        ("0 9 1 june-july,SEPT *", "write `JUN-JUL,SEP`"),
        ("0 0 * JANFEB *", "write 1 to 12 or `JAN` to `DEC`"),
        // Values.
        ("0 24 * * *", "`24` is not an hour: midnight is hour `0`"),
        ("60 * * * *", "`60` is not a minute; write 0 to 59"),
        ("0 0 32 * *", "`32` is not a day of the month; write 1 to 31"),
        ("0 9 * * MON,,FRI", "`MON,,FRI` has an empty list item; write `MON,FRI`"),
        ("1, * * * *", "write `1`"),
        // Steps that have no place, and values that are one too large.
        ("0 0 * * FRI#2/2", "`FRI#2` takes no step; write `FRI#2`"),
        ("0 0 * * FRIL/90", "`FRIL` takes no step; write `FRIL`"),
        ("0 0 15W/2 * *", "`15W` takes no step; write `15W`"),
        ("0 0 ?/x * *", "`?/x` is not a day of the month; write 1 to 31"),
        ("0 0-24 * * *", "`0-24` is not an hour: midnight is hour `0`; write `0-23`"),
        ("0 8-24 * * *", "midnight is hour `0`; write `8-23,0`"),
        ("0 8-24/2 * * *", "midnight is hour `0`; write `8-23/2,0`"),
        ("0 8-24/3 * * *", "midnight is hour `0`; write `8-23/3`"),
        ("0 23-24 * * *", "midnight is hour `0`; write `23,0`"),
        ("0 24-24 * * *", "midnight is hour `0`; write `0`"),
        ("0 24-5 * * *", "midnight is hour `0`; write `0-5`"),
        ("0-60/5 * * * *", "the last minute is `59`; write `0-59/5`"),
        // What is wrong in a list is its item.
        ("5,0-60 * * * *", ": `0-60` is not a minute: the last minute is `59`; write `0-59`"),
        ("0 12,24 * * *", ": `24` is not an hour: midnight is hour `0`"),
        ("0 0 * * WED,Fri-Mon", ": `Fri-Mon` is not a day of the week: a range must ascend"),
        ("0 0 * * +WED,FRI#2/2", ": `FRI#2/2` is not a day of the week: `FRI#2` takes no step"),
        ("0-60 0 0 * * *", "the last second is `59`; write `0-59`"),
    ]);
}

#[test]
fn a_refusal_says_what_would_be_right_as_a_whole() {
    check(&[
        // What other programs accept.
        ("@every 90s", "for an interval use `every(\"90s\")`"),
        ("@every 1h30m", "use `every(\"1h30m\")`"),
        ("@every", "for an interval use `every(\"90s\")`"),
        ("@reboot", "use `once`, as in `once(\"1s\")`"),
        ("@dayly", "did you mean `@daily`?"),
        ("daily", "write `@daily`"),
        (
            "CRON_TZ=Europe/Berlin 0 9 * * *",
            "write `0 9 * * *` and give the zone as `tz = \"Europe/Berlin\"`",
        ),
        ("TZ=UTC @daily", "write `@daily` and give the zone as `tz = \"UTC\"`"),
        ("tz=\"Asia/Tokyo\" 0 0 9 * * *", "write `0 0 9 * * *` and give the zone as `tz = \"Asia/Tokyo\"`"),
        ("0 0 9 * * MON 2027", "`2027` is in the position of a year, but years are not supported"),
        ("0 0 9 ? * MON-FRI *", "`*` is in the position of a year"),
        ("0 0 9 * * MON 2027-2030", "`2027-2030` is in the position of a year"),
        ("0 9 * * MON 2027", "`2027` is in the position of a year"),
        ("0 0 1 1 * 2027", "`2027` is in the position of a year"),
        ("0 9 1 1 * 2027,2028", "`2027,2028` is in the position of a year"),
        ("0 9 * * MON *", "`*` is in the position of a year"),
        ("0 0 9 * 0 *", "`0` is not a month; write 1 to 12"),
        ("0 9 1 1 2027", "`2027` is not a day of the week: years are not supported"),
        ("* * * * * * * *", "it has 8 fields"),
        // Blanks.
        ("1, 2 * * * *", "a list has no blanks; write `1,2`"),
        ("0 9 1, 15 * *", "a list has no blanks; write `1,15`"),
        ("0 9 1 ,15 * *", "a list has no blanks; write `1,15`"),
        ("0 9 1 , 15 * *", "a list has no blanks; write `1,15`"),
        ("0 9 * * MON, WED, FRI", "a list has no blanks; write `MON,WED,FRI`"),
        ("0 0 9 * * MON, FRI", "a list has no blanks; write `MON,FRI`"),
        ("0 9 * * MON - FRI", "a range has no blanks; write `MON-FRI`"),
        ("*/ 5 * * * *", "a step has no blanks; write `*/5`"),
        (
            "0 9 * * MON, FRIDAY",
            "a list has no blanks, and `MON,FRIDAY` is not a day of the week: write `MON,FRI`",
        ),
        ("1, * * * * *", "`1,` has an empty list item; write `1`"),
        // Years.
        ("0 12 * * ? *", "`*` is in the position of a year, but years are not supported"),
        ("0 12 25 12 ? *", "`*` is in the position of a year"),
        ("0 12 ? 12 3 *", "`*` is in the position of a year"),
        ("0 12 ? * MON-FRI 2027/2", "`2027/2` is in the position of a year"),
        ("0 12 ? * MON-FRI */2", "`*/2` is in the position of a year"),
        ("0 0 9 * * MON */2", "`*/2` is in the position of a year"),
        ("0 0 9 * * MON *,2027", "`*,2027` is in the position of a year"),
        ("0 0 9 * * MON 2200", "`2200` is in the position of a year"),
        ("0 0 9 * * MON 27", "`27` is in the position of a year"),
        ("0 0 9 ? * 8", "`8` is not a day of the week"),
        // Zones and fields that are wrong too.
        (
            "CRON_TZ=EDT 0 9 * * *",
            "write `0 9 * * *` and give the zone as `tz` in an attribute, `.tz(..)` in code or `timezone` in a \
             request; unknown time zone `EDT`; for US Eastern Time use `America/New_York`",
        ),
        ("CRON_TZ=Foo/Bar 0 9 * * *", "unknown time zone `Foo/Bar`"),
        ("TZ=:Europe/Berlin 0 9 * * *", "write `0 9 * * *` and give the zone as `tz = \"Europe/Berlin\"`"),
        (
            "CRON_TZ=Europe/Berlin */90 * * * *",
            "the expression; give the zone as `tz = \"Europe/Berlin\"` in an attribute, `.tz(\"Europe/Berlin\")` \
             in code or `timezone` in a request; in the fields, `*/90` is not a minute: the largest step is 60",
        ),
        ("TZ=UTC 0 0 30 2 *", "`0 0 30 2 *` never fires"),
        ("TZ=UTC @dayly", "in the fields, unknown nickname; did you mean `@daily`?"),
        (
            "TZ=America/New York 0 9 * * *",
            "write `0 9 * * *` and give the zone as `tz = \"America/New_York\"`",
        ),
        ("TZ=UTC", "the expression; give the zone as `tz = \"UTC\"`"),
        // Nicknames of other programs.
        ("@every 1h30", "for an interval use `every(\"1h 30m\")`"),
        ("@every PT1H", "for an interval use `every(\"1h\")`"),
        ("@every 10", "`10` is not a length of time; it has no unit: write `10s` for seconds or `10m`"),
        ("@every 2mo", "write `60d`, or use a monthly schedule"),
        ("@minutely", "write `* * * * *`"),
        ("minutely", "write `* * * * *`"),
        ("@Weekday", "write `0 0 * * MON-FRI`"),
        ("@weekdays", "write `0 0 * * MON-FRI`"),
    ]);
}

/// Every nickname of other programs has a hint that is accepted.
#[test]
fn what_nicknames_stand_for_is_accepted() {
    for name in
        ["minutely", "every_minute", "secondly", "every_second", "noon", "weekday", "weekend", "quarterly"]
    {
        let error = parse_cron(&format!("@{name}")).map(drop).expect_err(name).to_string();
        let fields = error.split('`').rev().nth(1).unwrap();
        assert!(parse_cron(fields).is_ok(), "{name}: {error}");
    }
}
