//! The zone of times that name none, in processes with each kind of `TZ`.

#![cfg(unix)]

use std::ffi::{OsStr, OsString};
use std::fs;
use std::os::unix::ffi::OsStringExt as _;
use std::process::Command;

use fastscheduler_tests::state_folder::{LETTERS, StateFolder};
use fastscheduler_tests::told::Told;

const MORNING: u64 = 6 * 3_600;

/// A scheduler in its environment's zone, started that many seconds after Monday.
fn start(folder: &StateFolder, second: u64, variables: &[(&str, &OsStr)]) -> Result<Told, String> {
    let mut command = Command::new(env!("CARGO_BIN_EXE_does_as_told"));
    command.env_clear().envs(variables.iter().copied());
    command.arg("--own-zone").arg(folder.state_file()).arg(second.to_string());
    Told::start(&mut command).map(|(told, _)| told)
}

fn in_zone(folder: &StateFolder, second: u64, tz: &str) -> Told {
    start(folder, second, &[("TZ", OsStr::new(tz))]).unwrap()
}

/// The zone of this machine if `/etc/localtime` is a link.
fn of_this_machine() -> Option<String> {
    let target = fs::read_link("/etc/localtime").ok()?;
    Some(target.to_str()?.rsplit_once("zoneinfo/")?.1.to_owned())
}

#[test]
fn times_without_a_zone_are_in_the_zone_that_tz_names() {
    for (tz, zone, next) in [
        ("Europe/Berlin", "Europe/Berlin", "2026-11-23T08:00:00Z"),
        (":Europe/Berlin", "Europe/Berlin", "2026-11-23T08:00:00Z"),
        ("/usr/share/zoneinfo/Asia/Kolkata", "Asia/Kolkata", "2026-11-23T03:30:00Z"),
        (":/usr/share/zoneinfo/posix/America/New_York", "America/New_York", "2026-11-23T14:00:00Z"),
        ("GMT0", "UTC", "2026-11-23T09:00:00Z"),
        ("<UTC>0", "UTC", "2026-11-23T09:00:00Z"),
        ("", "UTC", "2026-11-23T09:00:00Z"),
    ] {
        let folder = StateFolder::new();
        let mut told = in_zone(&folder, 0, tz);
        assert_eq!(told.tell("zone").unwrap(), zone, "{tz}");
        assert_eq!(told.tell("schedule daily").unwrap(), zone, "{tz}");
        assert_eq!(told.tell("schedule date").unwrap(), zone, "{tz}");
        let id = told.tell("daily 09:00 work").unwrap();
        assert_eq!(told.tell(&format!("next {id}")).unwrap(), next, "{tz}");
        let log = told.tell("log").unwrap();
        assert!(log.contains(&format!("scheduler built, times in {zone} from TZ")), "{tz}: {log}");
        told.end();
    }
}

#[test]
fn without_tz_or_where_it_says_so_the_machine_decides() {
    let folder = StateFolder::new();
    let mut zones = Vec::new();
    for variables in
        [&[][..], &[("TZ", OsStr::new("/etc/localtime"))], &[("TZ", OsStr::new(":/etc/localtime"))]]
    {
        let mut told = start(&folder, 0, variables).unwrap();
        zones.push(told.tell("zone").unwrap());
        if let Some(expected) = of_this_machine() {
            assert_eq!(told.tell("schedule daily").unwrap(), expected);
            let log = told.tell("log").unwrap();
            assert!(log.contains(&format!("times in {expected} from /etc/localtime")), "{log}");
        }
        told.tell("stop").unwrap();
        told.end();
    }
    assert!(zones.iter().all(|zone| *zone == zones[0]), "{zones:?}");
    assert!(of_this_machine().is_none_or(|zone| zone == zones[0]), "{zones:?}");
}

