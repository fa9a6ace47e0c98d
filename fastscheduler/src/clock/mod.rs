//! What the clock on the wall says; the layer above this one builds on it.

use std::sync::OnceLock;

use chrono_tz::Tz;

/// The zone of this machine: `TZ`, or else what the system is set to, or else UTC.
///
/// It is read once.
pub(crate) fn system_zone() -> Tz {
    static ZONE: OnceLock<Tz> = OnceLock::new();
    *ZONE.get_or_init(|| {
        jiff::tz::TimeZone::system().iana_name().and_then(|name| name.parse().ok()).unwrap_or(Tz::UTC)
    })
}
