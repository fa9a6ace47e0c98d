//! Tables of what people write for zones and lengths of time, and the hints that
//! they get.

use super::text::{Micros, ScheduleError, check_zone_name};

#[test]
fn zones_as_people_write_them() {
    let fixed = |shown: &str, zone: &str, place: &str| {
        format!(
            "for a fixed offset of {shown} use `{zone}`, where the sign is reversed; \
             for a place, which may have daylight saving, use its zone, such as `{place}`"
        )
    };
    let table: &[(&str, &str)] = &[
        ("EDT", "for US Eastern Time use `America/New_York`"),
        ("est", "for US Eastern Time use `America/New_York`"),
        ("Eastern", "for US Eastern Time use `America/New_York`"),
        ("Eastern Standard Time", "for US Eastern Time use `America/New_York`"),
        ("Eastern Time (US & Canada)", "for US Eastern Time use `America/New_York`"),
        ("US Pacific", "for US Pacific Time use `America/Los_Angeles`"),
        ("PDT", "for US Pacific Time use `America/Los_Angeles`"),
        ("CST", "use `America/Chicago` for US Central Time or `Asia/Shanghai` for China"),
        ("IST", "use `Asia/Kolkata` for India, `Europe/Dublin` for Ireland or `Asia/Jerusalem` for Israel"),
        ("BST", "for the United Kingdom use `Europe/London`"),
        ("CEST", "for Central European Time use `Europe/Berlin`"),
        ("cet", "for Central European Time use `Europe/Berlin`"),
        ("W. Europe Standard Time", "for Central European Time use `Europe/Berlin`"),
        ("GMT Standard Time", "for the United Kingdom use `Europe/London`"),
        (
            "AUS Eastern Standard Time",
            "use `Australia/Sydney` for eastern Australia or `Australia/Brisbane` for Queensland",
        ),
        ("Tokyo Standard Time", "for Japan use `Asia/Tokyo`"),
        ("JST", "for Japan use `Asia/Tokyo`"),
        ("Asia/Beijing", "for China use `Asia/Shanghai`"),
        ("America/San_Francisco", "for the west coast of the US use `America/Los_Angeles`"),
        ("utc", "for universal time use `UTC`"),
        ("Coordinated Universal Time", "for universal time use `UTC`"),
        ("Z", "for no offset at all use `UTC`"),
        ("+00:00", "for no offset at all use `UTC`"),
        ("UTC+0", "for no offset at all use `UTC`"),
        (
            "+05:30",
            "there is no zone for a fixed offset of +05:30; use a place's zone, such as `Asia/Kolkata`",
        ),
        (
            "GMT-0330",
            "there is no zone for a fixed offset of -03:30; use a place's zone, such as `America/St_Johns`",
        ),
        // Nobody lives there.
        ("-12", "for a fixed offset of -12:00 use `Etc/GMT+12`, where the sign is reversed"),
        ("Y", "for a fixed offset of -12:00 use `Etc/GMT+12`, where the sign is reversed"),
        (
            "-02:30",
            "there is no zone for a fixed offset of -02:30; use a place's zone, such as `America/St_Johns`",
        ),
        ("+02:20", "no zone has an offset of +02:20; use an IANA name such as `UTC` or `Europe/London`"),
        ("UTC+15", "no zone has an offset of +15:00; use an IANA name such as `UTC` or `Europe/London`"),
        ("europe/berlin", "did you mean `Europe/Berlin`?"),
        ("AMERICA/NEW YORK", "did you mean `America/New_York`?"),
        ("local", "leave it out for the default zone, or use an IANA name such as `Europe/London`"),
        ("", "leave it out for the default zone, or use an IANA name such as `Europe/London`"),
        ("Mars/Olympus", "use an IANA name such as `UTC` or `Europe/London`"),
        ("é", "use an IANA name such as `UTC` or `Europe/London`"),
        ("+é:00", "use an IANA name such as `UTC` or `Europe/London`"),
        ("<é>1", "use an IANA name such as `UTC` or `Europe/London`"),
        ("(", "use an IANA name such as `UTC` or `Europe/London`"),
    ];
    for (name, right) in table {
        let error = check_zone_name(name).unwrap_err().to_string();
        assert_eq!(error, format!("unknown time zone `{name}`; {right}"));
    }
    for (name, shown, zone, place) in [
        ("+02:00", "+02:00", "Etc/GMT-2", "Europe/Athens"),
        ("UTC+2", "+02:00", "Etc/GMT-2", "Europe/Athens"),
        ("UTC +02", "+02:00", "Etc/GMT-2", "Europe/Athens"),
        ("GMT+5", "+05:00", "Etc/GMT-5", "Asia/Karachi"),
        ("gmt5", "+05:00", "Etc/GMT-5", "Asia/Karachi"),
        ("Etc/UTC+2", "+02:00", "Etc/GMT-2", "Europe/Athens"),
        ("Etc/GMT+05", "-05:00", "Etc/GMT+5", "America/New_York"),
        ("-0800", "-08:00", "Etc/GMT+8", "America/Los_Angeles"),
        ("\u{2212}08:00", "-08:00", "Etc/GMT+8", "America/Los_Angeles"),
        ("A", "+01:00", "Etc/GMT-1", "Europe/Berlin"),
        ("m", "+12:00", "Etc/GMT-12", "Pacific/Auckland"),
        ("N", "-01:00", "Etc/GMT+1", "Atlantic/Azores"),
        ("-11", "-11:00", "Etc/GMT+11", "Pacific/Pago_Pago"),
        ("X", "-11:00", "Etc/GMT+11", "Pacific/Pago_Pago"),
        ("+14", "+14:00", "Etc/GMT-14", "Pacific/Kiritimati"),
    ] {
        let error = check_zone_name(name).unwrap_err().to_string();
        assert_eq!(error, format!("unknown time zone `{name}`; {}", fixed(shown, zone, place)));
    }
}

