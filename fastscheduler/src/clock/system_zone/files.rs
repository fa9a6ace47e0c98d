//! The system's files: a link to a zone's file, a copy of it, or a file that
//! contains its name.

use std::fs;
use std::io::ErrorKind;
use std::path::{Component, Path, PathBuf};

use chrono_tz::Tz;

use super::content;

/// The system's zone: a link to the file of the zone, or a copy of it.
pub(super) const LOCALTIME: &str = "/etc/localtime";
/// A text file with the name of the system's zone.
const TIMEZONE: &str = "/etc/timezone";

/// Reads one of them below a root.
type Read = fn(&Path) -> Found;

/// The files to read, in this order.
pub(super) const SOURCES: [(&str, Read); 2] =
    [(LOCALTIME, |root| zone_of(Path::new(LOCALTIME), root)), (TIMEZONE, named)];

/// A chain of more links than this is taken for a loop.
const MOST_LINKS: usize = 40;

/// What a file says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Found {
    Zone(Tz),
    /// There is no such file.
    Nothing,
    /// There is one, but it names no known zone, for this reason.
    Unknown(String),
}

/// The zone of a file below `root`: by its path, by the path it links to, or by
/// its content.
pub(super) fn zone_of(path: &Path, root: &Path) -> Found {
    let mut at = without_detours(path);
    for links in 0..MOST_LINKS {
        if let Some(zone) = zone_in(&at) {
            return Found::Zone(zone);
        }
        let file = below(root, &at);
        let unknown = |why: &str| {
            let (path, leads) = (path.display(), at.display());
            Found::Unknown(match links {
                0 => format!("`{path}` {why}"),
                _ => format!("`{path}` links to `{leads}`, which {why}"),
            })
        };
        let kind = match fs::symlink_metadata(&file) {
            Ok(known) => known.file_type(),
            Err(error) if is_absent(&error) => {
                return if links == 0 { Found::Nothing } else { unknown("does not exist and names no zone") };
            }
            Err(error) => return unknown(&format!("cannot be read: {error}")),
        };
        if kind.is_symlink() {
            match fs::read_link(&file) {
                Ok(target) => {
                    at = without_detours(&at.parent().unwrap_or(Path::new("/")).join(target));
                    continue;
                }
                Err(error) => return unknown(&format!("cannot be read: {error}")),
            }
        }
        if !kind.is_file() {
            return unknown("is not a file");
        }
        return match fs::read(&file) {
            Ok(content) => content::zone_of(&content, root)
                .map_or_else(|| unknown("matches no known time zone"), Found::Zone),
            Err(error) => unknown(&format!("cannot be read: {error}")),
        };
    }
    Found::Unknown(format!("`{}` is a loop of links", path.display()))
}

/// The zone that the text file names.
fn named(root: &Path) -> Found {
    let file = below(root, Path::new(TIMEZONE));
    // Reading a pipe would wait for somebody to write.
    if fs::metadata(&file).is_ok_and(|known| !known.is_file()) {
        return Found::Unknown(format!("`{TIMEZONE}` is not a file"));
    }
    match fs::read_to_string(file) {
        Ok(text) => {
            let mut lines = text.lines().map(str::trim);
            let name = lines.find(|line| !line.is_empty() && !line.starts_with('#')).unwrap_or_default();
            let zone = name.parse().ok().or_else(|| zone_in(&Path::new("/zoneinfo").join(name)));
            zone.map_or_else(
                || Found::Unknown(format!("`{TIMEZONE}` says `{name}`, which is not a known time zone")),
                Found::Zone,
            )
        }
        Err(error) if is_absent(&error) => Found::Nothing,
        Err(error) => Found::Unknown(format!("`{TIMEZONE}` cannot be read: {error}")),
    }
}

/// The zone whose file in a time zone database that path is, whether or not it
/// exists: the part after `zoneinfo` and an optional `posix` or `right`.
fn zone_in(path: &Path) -> Option<Tz> {
    let parts: Vec<&str> = path.iter().map(|part| part.to_str().unwrap_or_default()).collect();
    let folder = parts.iter().rposition(|part| part.starts_with("zoneinfo"))?;
    let (["posix" | "right", name @ ..] | name) = &parts[folder + 1..];
    name.join("/").parse().ok()
}

/// The path without `.` and `..`.
pub(super) fn without_detours(path: &Path) -> PathBuf {
    let mut direct = PathBuf::new();
    for part in path.components() {
        match part {
            Component::CurDir => {}
            Component::ParentDir => {
                direct.pop();
            }
            Component::Normal(_) | Component::RootDir | Component::Prefix(_) => direct.push(part),
        }
    }
    direct
}

/// An absolute path, moved below another root.
fn below(root: &Path, path: &Path) -> PathBuf {
    root.join(path.strip_prefix("/").unwrap_or(path))
}

fn is_absent(error: &std::io::Error) -> bool {
    matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory)
}
