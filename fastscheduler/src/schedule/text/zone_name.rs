//! Names of time zones.

use super::zone_hint::{hint, variable};
use super::zone_names::ZONE_NAMES;
use super::{ScheduleError, nearest};

/// Accepts the name of a zone of the IANA database, and nothing else.
pub fn check_zone_name(name: &str) -> Result<(), ScheduleError> {
    if ZONE_NAMES.binary_search(&name).is_ok() { Ok(()) } else { Err(ScheduleError::Zone(name.to_owned())) }
}

/// A hint for something that is not a zone's name, if there is one.
pub(super) fn meant(name: &str) -> Option<String> {
    hint(name).or_else(|| nearest_zone(name).map(|zone| format!("did you mean `{zone}`?")))
}

/// A hint for a value of `TZ` that is not a zone's name, if there is one.
pub(super) fn meant_in_variable(value: &str) -> Option<String> {
    let name = value.strip_prefix(':').unwrap_or(value);
    variable(name).or_else(|| meant(name))
}

/// Shorter texts without a region are abbreviations, which are all near each other.
const SHORTEST_WORD: usize = 6;

/// The zone of that city (`Asia/Tokyo` for `tokyo`), or else the closest name.
fn nearest_zone(name: &str) -> Option<&'static str> {
    let city = |zone: &'static str| zone.rsplit('/').next().unwrap_or(zone);
    let written = name.rsplit('/').next().unwrap_or(name).replace(' ', "_");
    let of_city =
        |meant: &str| ZONE_NAMES.iter().copied().find(|zone| city(zone).eq_ignore_ascii_case(meant));
    if let Some(zone) = of_city(&written) {
        return Some(zone);
    }
    if name.contains('/') {
        return nearest(name, ZONE_NAMES.iter().copied());
    }
    if name.chars().count() < SHORTEST_WORD {
        return None;
    }
    // People seldom get the first letter wrong.
    let begins_alike = |known: &&str| {
        let first = |text: &str| text.chars().next().map(|letter| letter.to_ascii_lowercase());
        first(known) == first(&written)
    };
    nearest(&written, ZONE_NAMES.iter().copied().map(city).filter(begins_alike)).and_then(of_city)
}