/// Many abbreviations are one letter apart, so that nothing is guessed from them.
#[test]
fn short_words_and_names_of_other_systems_as_zones() {
    let table = [
        ("VET", "for Venezuela use `America/Caracas`"),
        ("SST", "for American Samoa use `Pacific/Pago_Pago`"),
        ("ChST", "for Guam use `Pacific/Guam`"),
        ("WIB", "for western Indonesia use `Asia/Jakarta`"),
        ("WITA", "for central Indonesia use `Asia/Makassar`"),
        ("WIT", "for eastern Indonesia use `Asia/Jayapura`"),
        ("GET", "for Georgia use `Asia/Tbilisi`"),
        ("AMT", "use `Asia/Yerevan` for Armenia or `America/Manaus` for western Brazil"),
        ("MMT", "for Myanmar use `Asia/Yangon`"),
        ("UZT", "for Uzbekistan use `Asia/Tashkent`"),
        ("MVT", "for the Maldives use `Indian/Maldives`"),
        ("OMST", "for Omsk use `Asia/Omsk`"),
        ("CCT", "for the Cocos Islands use `Indian/Cocos`"),
        ("NT", "for Newfoundland use `America/St_Johns`"),
        ("HDT", "for the Aleutian Islands use `America/Adak`"),
        ("Canada", "use `America/Toronto` for eastern Canada or `America/Vancouver` for western Canada"),
        ("Tanzania", "for Tanzania use `Africa/Dar_es_Salaam`"),
        ("Greenwich Standard Time", "for western Africa use `Africa/Abidjan`"),
        ("SA Pacific Standard Time", "for Colombia use `America/Bogota`"),
        ("Arabic Standard Time", "for Iraq use `Asia/Baghdad`"),
        ("Central Standard Time (Mexico)", "for central Mexico use `America/Mexico_City`"),
        ("Pacific Standard Time (Mexico)", "for Baja California use `America/Tijuana`"),
        ("QQT", "use an IANA name such as `UTC` or `Europe/London`"),
        ("utcc", "use an IANA name such as `UTC` or `Europe/London`"),
        ("Kanada", "use an IANA name such as `UTC` or `Europe/London`"),
        ("Lima", "did you mean `America/Lima`?"),
        ("Lodnon", "did you mean `Europe/London`?"),
        ("New Yrok", "did you mean `America/New_York`?"),
        ("Asia/Tokio", "did you mean `Asia/Tokyo`?"),
    ];
    for (name, right) in table {
        let error = check_zone_name(name).unwrap_err().to_string();
        assert_eq!(error, format!("unknown time zone `{name}`; {right}"));
    }
}

