//! The system's files, which name a zone by where they lead, or are a copy of
//! its file, or have its name in them.

use std::fs;
use std::io::ErrorKind;
use std::path::{Component, Path, PathBuf};

use chrono_tz::Tz;

use super::content;

/// The system's zone: a link to the file of the zone, or a copy of it.
pub(super) const LOCALTIME: &str = "/etc/localtime";
/// The name of the system's zone.
const TIMEZONE: &str = "/etc/timezone";

/// How one of them is read, below a root.
type Read = fn(&Path) -> Found;

/// What is asked, in this order.
pub(super) const SOURCES: [(&str, Read); 2] =
    [(LOCALTIME, |root| zone_of(Path::new(LOCALTIME), root)), (TIMEZONE, named)];

/// More links than that lead nowhere.
const MOST_LINKS: usize = 40;

/// What a file says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Found {
    Zone(Tz),
    /// There is no such file.
    Nothing,
    /// There is one, but it names no zone that is known here. This is why.
    Unknown(String),
}

/// The zone of a file below `root`: by its path, by that of a file to which it
/// links, or by what is in it.
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
                return if links == 0 { Found::Nothing } else { unknown("is not there and no zone's name") };
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
                .map_or_else(|| unknown("has the rules of no zone that is known here"), Found::Zone),
            Err(error) => unknown(&format!("cannot be read: {error}")),
        };
    }
    Found::Unknown(format!("`{}` links to itself", path.display()))
}

/// The zone that is named in a file of text.
fn named(root: &Path) -> Found {
    match fs::read_to_string(below(root, Path::new(TIMEZONE))) {
        Ok(text) => {
            let mut lines = text.lines().map(str::trim);
            let name = lines.find(|line| !line.is_empty() && !line.starts_with('#')).unwrap_or_default();
            let zone = name.parse().ok().or_else(|| zone_in(&Path::new("/zoneinfo").join(name)));
            zone.map_or_else(
                || {
                    Found::Unknown(format!(
                        "`{TIMEZONE}` says `{name}`, which is no time zone that is known here"
                    ))
                },
                Found::Zone,
            )
        }
        Err(error) if is_absent(&error) => Found::Nothing,
        Err(error) => Found::Unknown(format!("`{TIMEZONE}` cannot be read: {error}")),
    }
}

/// The zone whose file in a database of zones that path is, whether or not it
/// is there: what follows `zoneinfo`, and a variant of the whole database.
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

/// The absolute path as it is below another root.
fn below(root: &Path, path: &Path) -> PathBuf {
    root.join(path.strip_prefix("/").unwrap_or(path))
}

fn is_absent(error: &std::io::Error) -> bool {
    matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory)
}
