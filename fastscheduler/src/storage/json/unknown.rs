//! Fields of a file that this version does not know, since a newer one wrote it.
//!
//! They are passed over when a record is read, and so they are gone when it is
//! written again.

use std::collections::BTreeSet;
use std::io::{self, Write};
use std::path::Path;

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

/// The checksum of a record.
const CHECKSUM: &str = "crc";

/// The fields that were found.
#[derive(Debug, Default)]
pub(super) struct Unknown {
    fields: BTreeSet<String>,
    /// Those that are not written again either, but which this version knows.
    known: BTreeSet<String>,
}

impl Unknown {
    /// Looks for fields in a line that are not in what was read of it. The place
    /// is where in the file the record is.
    pub(super) fn look<T: Serialize + DeserializeOwned>(&mut self, place: &str, line: &[u8], read: &T) {
        let mut same = Same { rest: line };
        if serde_json::to_writer(&mut same, read).is_ok() {
            return;
        }
        // A field less or more, or another order. What is wrong with a record is
        // found when it is read.
        let written: Result<Value, _> = serde_json::from_slice(line);
        let read = serde_json::to_value(read);
        if let (Ok(written), Ok(read)) = (written, read) {
            let mut missing = Vec::new();
            find_missing(&written, &read, &mut Vec::new(), &mut missing);
            for steps in missing {
                self.judge::<T>(place, &written, &steps);
            }
        }
    }

    /// Whether a field that is not written again is known.
    fn judge<T: DeserializeOwned>(&mut self, place: &str, written: &Value, steps: &[Step<'_>]) {
        let names = steps.iter().filter_map(|step| match step {
            Step::Field(name) => Some(*name),
            Step::Place(_) => None,
        });
        let path = std::iter::once(place).chain(names).filter(|name| !name.is_empty());
        let path = path.collect::<Vec<_>>().join(".");
        if self.fields.contains(&path) || self.known.contains(&path) {
            return;
        }
        // Nobody looks into a field that is unknown, and no field takes both.
        let takes = |value| T::deserialize(with(written, steps, value)).is_ok();
        let is_unknown = takes(json!(1)) && takes(json!({"": 1}));
        let fields = if is_unknown { &mut self.fields } else { &mut self.known };
        fields.insert(path);
    }

    /// Adds what was found elsewhere in the file.
    pub(super) fn append(&mut self, mut other: Self) {
        self.fields.append(&mut other.fields);
        self.known.append(&mut other.known);
    }

    /// What a person should know of it, if anything.
    pub(super) fn note(&self, file: &Path) -> Option<String> {
        let fields: Vec<_> = self.fields.iter().map(|field| format!("`{field}`")).collect();
        (!fields.is_empty()).then(|| {
            format!(
                "`{}` was written by a newer version, and this one drops what it does not know when the file is next \
                 written: {}; to keep that, run the newer version",
                file.display(),
                fields.join(", ")
            )
        })
    }
}

/// A step from a value into it.
#[derive(Clone, Copy)]
enum Step<'a> {
    Field(&'a str),
    Place(usize),
}

/// The fields of a record that are not in it any more once it was read. One
/// that is `null` says as much as one that is not there.
fn find_missing<'a>(
    written: &'a Value,
    read: &Value,
    steps: &mut Vec<Step<'a>>,
    missing: &mut Vec<Vec<Step<'a>>>,
) {
    match (written, read) {
        (Value::Object(written), Value::Object(read)) => {
            for (name, value) in written.iter().filter(|(_, value)| !value.is_null()) {
                if steps.is_empty() && name == CHECKSUM {
                    continue;
                }
                steps.push(Step::Field(name));
                match read.get(name) {
                    Some(read) => find_missing(value, read, steps, missing),
                    None => missing.push(steps.clone()),
                }
                steps.pop();
            }
        }
        (Value::Array(written), Value::Array(read)) => {
            for (place, (written, read)) in written.iter().zip(read).enumerate() {
                steps.push(Step::Place(place));
                find_missing(written, read, steps, missing);
                steps.pop();
            }
        }
        _ => {}
    }
}

/// A record with another value in one place.
fn with(record: &Value, steps: &[Step<'_>], value: Value) -> Value {
    let mut changed = record.clone();
    let place = steps.iter().try_fold(&mut changed, |within, step| match step {
        Step::Field(name) => within.get_mut(*name),
        Step::Place(place) => within.get_mut(*place),
    });
    if let Some(place) = place {
        *place = value;
    }
    changed
}

/// Compares what is written with a line, up to its checksum.
struct Same<'a> {
    rest: &'a [u8],
}

impl Write for Same<'_> {
    fn write(&mut self, written: &[u8]) -> io::Result<usize> {
        let is_end = || written == b"}" && self.rest.starts_with(br#","crc":""#);
        match self.rest.strip_prefix(written) {
            Some(rest) => self.rest = rest,
            None if is_end() => {}
            None => return Err(io::ErrorKind::InvalidData.into()),
        }
        Ok(written.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