#[test]
fn posix_rules_as_zones() {
    let table = [
        ("CET-1CEST,M3.5.0,M10.5.0/3", "for Central European Time use `Europe/Berlin`"),
        ("JST-9", "for Japan use `Asia/Tokyo`"),
        ("GMT0BST,M3.5.0/1,M10.5.0", "for the United Kingdom use `Europe/London`"),
        ("gmt0bst", "for the United Kingdom use `Europe/London`"),
        ("<+1030>-10:30<+11>-11,M10.1.0,M4.1.0", "use a place's zone, such as `Australia/Lord_Howe`"),
        ("WET0WEST,M3.5.0/1,M10.5.0", "for Western European Time use `Europe/Lisbon`"),
        (
            "XYZ5",
            "for a fixed offset of -05:00 use `Etc/GMT+5`, where the sign is \
             reversed; for a place, which may have daylight saving, use its zone, such as `America/New_York`",
        ),
        (
            "<+0545>-5:45",
            "there is no zone for a fixed offset of +05:45; \
             use a place's zone, such as `Asia/Kathmandu`",
        ),
        (
            "XYZ99",
            "no zone has an offset of -99:00; \
             use an IANA name such as `UTC` or `Europe/London`",
        ),
        ("XYZ123", "use one such as `Europe/Berlin`"),
    ];
    for (name, right) in table {
        let error = check_zone_name(name).unwrap_err().to_string();
        let expected = format!("unknown time zone `{name}`; a POSIX rule is not the name of a zone; {right}");
        assert_eq!(error, expected);
    }
}

/// In the grammar of `TZ`, west is positive.
#[test]
fn values_of_the_variable_tz() {
    let table = [
        (
            "UTC+2",
            "in `TZ` it means 02:00 behind UTC; for that use `Etc/GMT+2`, or the zone of a place, such as `America/Noronha`",
        ),
        (
            ":UTC+2",
            "in `TZ` it means 02:00 behind UTC; for that use `Etc/GMT+2`, or the zone of a place, such as `America/Noronha`",
        ),
        (
            "GMT5",
            "in `TZ` it means 05:00 behind UTC; for that use `Etc/GMT+5`, or the zone of a place, such as `America/New_York`",
        ),
        (
            "utc-02:00:00",
            "in `TZ` it means 02:00 ahead of UTC; for that use `Etc/GMT-2`, or the zone of a place, such as `Europe/Athens`",
        ),
        (
            "<UTC>-5:30",
            "in `TZ` it means 05:30 ahead of UTC; for that use the zone of a place, such as `Asia/Kolkata`",
        ),
        (
            "<+02>-2",
            "in `TZ` it means 02:00 ahead of UTC; for that use `Etc/GMT-2`, or the zone of a place, such as `Europe/Athens`",
        ),
        ("XYZ12", "in `TZ` it means 12:00 behind UTC; for that use `Etc/GMT+12`"),
        ("UTC+2:20", "in `TZ` it means 02:20 behind UTC, an offset that no zone has"),
        ("UTC-15", "in `TZ` it means 15:00 ahead of UTC, an offset that no zone has"),
        ("EST5", "a POSIX rule is not the name of a zone; for US Eastern Time use `America/New_York`"),
        (
            "GMT0BST,M3.5.0/1,M10.5.0",
            "a POSIX rule is not the name of a zone; for the United Kingdom use `Europe/London`",
        ),
        // Nothing that the C library knows.
        (
            "+02:00",
            "for a fixed offset of +02:00 use `Etc/GMT-2`, where the sign is reversed; \
             for a place, which may have daylight saving, use its zone, such as `Europe/Athens`",
        ),
        ("europe/berlin", "did you mean `Europe/Berlin`?"),
        (":Europe/Berlni", "did you mean `Europe/Berlin`?"),
    ];
    for (value, right) in table {
        let error = ScheduleError::SystemZone(value.to_owned()).to_string();
        let expected = format!("`TZ` is `{value}`, which is not a time zone ({right}); set it to");
        assert!(error.starts_with(&expected), "{error}\n{expected}");
    }
}

