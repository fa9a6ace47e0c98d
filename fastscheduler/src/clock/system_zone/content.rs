//! Finds the zone of a file that does not give its name, such as a copy.
//!
//! Either it equals a zone's file in the machine's own database, byte for byte,
//! or it has the rules of a zone in the built-in database. Many zones have
//! several names; the usual one is taken. Leap seconds do not count.

use std::fs;
use std::path::Path;

use chrono_tz::{TZ_VARIANTS, Tz};
use jiff::Timestamp;
use jiff::tz::{TimeZone, TimeZoneDatabase};

use super::leap_seconds;

/// Where systems keep their time zone databases.
const DATABASES: [&str; 5] = [
    "usr/share/zoneinfo",
    "usr/lib/zoneinfo",
    "usr/share/lib/zoneinfo",
    "etc/zoneinfo",
    "var/db/timezone/zoneinfo",
];

/// The folders of a database that have a file for each zone.
const FOLDERS: [&str; 3] = ["", "posix", "right"];

/// A zone has far fewer transitions in any span that is compared. A damaged file
/// may have more.
const MOST_TRANSITIONS: usize = 1_000;

/// The span in which rules are compared, and whether abbreviations are too, from
/// strict to lenient. A file from an older database does not know later laws, may
/// have a history that was corrected since, and has abbreviations that have since
/// been dropped.
const COMPARISONS: [(&str, &str, Names); 6] = [
    ("1970-01-01T00:00:00Z", "2037-01-01T00:00:00Z", Names::Compared),
    // A file that counts leap seconds ends when the next one is not yet decided.
    ("1970-01-01T00:00:00Z", "2026-01-01T00:00:00Z", Names::Compared),
    ("1970-01-01T00:00:00Z", "2025-01-01T00:00:00Z", Names::Ignored),
    ("1970-01-01T00:00:00Z", "2018-01-01T00:00:00Z", Names::Ignored),
    ("2000-01-01T00:00:00Z", "2025-01-01T00:00:00Z", Names::Compared),
    ("2000-01-01T00:00:00Z", "2018-01-01T00:00:00Z", Names::Ignored),
];

#[derive(Clone, Copy, PartialEq, Eq)]
enum Names {
    Compared,
    Ignored,
}

/// What applies from an instant on: seconds east of UTC, and the abbreviation if
/// it is compared.
type Stretch = (Timestamp, i32, String);

/// The zone whose file this is, or else the one that has its rules.
pub(super) fn zone_of(content: &[u8], root: &Path) -> Option<Tz> {
    with_same_file(content, root).or_else(|| with_same_rules(content))
}

fn with_same_file(content: &[u8], root: &Path) -> Option<Tz> {
    let is_same = |zone: &Tz| {
        let folders =
            DATABASES.iter().flat_map(|database| FOLDERS.map(|folder| root.join(database).join(folder)));
        folders.map(|folder| folder.join(zone.name())).any(|file| {
            let is_as_long =
                fs::metadata(&file).is_ok_and(|known| known.is_file() && known.len() == content.len() as u64);
            is_as_long && fs::read(&file).is_ok_and(|known| known == content)
        })
    };
    usual(TZ_VARIANTS.into_iter().filter(is_same))
}

fn with_same_rules(content: &[u8]) -> Option<Tz> {
    let plain = leap_seconds::without(content);
    let file = TimeZone::tzif("localtime", plain.as_deref().unwrap_or(content)).ok()?;
    let database = TimeZoneDatabase::bundled();
    COMPARISONS.into_iter().find_map(|(since, until, names)| {
        let span: (Timestamp, Timestamp) = (since.parse().ok()?, until.parse().ok()?);
        let rules: Vec<Stretch> = stretches(&file, span, names).collect();
        let is_same = |zone: &Tz| {
            database
                .get(zone.name())
                .is_ok_and(|zone| stretches(&zone, span, names).eq(rules.iter().cloned()))
        };
        usual(TZ_VARIANTS.into_iter().filter(is_same))
    })
}

/// The offsets of a zone in a span of time, without transitions that change nothing.
fn stretches(
    zone: &TimeZone,
    (since, until): (Timestamp, Timestamp),
    names: Names,
) -> impl Iterator<Item = Stretch> {
    let name = move |name: &str| if names == Names::Compared { name.to_owned() } else { String::new() };
    let start = zone.to_offset_info(since);
    let first = (since, start.offset().seconds(), name(start.abbreviation()));
    let mut last = since;
    let changes = zone
        .following(since)
        // At the end of some tables, the same transition comes again and again.
        .take_while(move |change| change.timestamp() > std::mem::replace(&mut last, change.timestamp()))
        .take_while(move |change| change.timestamp() < until)
        .take(MOST_TRANSITIONS)
        .map(move |change| (change.timestamp(), change.offset().seconds(), name(change.abbreviation())));
    let mut before: Option<(i32, String)> = None;
    std::iter::once(first).chain(changes).filter(move |(_, offset, name)| {
        let now = Some((*offset, name.clone()));
        let is_change = now != before;
        before = now;
        is_change
    })
}

/// The usual one among several names of a zone.
fn usual(zones: impl Iterator<Item = Tz>) -> Option<Tz> {
    zones.min_by_key(|zone| (rank(zone.name()), zone.name()))
}

/// How usual a name is; lower is better. Names without a region, and those that
/// begin with a country, are obsolete.
fn rank(name: &str) -> usize {
    const REGIONS: [&str; 11] = [
        "Europe",
        "America",
        "Asia",
        "Africa",
        "Australia",
        "Pacific",
        "Atlantic",
        "Indian",
        "Antarctica",
        "Arctic",
        "Etc",
    ];
    if USUAL.binary_search(&name).is_ok() {
        return 0;
    }
    let region = name.split_once('/').map(|(region, _)| region);
    let place = region.and_then(|region| REGIONS.iter().position(|known| *known == region));
    1 + place.unwrap_or(REGIONS.len())
}

/// The usual names of zones that have another name earlier in the alphabet.
pub(super) const USUAL: [&str; 41] = [
    "Africa/Lagos",
    "Africa/Maputo",
    "Africa/Nairobi",
    "America/Indiana/Indianapolis",
    "America/Nuuk",
    "America/Panama",
    "America/Phoenix",
    "America/Puerto_Rico",
    "America/Rio_Branco",
    "America/Tijuana",
    "America/Toronto",
    "America/Winnipeg",
    "Asia/Dhaka",
    "Asia/Kolkata",
    "Asia/Kuching",
    "Asia/Macau",
    "Asia/Nicosia",
    "Asia/Qatar",
    "Asia/Riyadh",
    "Asia/Shanghai",
    "Asia/Singapore",
    "Asia/Thimphu",
    "Asia/Ulaanbaatar",
    "Asia/Urumqi",
    "Asia/Yangon",
    "Atlantic/Faroe",
    "Australia/Hobart",
    "Australia/Lord_Howe",
    "Australia/Sydney",
    "Europe/Brussels",
    "Europe/Kyiv",
    "Europe/London",
    "Europe/Paris",
    "Europe/Prague",
    "Europe/Zurich",
    "Indian/Maldives",
    "Pacific/Kanton",
    "Pacific/Pago_Pago",
    "Pacific/Port_Moresby",
    "Pacific/Tarawa",
    "UTC",
];
