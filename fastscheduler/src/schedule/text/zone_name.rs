//! Names of time zones.

use super::zone_names::ZONE_NAMES;
use super::{ScheduleError, nearest};

/// Accepts the name of a zone of the IANA database, and nothing else.
pub fn check_zone_name(name: &str) -> Result<(), ScheduleError> {
    if ZONE_NAMES.binary_search(&name).is_ok() {
        return Ok(());
    }
    Err(ScheduleError::Zone { name: name.to_owned(), nearest: nearest_zone(name) })
}

/// The closest full name, or else the zone of that city: `tokyo` is `Asia/Tokyo`.
fn nearest_zone(name: &str) -> Option<&'static str> {
    let city = name.rsplit('/').next().unwrap_or(name).replace(' ', "_");
    let of_city = |zone: &&&str| zone.rsplit('/').next().is_some_and(|own| own.eq_ignore_ascii_case(&city));
    nearest(name, ZONE_NAMES.iter().copied()).or_else(|| ZONE_NAMES.iter().find(of_city).copied())
}