/// Every zone that a hint offers is accepted, and every word has a hint.
#[test]
fn zones_that_are_offered_exist() {
    use super::text::zone_abbreviations::ABBREVIATIONS;
    use super::text::zone_words::{PLACES, WORDS};
    assert!(WORDS.is_sorted_by_key(|(word, _)| *word));
    assert!(ABBREVIATIONS.is_sorted_by_key(|(word, _)| *word));
    let of_words =
        WORDS.iter().chain(ABBREVIATIONS).flat_map(|(_, places)| places.iter().map(|(_, zone)| *zone));
    for zone in of_words.chain(PLACES.iter().map(|(_, zone)| *zone)) {
        assert_eq!(check_zone_name(zone), Ok(()), "{zone}");
    }
    let winter = "2026-01-01T00:00:00Z".parse().unwrap();
    let summer = "2026-07-01T00:00:00Z".parse().unwrap();
    for (minutes, zone) in PLACES {
        let zone = super::Zone::from(zone.parse::<chrono_tz::Tz>().unwrap());
        let east = [winter, summer].map(|at| {
            use chrono::Offset as _;
            zone.local(at).offset().fix().local_minus_utc() / 60
        });
        assert!(east.contains(minutes), "{zone}: {east:?}");
    }
    for (word, _) in WORDS.iter().chain(ABBREVIATIONS) {
        let error = check_zone_name(word).unwrap_err().to_string();
        assert!(error.contains("; for ") || error.contains("; use "), "{error}");
    }
}

#[test]
fn lengths_of_time_as_people_write_them() {
    let table = [
        ("PT1H", "write `1h`"),
        ("PT1H30M", "write `1h 30m`"),
        ("P1DT12H", "write `1d 12h`"),
        ("P2W", "write `14d`"),
        ("pt90s", "write `90s`"),
        ("PT1.5H", "write `1.5h`"),
        ("PT0H5M", "write `5m`"),
        ("P1M", "write `30d`, or use a monthly schedule"),
        ("1h30", "write `1h 30m`"),
        ("1h 30", "write `1h 30m`"),
        ("5m30", "write `5m 30s`"),
        ("2d 12", "write `2d 12h`"),
        ("90", "it has no unit: write `90s` for seconds or `90m` for minutes"),
        ("1.5", "it has no unit: write `1.5s` for seconds or `1.5m` for minutes"),
        ("1:30", "write `1h 30m` for hours and minutes or `1m 30s` for minutes and seconds"),
        ("00:05", "write `5m` for hours and minutes or `5s` for minutes and seconds"),
        ("01:30:00", "write `1h 30m`"),
        ("1,5h", "write `1.5h`"),
        ("1,500ms", "write `1500ms`"),
        ("1_500ms", "write `1500ms`"),
        ("1h, 30m", "write `1h 30m`"),
        ("1 hour and 30 minutes", "write `1h 30m`"),
        ("-5s", "it cannot be negative: write `5s`"),
        ("+5s", "write `5s`"),
        ("30S", "write `30s`"),
        ("5 Minutes", "write `5m`"),
        ("2hrs", "write `2h`"),
        ("10 secnds", "write `10s`"),
        ("5 min.", "write `5m`"),
        ("hour", "write `1h`"),
        ("an hour", "write `1h`"),
        ("@every 5m", "write `5m`"),
        ("every 5 minutes", "write `5m`"),
        ("1w", "write `7d`"),
        ("1.5 weeks", "write `10.5d`"),
        ("1w 2d", "write `7d 2d`"),
        ("2mo", "write `60d`, or use a monthly schedule"),
        ("1 month", "write `30d`, or use a monthly schedule"),
        ("1y", "write `365d`, or use a cron expression for a schedule, such as `0 0 1 1 *`"),
        ("1500us", "write `1.5ms`"),
        ("2000000 ns", "write `2ms`"),
        ("500us", "the shortest is `1ms`"),
        ("10 µs", "the shortest is `1ms`"),
        ("", "write for example `500ms`, `30s`, `5m`, `1h 30m` or `2d`"),
        ("1x", "write for example `500ms`, `30s`, `5m`, `1h 30m` or `2d`"),
        ("soon", "write for example `500ms`, `30s`, `5m`, `1h 30m` or `2d`"),
        ("s5", "write for example `500ms`, `30s`, `5m`, `1h 30m` or `2d`"),
        ("1..5s", "write for example `500ms`, `30s`, `5m`, `1h 30m` or `2d`"),
        ("5s30", "write `5s 30ms`"),
        ("P", "write for example `500ms`, `30s`, `5m`, `1h 30m` or `2d`"),
        ("é", "write for example `500ms`, `30s`, `5m`, `1h 30m` or `2d`"),
        ("-", "write for example `500ms`, `30s`, `5m`, `1h 30m` or `2d`"),
        ("inf", "write for example `500ms`, `30s`, `5m`, `1h 30m` or `2d`"),
        (":", "write for example `500ms`, `30s`, `5m`, `1h 30m` or `2d`"),
    ];
    for (text, right) in table {
        let error = text.parse::<Micros>().unwrap_err().to_string();
        assert_eq!(error, format!("`{text}` is not a length of time; {right}"));
    }
}

