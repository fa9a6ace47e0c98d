//! The time zone of the machine: what `TZ` says, or else the system's files.
//!
//! It is a name. The rules that go with the name are looked up elsewhere, so
//! that a machine without a database of zones will do. What is read is given:
//! the value of `TZ`, and the folder that stands for `/`.
//!
//! - `variable`: what a value of `TZ` means.
//! - `files`: `/etc/localtime` and `/etc/timezone`.
//! - `content`: which zone a file describes that does not say its name.

mod content;
mod files;
mod variable;

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
    /// What was there and could not be used, a sentence each.
    pub(crate) warnings: Vec<String>,
}

/// What named a zone. It displays as the end of a sentence: `from TZ`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ZoneSource {
    /// A setting of the program, as it is written.
    Setting(&'static str),
    /// The environment variable `TZ`.
    Variable,
    /// A file of the system, or its function on systems without such a file.
    System(&'static str),
    /// Nothing, so that it is UTC.
    Nothing,
}

impl fmt::Display for ZoneSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Setting(name) | Self::System(name) => write!(f, "from {name}"),
            Self::Variable => f.write_str("from TZ"),
            Self::Nothing => f.write_str("since the system names no zone"),
        }
    }
}

/// A value of `TZ` that names no zone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct NoZone(pub(crate) String);

/// The zone of this machine. Once found it stays the same for the process.
pub(crate) fn system_zone() -> Result<&'static SystemZone, NoZone> {
    static ZONE: OnceLock<SystemZone> = OnceLock::new();
    if let Some(known) = ZONE.get() {
        return Ok(known);
    }
    let found = look_up(std::env::var_os("TZ").as_deref(), Path::new("/"))?;
    Ok(ZONE.get_or_init(|| {
        for warning in &found.warnings {
            tracing::warn!("{warning}");
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
    if let Some(zone) = told_by_windows() {
        return found(zone, ZoneSource::System("Windows"), warnings);
    }
    if let Some(last) = warnings.last_mut() {
        last.push_str(
            "; times without a zone are in UTC: set `TZ` to an IANA name such as `Europe/Berlin` to change that",
        );
    }
    found(Tz::UTC, ZoneSource::Nothing, warnings)
}

#[cfg(windows)]
fn told_by_windows() -> Option<Tz> {
    iana_time_zone::get_timezone().ok()?.parse().ok()
}

#[cfg(not(windows))]
fn told_by_windows() -> Option<Tz> {
    None
}
