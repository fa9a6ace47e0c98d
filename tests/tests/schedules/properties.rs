//! What holds for any schedule, in any zone, at any time.
//!
//! The answers are compared with a walk through real time that looks at each
//! minute (or second) on its own, with jiff's offsets, and knows nothing of how
//! the library searches.

#![expect(clippy::unwrap_used, reason = "a test fails where something is not as it should be")]

use crate::walk::{Field, Nominal, Settings, Window, rules_of};
use chrono::{DateTime, TimeDelta, Utc};
use chrono_tz::{TZ_VARIANTS, Tz};
use croner::Cron;
use croner::parser::{CronParser, Seconds, Year};
use fastscheduler::schedule::{self, Schedule, ScheduleError};
use proptest::prelude::*;

/// Zones whose clocks do what few others do, several times as likely as others.
const PECULIAR: [Tz; 12] = [
    Tz::America__New_York,
    Tz::Europe__London,
    Tz::Europe__Dublin,
    Tz::Australia__Lord_Howe,
    Tz::Antarctica__Troll,
    Tz::Africa__Casablanca,
    Tz::Africa__Cairo,
    Tz::America__St_Johns,
    Tz::America__Nuuk,
    Tz::America__Vancouver,
    Tz::Asia__Gaza,
    Tz::Pacific__Apia,
];

fn zones() -> impl Strategy<Value = Tz> {
    prop_oneof![prop::sample::select(&PECULIAR[..]), prop::sample::select(&TZ_VARIANTS[..])]
}

/// A time near a change of the zone's clocks, if there is one, or else anywhere, from 1975 to 2100.
fn instants(zone: Tz) -> impl Strategy<Value = i64> {
    let anywhere = 157_766_400_i64..4_102_444_800;
    (anywhere, 0..4_u8).prop_map(move |(instant, place)| {
        if place == 0 {
            return instant;
        }
        let from = jiff::Timestamp::from_second(instant).unwrap();
        rules_of(zone).following(from).next().map_or(instant, |change| change.timestamp().as_second())
    })
}

fn field(lowest: u8, highest: u8, stars: u32) -> BoxedStrategy<Field> {
    let value = lowest..=highest;
    prop_oneof![
        stars => Just(Field::star(lowest, highest)),
        1 => (1..=30.min(highest - lowest + 1)).prop_map(move |step| Field::star_step(lowest, highest, step)),
        3 => value.clone().prop_map(|value| Field::list(&[value])),
        2 => prop::collection::vec(value.clone(), 2..4).prop_map(|values| Field::list(&values)),
        2 => (value.clone(), value, 1..5_u8).prop_map(|(a, b, step)| Field::range(a.min(b), a.max(b), step)),
    ]
    .boxed()
}

/// Hours, most of them those in which clocks change.
fn hours() -> BoxedStrategy<Field> {
    prop_oneof![field(0, 23, 2), field(0, 3, 0).prop_map(Field::without_star)].boxed()
}

fn cron_days() -> impl Strategy<Value = (Field, Field, Field)> {
    let star = |lowest, highest| Just(Field::star(lowest, highest)).boxed();
    let months = prop_oneof![4 => star(1, 12), 1 => field(1, 12, 1)];
    prop_oneof![
        3 => (star(1, 31), star(1, 12), star(0, 6)),
        1 => (field(1, 31, 1), months.clone(), star(0, 6)),
        1 => (star(1, 31), months.clone(), field(0, 6, 1)),
        1 => (field(1, 31, 0), months.clone(), field(0, 6, 0)),
        1 => (Just(Field::last_day()), months, star(0, 6)),
    ]
}

fn five_fields() -> impl Strategy<Value = Nominal> {
    (field(0, 59, 2), hours(), cron_days())
        .prop_map(|(minutes, hours, days)| Nominal::cron(None, minutes, hours, days))
}

fn six_fields() -> impl Strategy<Value = Nominal> {
    (field(0, 59, 1), field(0, 59, 2), hours(), cron_days())
        .prop_map(|(seconds, minutes, hours, days)| Nominal::cron(Some(seconds), minutes, hours, days))
}

fn other_kinds() -> impl Strategy<Value = Nominal> {
    let time = (prop_oneof![0..4_u8, 0..24_u8], 0..60_u8);
    prop_oneof![
        (0..60_u8).prop_map(Nominal::hourly),
        time.clone().prop_map(|(hour, minute)| Nominal::daily(hour, minute)),
        (1..128_u8, time.clone()).prop_map(|(days, (hour, minute))| Nominal::weekly(days, hour, minute)),
        (1..=32_u8, time).prop_map(|(day, (hour, minute))| Nominal::monthly(day, hour, minute)),
    ]
}

