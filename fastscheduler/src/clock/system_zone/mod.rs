//! The time zone of the machine: what `TZ` says, or else the system's files.
//!
//! Only the zone's name is read. Its rules are looked up elsewhere, so that the
//! machine needs no time zone database. For tests, the value of `TZ` and the
//! folder that stands for `/` are passed in.
//!
//! - `variable`: what a value of `TZ` means.
//! - `files`: `/etc/localtime` and `/etc/timezone`.
//! - `content`: the zone of a file that does not give its name.
//! - `leap_seconds`: takes them off such a file.

mod content;
mod files;
mod leap_seconds;
mod variable;
mod version;

#[cfg(all(test, unix))]
mod tests;

use std::ffi::OsStr;
use std::fmt;
use std::path::Path;
use std::sync::OnceLock;

use chrono_tz::Tz;

use self::files::Found;

/// The machine's zone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct SystemZone {
    pub(crate) zone: Tz,
    pub(crate) source: ZoneSource,
    /// One sentence for each file that exists and could not be used.
    pub(crate) warnings: Vec<String>,
}

/// The version of the rules of time zones that the system has, if it says so. It may
/// change while the program runs.
pub(crate) fn system_zone_data_version() -> Option<String> {
    version::version(Path::new("/"))
}

/// What named a zone. It displays as the end of a sentence: `from TZ`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ZoneSource {
    /// A setting of the program, as it is written.
    Setting(&'static str),
    /// The environment variable `TZ`.
    Variable,
    /// A file of the system, or the system itself where there is no such file.
    System(&'static str),
    /// Nothing, so it is UTC.
    Nothing,
}

impl fmt::Display for ZoneSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Setting(name) | Self::System(name) => write!(f, "from {name}"),
            Self::Variable => f.write_str("from TZ"),
            Self::Nothing => f.write_str("because the system names no zone"),
        }
    }
}

/// A value of `TZ` that names no zone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct NoZone(pub(crate) String);

/// The zone of this machine. Once found, it stays the same in this process.
pub(crate) fn system_zone() -> Result<&'static SystemZone, NoZone> {
    static ZONE: OnceLock<SystemZone> = OnceLock::new();
    if let Some(known) = ZONE.get() {
        return Ok(known);
    }
    let found = look_up(std::env::var_os("TZ").as_deref(), Path::new("/"))?;
    Ok(ZONE.get_or_init(|| {
        for warning in &found.warnings {
            // It may quote what a file says.
            tracing::warn!("{}", warning.escape_debug());
        }
        found
    }))
}

/// The zone that a value of `TZ` names, or else the files below `root`.
fn look_up(variable: Option<&OsStr>, root: &Path) -> Result<SystemZone, NoZone> {
    let mut warnings = Vec::new();
    let found = |zone, source, warnings| Ok(SystemZone { zone, source, warnings });
    if let Some(value) = variable
        && let Some(zone) = variable::read(value, root)?
    {
        return found(zone, ZoneSource::Variable, warnings);
    }
    for (name, read) in files::SOURCES {
        match read(root) {
            Found::Zone(zone) => return found(zone, ZoneSource::System(name), warnings),
            Found::Nothing => {}
            Found::Unknown(why) => warnings.push(why),
        }
    }
    if let Some(zone) = from_windows() {
        return found(zone, ZoneSource::System("Windows"), warnings);
    }
    if let Some(last) = warnings.last_mut() {
        last.push_str(
            "; times without a zone are in UTC; to change that, set `TZ` to an IANA name such as `Europe/Berlin`",
        );
    }
    found(Tz::UTC, ZoneSource::Nothing, warnings)
}

#[cfg(windows)]
fn from_windows() -> Option<Tz> {
    iana_time_zone::get_timezone().ok()?.parse().ok()
}

#[cfg(not(windows))]
fn from_windows() -> Option<Tz> {
    None
}
