//! Cases of changing clocks, with answers that were worked out elsewhere.

#![expect(clippy::unwrap_used, reason = "a test fails where something is not as it should be")]

use chrono::{DateTime, Utc};
use fastscheduler::schedule::{self, Fold, Gap, IntoZone, Schedule, ScheduleBuilder, kind::Kind};

const CASES: [(&str, &str); 2] = [
    ("dst.txt", include_str!("../../vectors/dst.txt")),
    ("more.txt", include_str!("../../vectors/more.txt")),
];

#[test]
fn every_case_has_the_right_answer() {
    let mut wrong = Vec::new();
    let mut read = 0;
    for (file, text) in CASES {
        for line in text.lines().filter(|line| !line.starts_with('#') && !line.trim().is_empty()) {
            read += 1;
            let case: Vec<&str> = line.split(" | ").collect();
            let [zone, written, after, expected, why] = case[..] else { panic!("{file}: `{line}`") };
            let schedule = read_schedule(written, zone);
            let expected: Vec<DateTime<Utc>> =
                expected.split(' ').filter(|at| *at != "-").map(instant).collect();
            let ends = case[3].ends_with('-');
            let asked = expected.len() + usize::from(ends);
            let fires: Vec<_> = schedule.upcoming(instant(after)).take(asked).collect();
            if fires != expected {
                wrong.push(format!("{file}: {line}\n  expected {expected:?}\n  was      {fires:?}  ({why})"));
            }
        }
    }
    assert!(read >= 67 + 30, "only {read} cases were read");
    assert!(wrong.is_empty(), "{} wrong:\n{}", wrong.len(), wrong.join("\n"));
}

fn instant(text: &str) -> DateTime<Utc> {
    text.parse().unwrap_or_else(|error| panic!("`{text}`: {error}"))
}

fn read_schedule(written: &str, zone: &str) -> Schedule {
    let mut words: Vec<&str> = written.split(' ').collect();
    let mut gap = None;
    let mut fold = None;
    while let Some((name, value)) = words.last().and_then(|word| word.split_once('=')) {
        match (name, value) {
            ("gap", "next") => gap = Some(Gap::Next),
            ("gap", "skip") => gap = Some(Gap::Skip),
            ("gap", "shift") => gap = Some(Gap::Shift),
            ("fold", "first") => fold = Some(Fold::First),
            ("fold", "second") => fold = Some(Fold::Second),
            ("fold", "both") => fold = Some(Fold::Both),
            _ => panic!("`{written}`"),
        }
        words.pop();
    }
    let settings = (zone, gap, fold);
    match words[..] {
        ["daily", at] => finish(schedule::daily().at(at), settings),
        ["hourly", at] => finish(schedule::hourly().at(at), settings),
        ["weekly", days, at] => finish(schedule::weekly().on([days]).at(at), settings),
        ["monthly", "last", at] => finish(schedule::monthly().last_day().at(at), settings),
        ["monthly", day, at] => finish(schedule::monthly().on(day.parse().unwrap()).at(at), settings),
        ["cron", ..] => finish(schedule::cron(words[1..].join(" ")), settings),
        ["every", length, "anchor", anchor] => {
            finish(schedule::every(length).starting_at(instant(anchor)), settings)
        }
        ["once", at] => finish(schedule::at(at), settings),
        _ => panic!("`{written}`"),
    }
}

fn finish<K: Kind>(
    builder: ScheduleBuilder<K>,
    (zone, gap, fold): (&str, Option<Gap>, Option<Fold>),
) -> Schedule {
    let mut builder = builder.tz(zone.into_zone().unwrap());
    if let Some(gap) = gap {
        builder = builder.gap(gap);
    }
    if let Some(fold) = fold {
        builder = builder.fold(fold);
    }
    builder.schedule().unwrap_or_else(|error| panic!("{error}"))
}