/// The same times as `nominal`, asked of the library; `None` where it never fires.
fn compiled(nominal: &Nominal, zone: Tz, settings: Settings) -> Option<Schedule> {
    match nominal.build(zone, settings) {
        Ok(schedule) => Some(schedule),
        Err(ScheduleError::NeverFires(_)) => None,
        Err(error) => panic!("{nominal:?}: {error}"),
    }
}

fn at(seconds: i64) -> DateTime<Utc> {
    DateTime::from_timestamp(seconds, 0).unwrap()
}

fn fires_in(schedule: &Schedule, after: i64, until: i64) -> Vec<i64> {
    let fires = schedule.upcoming(at(after)).map(|fire| fire.timestamp());
    // At most one a second: a search that stood still would else go on for ever.
    let most = usize::try_from(until - after + 1).unwrap();
    fires.take_while(|fire| *fire <= until).take(most).collect()
}

fn check(nominal: &Nominal, zone: Tz, settings: Settings, window: Window) -> Result<(), TestCaseError> {
    let Some(expected) = nominal.walk(zone, settings, window) else {
        return Err(TestCaseError::reject("an offset that is no whole number of minutes"));
    };
    let Some(schedule) = compiled(nominal, zone, settings) else {
        prop_assert!(expected.is_empty() || window.after < 1_767_225_600, "refused, and yet {expected:?}");
        return Ok(());
    };
    let fires = fires_in(&schedule, window.after, window.until);
    prop_assert!(fires.iter().all(|fire| *fire > window.after), "a fire that is not later than asked");
    prop_assert!(fires.is_sorted_by(|a, b| a < b), "out of order, or twice: {fires:?}");
    prop_assert_eq!(fires, expected, "{} in {}", schedule, zone);
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn each_minute_that_matches_is_a_fire_and_no_other(
        (zone, instant) in zones().prop_flat_map(|zone| (Just(zone), instants(zone))),
        nominal in prop_oneof![2 => five_fields(), 1 => other_kinds()],
        settings in any::<(Option<u8>, Option<u8>)>().prop_map(Settings::from),
        days in 1..4_i64,
    ) {
        check(&nominal, zone, settings, Window::around(instant, days * 86_400, 60))?;
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 120, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn each_second_that_matches_is_a_fire_and_no_other(
        (zone, instant) in zones().prop_flat_map(|zone| (Just(zone), instants(zone))),
        nominal in six_fields(),
        settings in any::<(Option<u8>, Option<u8>)>().prop_map(Settings::from),
    ) {
        check(&nominal, zone, settings, Window::around(instant, 4 * 3_600, 1))?;
    }

    #[test]
    fn months_of_minutes_agree(
        (zone, instant) in zones().prop_flat_map(|zone| (Just(zone), instants(zone))),
        nominal in prop_oneof![five_fields(), other_kinds()],
    ) {
        check(&nominal, zone, Settings::default(), Window::around(instant, 20 * 86_400, 60))?;
    }
}

/// The expression as croner reads it, for which a day field is unrestricted
/// only if it is `*`.
fn croner_of(expression: &str) -> Cron {
    let mut fields: Vec<&str> = expression.split(' ').collect();
    if let [.., day_of_month, _, day_of_week] = &mut fields[..] {
        for (field, all) in [(day_of_month, "1-31"), (day_of_week, "0-6")] {
            if *field == "*/1" || *field == all {
                *field = "*";
            }
        }
    }
    let parser = CronParser::builder().seconds(Seconds::Optional).year(Year::Disallowed).build();
    parser.parse(&fields.join(" ")).unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 500, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn without_changes_of_clocks_croner_agrees(
        nominal in prop_oneof![five_fields(), six_fields()],
        days in prop_oneof![
            3 => Just(None),
            1 => prop::sample::select(vec![
                "L * *", "LW * *", "15W * *", "1W,31W * *", "* * 5L", "* * MON#2", "* * FRI#5", "13 * +FRI",
                "*/10 * MON", "29 2 *", "31W 2,3 *", "L * SUN", "1-7 * +MON-WED", "? * 7",
            ]).prop_map(Some),
        ],
        after in 0..8_000_000_000_i64,
    ) {
        let mut expression = nominal.expression().unwrap().to_owned();
        if let Some(days) = days {
            let clock: Vec<&str> = expression.split(' ').collect();
            expression = format!("{} {days}", clock[..clock.len() - 3].join(" "));
        }
        let schedule = match schedule::cron(&*expression).tz(Tz::UTC).schedule() {
            Ok(schedule) => schedule,
            Err(ScheduleError::NeverFires(_)) => return Ok(()),
            Err(error) => panic!("{expression}: {error}"),
        };
        let croner = croner_of(&expression);
        let mut asked = at(after);
        for _ in 0..5 {
            let theirs = croner.find_next_occurrence(&asked, false).unwrap();
            prop_assert_eq!(schedule.next_after(asked), Some(theirs), "{} after {}", expression, asked);
            asked = theirs;
        }
    }

    #[test]
    fn asking_later_never_gives_an_earlier_fire(
        (zone, instant) in zones().prop_flat_map(|zone| (Just(zone), instants(zone))),
        nominal in prop_oneof![five_fields(), six_fields(), other_kinds()],
        settings in any::<(Option<u8>, Option<u8>)>().prop_map(Settings::from),
        mut asked in prop::collection::vec((-200_000_i64..200_000, 0..1_000_000_000_u32), 2..12),
    ) {
        let Some(schedule) = compiled(&nominal, zone, settings) else { return Ok(()) };
        asked.sort_unstable();
        let asked = asked.iter().map(|(second, nanos)| DateTime::from_timestamp(instant + second, *nanos).unwrap());
        let answers: Vec<_> = asked.map(|asked| (asked, schedule.next_after(asked).unwrap())).collect();
        for pair in answers.windows(2) {
            let ((_, before), (asked, answer)) = (pair[0], pair[1]);
            prop_assert!(answer > asked);
            let agrees = if asked < before { answer == before } else { answer > before };
            prop_assert!(agrees, "{} then {}, asked at {}", before, answer, asked);
        }
    }

    #[test]
    fn looking_back_agrees_with_counting(
        (zone, instant) in zones().prop_flat_map(|zone| (Just(zone), instants(zone))),
        nominal in prop_oneof![five_fields(), six_fields(), other_kinds()],
        seconds in 0..40_000_i64,
        scale in 1..100_i64,
        cap in 1..50_u64,
    ) {
        let Some(schedule) = compiled(&nominal, zone, Settings::default()) else { return Ok(()) };
        let (after, until) = (at(instant - 20_000), at(instant - 20_000 + seconds * scale));
        let fires: Vec<_> = schedule.upcoming(after).take_while(|fire| *fire <= until).take(60_000).collect();
        prop_assume!(fires.len() < 60_000);
        prop_assert_eq!(schedule.latest_at_or_before(until, after), fires.last().copied());
        let range = schedule.count_between(after, until, cap);
        prop_assert_eq!(range.map(|range| (range.first, range.last)), fires.first().copied().zip(fires.last().copied()));
        if let Some(range) = range {
            let all = fires.len() as u64;
            prop_assert_eq!((range.count, range.exact), (all.min(cap), all <= cap));
        }
    }

    #[test]
    fn an_interval_keeps_to_its_grid(
        millis in 1..10_000_000_u64,
        anchor in -1_000_000_000_000_000_i64..4_000_000_000_000_000,
        offset in -5_000_000_000_i64..50_000_000_000_000,
    ) {
        let anchor = DateTime::from_timestamp_micros(anchor).unwrap();
        let interval = std::time::Duration::from_micros(millis * 1_000 + 7);
        let schedule = schedule::every(interval).starting_at(anchor).schedule().unwrap();
        let asked = anchor + TimeDelta::microseconds(offset);
        let next = schedule.next_after(asked).unwrap();
        let step = TimeDelta::from_std(interval).unwrap();
        let elapsed = (next - anchor).num_microseconds().unwrap();
        prop_assert!(next > asked && next >= anchor + step);
        prop_assert_eq!(elapsed % step.num_microseconds().unwrap(), 0);
        prop_assert!(next - step <= asked || next == anchor + step);
        let range = schedule.count_between(anchor, next, 1).unwrap();
        let count = elapsed / step.num_microseconds().unwrap();
        prop_assert_eq!((range.first, range.last, range.exact), (anchor + step, next, true));
        prop_assert_eq!(i64::try_from(range.count).unwrap(), count);
    }

    #[test]
    fn upcoming_is_next_after_again_and_again(
        (zone, instant) in zones().prop_flat_map(|zone| (Just(zone), instants(zone))),
        nominal in prop_oneof![five_fields(), other_kinds()],
    ) {
        let Some(schedule) = compiled(&nominal, zone, Settings::default()) else { return Ok(()) };
        let mut asked = at(instant);
        for fire in schedule.upcoming(asked).take(20) {
            prop_assert_eq!(schedule.next_after(asked), Some(fire));
            asked = fire;
        }
    }
}

#[test]
fn the_edges_of_time_are_no_reason_to_panic() {
    let edges = [DateTime::<Utc>::MIN_UTC, DateTime::<Utc>::MAX_UTC, at(0)];
    let years =
        [-262_000, -10_000, -9_999, -1, 0, 1, 1_800, 2_499, 2_500, 2_899, 2_900, 9_999, 10_000, 262_000];
    let new_year =
        |year| chrono::NaiveDate::from_ymd_opt(year, 1, 1).unwrap().and_hms_opt(0, 0, 0).unwrap().and_utc();
    let anchored = |anchor| schedule::every(7).days().starting_at(anchor).schedule().unwrap();
    for zone in PECULIAR {
        let daily = |text| schedule::cron(text).tz(zone).schedule().unwrap();
        let schedules = [
            daily("30 1,2 * * *"),
            daily("*/5 * * * *"),
            daily("0 0 29 2 *"),
            daily("59 59 23 31 12 *"),
            schedule::every(1_000).days().schedule().unwrap(),
            anchored(DateTime::<Utc>::MIN_UTC),
            anchored(DateTime::<Utc>::MAX_UTC),
            schedule::at("9999-12-30 23:59:59").tz(zone).schedule().unwrap(),
            schedule::once(5).schedule().unwrap(),
        ];
        for schedule in &schedules {
            let hours = |instant: DateTime<Utc>| {
                (-30..30).step_by(5).map(move |h| instant.checked_add_signed(TimeDelta::hours(h)))
            };
            for edge in edges.into_iter().chain(years.map(new_year)).flat_map(hours).flatten() {
                for fire in schedule.upcoming(edge).take(3) {
                    assert!(fire > edge, "{schedule} after {edge}: {fire}");
                }
                let _ = schedule.latest_at_or_before(edge, edges[0]);
            }
        }
    }
}

/// Texts made of what cron expressions are made of, and of what they are not.
fn hostile() -> impl Strategy<Value = String> {
    let piece = prop::sample::select(vec![
        "*",
        "*/5",
        ",",
        "-",
        "/",
        "#",
        "L",
        "W",
        "LW",
        "?",
        "+",
        "0",
        "1",
        "7",
        "31",
        "59",
        "60",
        "99999999999",
        "MON",
        "SUN",
        "-SUN",
        "JAN",
        "dec",
        "@hourly",
        "@",
        " ",
        " ",
        " ",
        " ",
        "\t",
        "\n",
        "é",
        "٣",
        "ß",
        "😀",
        "0-59",
        "5-1",
        "1W",
        "31W",
        "MON#5",
        "5L",
        "1-31/2",
        "*/0",
        "*/65535",
        "*/65536",
        "0/1",
        ",,",
        ", ,",
        "\u{0}",
        "ŉ",
        "1,2,3",
    ]);
    prop_oneof![
        3 => prop::collection::vec(piece.clone(), 0..24).prop_map(|pieces| pieces.concat()),
        3 => prop::collection::vec(prop::collection::vec(piece, 1..4), 5..7).prop_map(|fields| {
            fields.iter().map(|field| field.concat()).collect::<Vec<_>>().join(" ")
        }),
        1 => any::<String>(),
        1 => "[0-9*/,\\-LW#]{1,6}( [0-9*/,\\-LW#]{1,6}){4,5}",
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 100_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_text_makes_the_parser_panic(text in hostile()) {
        if let Ok(schedule) = schedule::cron(&*text).tz(Tz::Europe__London).schedule() {
            let next = schedule.next_after(at(1_800_000_000));
            prop_assert!(next.is_some(), "`{}` is accepted and has no fire", text);
        }
    }
}

#[test]
fn long_texts_are_refused_before_they_are_read() {
    for piece in [",", ", ,", "*", "0-59,", "é", " ", "MON", "-SUN", "@", "1W,"] {
        let text = piece.repeat(10_000 / piece.len());
        let mistake = schedule::cron(&*text).tz(Tz::UTC).schedule().unwrap_err().to_string();
        assert!(mistake.len() < 400, "{} bytes of mistake", mistake.len());
        let in_a_field = format!("{text} * * * *");
        assert!(schedule::cron(in_a_field).tz(Tz::UTC).schedule().is_err());
    }
}