#[test]
fn a_tz_that_names_no_zone_is_an_error_where_the_zone_matters_and_nowhere_else() {
    let no_text = OsString::from_vec(b"Europe/Berl\xffn".to_vec());
    for (tz, shown) in [
        (OsStr::new("Foo/Bar"), "Foo/Bar"),
        (OsStr::new("CET-1CEST,M3.5.0,M10.5.0/3"), "CET-1CEST,M3.5.0,M10.5.0/3"),
        (OsStr::new("/usr/share/zoneinfo/Foo/Bar"), "/usr/share/zoneinfo/Foo/Bar"),
        (&no_text, "Europe/Berl\u{fffd}n"),
    ] {
        let folder = StateFolder::new();
        let names_all = |error: &str| {
            let parts = [
                &*format!("`TZ` is `{shown}`"),
                "`Europe/Berlin`",
                "`.timezone(..)`",
                "FASTSCHEDULER_TIMEZONE",
            ];
            parts.iter().all(|part| error.contains(part))
        };
        let refused = start(&folder, 0, &[("TZ", tz)]).unwrap_err();
        assert!(names_all(&refused), "{refused}");
        assert!(folder.contents().is_empty(), "nothing was begun");
        // It does not matter if the scheduler's zone is named.
        let named = [("TZ", tz), ("FASTSCHEDULER_TIMEZONE", OsStr::new("Asia/Tokyo"))];
        let mut told = start(&folder, 0, &named).unwrap();
        assert_eq!(told.tell("zone").unwrap(), "Asia/Tokyo");
        assert!(told.tell("log").unwrap().contains("times in Asia/Tokyo from FASTSCHEDULER_TIMEZONE"));
        for schedule in ["daily", "date"] {
            let refused = told.tell(&format!("schedule {schedule}")).unwrap_err();
            assert!(names_all(&refused), "{refused}");
        }
        assert_eq!(told.tell("schedule zoned").unwrap(), "Asia/Tokyo");
        told.tell("schedule without").unwrap();
        // Dead letters do not need the machine's zone then, and neither does the audit.
        let id = told.tell("daily 09:00 fails").unwrap();
        assert_eq!(told.tell(&format!("next {id}")).unwrap(), "2026-11-24T00:00:00Z");
        told.tell("advance 86400").unwrap();
        told.tell("stop").unwrap();
        assert_eq!(times_of_letters(&folder), ["2026-11-24 09:00:00"]);
        told.tell("audit").unwrap();
        told.end();
    }
}

fn times_of_letters(folder: &StateFolder) -> Vec<String> {
    let letters: serde_json::Value = serde_json::from_slice(&folder.contents()[LETTERS]).unwrap();
    let letters = letters["dead_letters"].as_array().unwrap();
    letters.iter().map(|letter| letter["timestamp_readable"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn dead_letters_are_shown_in_the_zone_that_tz_names() {
    let folder = StateFolder::new();
    let mut told = in_zone(&folder, MORNING, "Asia/Kolkata");
    told.tell("daily 12:00 fails").unwrap();
    told.tell("advance 7200").unwrap();
    told.tell("stop").unwrap();
    told.tell("audit").unwrap();
    told.end();
    assert_eq!(times_of_letters(&folder), ["2026-11-23 12:00:00"]);
}

/// For stores from when times without a zone were silently in UTC.
#[test]
fn jobs_that_were_placed_in_utc_are_rescheduled_in_the_machines_zone_which_is_recorded_and_logged() {
    let folder = StateFolder::new();
    let mut told = in_zone(&folder, MORNING, "UTC");
    let ids = ["09:00", "07:00"].map(|time| told.tell(&format!("daily {time} work")).unwrap());
    told.tell("stop").unwrap();
    told.end();
    // One of them was missed in between, by its old times.
    let mut told = in_zone(&folder, MORNING + 7_000, "Europe/Berlin");
    let next = ids.each_ref().map(|id| told.tell(&format!("next {id}")).unwrap());
    assert_eq!(next, ["2026-11-23T08:00:00Z", "2026-11-24T06:00:00Z"]);
    let (first, second) = (&ids[0], &ids[1]);
    let skipped = told.tell("skipped").unwrap();
    assert_eq!(skipped, format!("{first} rescheduled 1, {second} rescheduled 1"));
    let log = told.tell("log").unwrap();
    let said =
        "WARN times without a zone are now in Europe/Berlin; they were in UTC: 2 jobs were rescheduled";
    assert!(log.contains(said), "{log}");
    told.tell("advance 3600").unwrap();
    assert_eq!(told.tell("completed").unwrap(), "1");
    told.tell("stop").unwrap();
    told.tell("audit").unwrap();
    told.end();
}

#[test]
fn another_name_of_the_same_zone_changes_nothing() {
    let folder = StateFolder::new();
    let mut told = in_zone(&folder, MORNING, "UTC");
    let id = told.tell("daily 07:00 work").unwrap();
    told.tell("stop").unwrap();
    told.end();
    let mut told = in_zone(&folder, MORNING + 7_000, "Etc/UTC");
    assert_eq!(told.tell("zone").unwrap(), "Etc/UTC");
    told.tell("advance 1").unwrap();
    // What was missed in between is caught up with.
    assert_eq!(told.tell("completed").unwrap(), "1");
    assert_eq!(told.tell("skipped").unwrap(), "");
    assert_eq!(told.tell(&format!("next {id}")).unwrap(), "2026-11-24T07:00:00Z");
    told.tell("stop").unwrap();
    told.tell("audit").unwrap();
    told.end();
}
