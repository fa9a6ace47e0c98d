//! Which rules of time zones the system has.

use std::fs::File;
use std::io::{BufRead as _, BufReader, Read as _};
use std::path::Path;

/// Where the systems say it, and what comes before it there.
const PLACES: [(&str, &str); 2] =
    [("usr/share/zoneinfo/tzdata.zi", "# version "), ("usr/share/zoneinfo/+VERSION", "")];

/// No version is longer than this.
const LONGEST: u64 = 64;

/// The version of the system's rules, such as `2026f`, if it says so; `root` stands
/// for `/`.
pub(super) fn version(root: &Path) -> Option<String> {
    PLACES.iter().find_map(|(place, before)| {
        let mut line = String::new();
        let file = File::open(root.join(place)).ok()?;
        BufReader::new(file.take(LONGEST)).read_line(&mut line).ok()?;
        let version = line.strip_prefix(before)?.trim();
        (!version.is_empty()).then(|| version.to_owned())
    })
}