#[test]
fn lengths_of_time_with_signs_and_out_of_range() {
    let longest = "it is out of range: the longest is `36525d`, which is 100 years";
    let table = [
        ("-5", "it cannot be negative: write `5s` for seconds or `5m` for minutes"),
        ("-5m", "it cannot be negative: write `5m`"),
        ("- 5 minutes", "it cannot be negative: write `5m`"),
        ("\u{2212}1h30", "it cannot be negative: write `1h 30m`"),
        ("-PT1H", "it cannot be negative: write `1h`"),
        ("PT-1H-30M", "it cannot be negative: write `1h 30m`"),
        ("-01:30:00", "it cannot be negative: write `1h 30m`"),
        (
            "-1:30",
            "it cannot be negative: write `1h 30m` for hours and minutes or `1m 30s` for minutes and seconds",
        ),
        ("+5", "it has no unit: write `5s` for seconds or `5m` for minutes"),
        ("+PT1H", "write `1h`"),
        ("T5M", "write `5m`"),
        ("t1h30m", "write `1h 30m`"),
        ("1:30:00.5", "write `1h 30m 0.5s`"),
        ("00:00:01,250", "write `1.250s`"),
        ("1:30.5", "write `1m 30.5s`"),
        ("1 day, 2:30:00", "write `1d 2h 30m`"),
        ("2 days 01:30", "write `2d 1h 30m`"),
        ("1:02:03:04", "write `1d 2h 3m 4s`"),
        ("every 1:30:00", "write `1h 30m`"),
        ("P0Y0M0DT0H5M0S", "write `5m`"),
        ("0 months 3 days", "write `3d`"),
        ("101 years", longest),
        ("200y", longest),
        ("P101Y", longest),
        ("1 000 000 weeks", "write for example `500ms`, `30s`, `5m`, `1h 30m` or `2d`"),
        ("6000 weeks", longest),
        ("900000:00:00", longest),
        ("99999999999", longest),
        ("3000000000", "it has no unit: write `3000000000s` for seconds"),
        ("0", "the shortest is `1ms`"),
        ("PT0S", "the shortest is `1ms`"),
        ("00:00:00", "the shortest is `1ms`"),
        ("0.0001", "it has no unit: write `0.0001m` for minutes"),
        ("-500us", "the shortest is `1ms`"),
        ("T", "write for example `500ms`, `30s`, `5m`, `1h 30m` or `2d`"),
        ("1:", "write for example `500ms`, `30s`, `5m`, `1h 30m` or `2d`"),
        ("1:30:", "write for example `500ms`, `30s`, `5m`, `1h 30m` or `2d`"),
        ("1:30:00.", "write for example `500ms`, `30s`, `5m`, `1h 30m` or `2d`"),
        ("1.5:30", "write for example `500ms`, `30s`, `5m`, `1h 30m` or `2d`"),
    ];
    for (text, right) in table {
        let error = text.parse::<Micros>().unwrap_err().to_string();
        assert_eq!(error, format!("`{text}` is not a length of time; {right}"));
    }
}
