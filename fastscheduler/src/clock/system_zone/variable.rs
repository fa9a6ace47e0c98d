//! What a value of `TZ` means.
//!
//! The C library accepts a file name, with or without a leading colon, or a
//! POSIX rule such as `CET-1CEST,M3.5.0,M10.5.0/3`, and silently ignores anything
//! else. Here a rule is an error, unless it is UTC's: it belongs to no zone, and
//! is wrong for years in which other laws applied.

use std::ffi::OsStr;
use std::path::Path;

use chrono_tz::Tz;

use super::NoZone;
use super::files::{self, Found, LOCALTIME};

/// Where a relative name is looked for.
const ZONEINFO: &str = "/usr/share/zoneinfo";

/// The zone that a value names; `None` if it names the system's own file.
pub(super) fn read(value: &OsStr, root: &Path) -> Result<Option<Tz>, NoZone> {
    let no_zone = || NoZone(value.to_string_lossy().into_owned());
    let text = value.to_str().ok_or_else(no_zone)?;
    let name = text.strip_prefix(':').unwrap_or(text);
    if name.trim().is_empty() || is_utc_with_a_zero(name) {
        return Ok(Some(Tz::UTC));
    }
    if let Ok(zone) = name.parse() {
        return Ok(Some(zone));
    }
    let path = files::without_detours(&Path::new(ZONEINFO).join(name));
    if path == Path::new(LOCALTIME) {
        return Ok(None);
    }
    match files::zone_of(&path, root) {
        Found::Zone(zone) => Ok(Some(zone)),
        Found::Nothing | Found::Unknown(_) => Err(no_zone()),
    }
}

/// Whether it is a POSIX rule with a zero offset and no daylight saving: `UTC0`,
/// `GMT+0`, `<UTC>-00:00`.
fn is_utc_with_a_zero(text: &str) -> bool {
    let text = text.strip_prefix("Etc/").unwrap_or(text);
    let after_name = if let Some(quoted) = text.strip_prefix('<') {
        quoted.split_once('>').map(|(_, offset)| offset)
    } else {
        let letters = text.find(|c: char| !c.is_ascii_alphabetic()).unwrap_or(text.len());
        (letters >= 3).then(|| &text[letters..])
    };
    let Some(offset) = after_name else { return false };
    let digits = offset.strip_prefix(['+', '-']).unwrap_or(offset);
    !digits.is_empty()
        && digits.split(':').all(|part| !part.is_empty() && part.bytes().all(|byte| byte == b'0'))
}
