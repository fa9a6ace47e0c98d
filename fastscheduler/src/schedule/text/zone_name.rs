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

/// The zone of that city (`Asia/Tokyo` for `tokyo`), or else the closest name.
fn nearest_zone(name: &str) -> Option<&'static str> {
    let city = |zone: &'static str| zone.rsplit('/').next().unwrap_or(zone);
    let written = name.rsplit('/').next().unwrap_or(name).replace(' ', "_");
    let of_city =
        |meant: &str| ZONE_NAMES.iter().copied().find(|zone| city(zone).eq_ignore_ascii_case(meant));
    of_city(&written).or_else(|| nearest(name, ZONE_NAMES.iter().copied())).or_else(|| {
        let is_city = !name.contains('/') && name.len() > 3;
        nearest(&written, ZONE_NAMES.iter().copied().map(city).filter(|_| is_city)).and_then(of_city)
    })
}
