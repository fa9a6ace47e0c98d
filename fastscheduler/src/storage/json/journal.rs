//! The changes since the last snapshot, one record a line, in order.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::document::{Damage, VERSION};
use super::error::FileError;
use super::files::{self, with};
use super::line::{seal, unseal};
use crate::storage::Change;
use crate::storage::state::Dropped;

/// The first line.
#[derive(Serialize, Deserialize)]
struct Title {
    journal: String,
}

/// What is written of a batch: the changes, and before them what was dropped
/// from history since the record before.
#[derive(Debug, Serialize)]
pub(super) struct Record<'a> {
    pub(super) sequence: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) dropped: Option<Dropped>,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    pub(super) changes: &'a [Change],
}

/// The same, as it is read.
#[derive(Debug, Deserialize)]
pub(super) struct Written {
    pub(super) sequence: u64,
    pub(super) dropped: Option<Dropped>,
    #[serde(default)]
    pub(super) changes: Vec<Change>,
}

/// A journal that is written to.
#[derive(Debug)]
pub(super) struct Journal {
    file: Arc<File>,
    length: u64,
    /// The length of one without records.
    title: u64,
}

impl Journal {
    /// Begins one, in the place of what is there.
    pub(super) fn create(path: &Path) -> Result<Self, FileError> {
        let title = title().map_err(FileError::of("begin the journal", path))?;
        let create = || {
            // Appending, so that it goes on at the end after it was cut.
            let file = OpenOptions::new().append(true).create(true).open(path)?;
            file.set_len(0)?;
            (&file).write_all(&title)?;
            io::Result::Ok(file)
        };
        let file = create().map_err(FileError::of("begin the journal", path))?;
        let length = title.len() as u64;
        Ok(Self { file: Arc::new(file), length, title: length })
    }

    /// Goes on with one, which is cut to what is whole.
    pub(super) fn resume(path: &Path, whole: u64) -> Result<Self, FileError> {
        let title = title().map_err(FileError::of("open the journal", path))?.len() as u64;
        let open = || {
            let file = OpenOptions::new().append(true).open(path)?;
            if file.metadata()?.len() != whole {
                file.set_len(whole)?;
            }
            io::Result::Ok(file)
        };
        let file = open().map_err(FileError::of("open the journal", path))?;
        Ok(Self { file: Arc::new(file), length: whole, title })
    }

    /// Appends whole lines: all, or none if it fails. If even that cannot be
    /// had, a torn line stays, after which nothing must be appended.
    pub(super) fn append(&mut self, lines: &[u8]) -> io::Result<()> {
        (&*self.file).write_all(lines).inspect_err(|_| {
            let _ = self.file.set_len(self.length);
        })?;
        self.length += lines.len() as u64;
        Ok(())
    }

    /// Drops all records and begins with these.
    pub(super) fn renew(&mut self, lines: &[u8]) -> io::Result<()> {
        self.file.set_len(0)?;
        self.length = 0;
        self.append(&title()?)?;
        self.append(lines)
    }

    pub(super) fn length(&self) -> u64 {
        self.length
    }

    pub(super) fn has_records(&self) -> bool {
        self.length > self.title
    }

    pub(super) fn file(&self) -> Arc<File> {
        Arc::clone(&self.file)
    }

    /// Goes on in a new file; what was written so far is the old one.
    pub(super) fn rotate(&mut self, path: &Path, old: &Path) -> Result<Arc<File>, FileError> {
        let new: PathBuf = with(path, ".new");
        let next = Self::create(&new)?;
        let rename =
            |from: &Path, to: &Path| fs::rename(from, to).map_err(FileError::of("rename the journal", from));
        if let Err(error) = rename(path, old) {
            files::remove(&new)?;
            return Err(error);
        }
        if let Err(error) = rename(&new, path) {
            // As before: the records that follow belong behind those there are.
            rename(old, path)?;
            files::remove(&new)?;
            return Err(error);
        }
        Ok(std::mem::replace(self, next).file)
    }
}

fn title() -> io::Result<Vec<u8>> {
    let mut line = Vec::new();
    seal(&mut line, &Title { journal: VERSION.to_owned() })?;
    line.push(b'\n');
    Ok(line)
}

/// How much of a journal is whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Extent {
    /// Bytes of whole lines.
    pub(super) whole: u64,
    /// Bytes after them, of a line that was not written to its end.
    pub(super) torn: u64,
}

/// What keeps a journal from being read.
#[derive(Debug)]
pub(super) enum Unreadable {
    Damage(Damage),
    Version(String),
}

impl From<Damage> for Unreadable {
    fn from(damage: Damage) -> Self {
        Self::Damage(damage)
    }
}

/// Hands the records of a journal on, in order.
pub(super) fn read(
    text: &[u8],
    mut each: impl FnMut(Written) -> Result<(), String>,
) -> Result<Extent, Unreadable> {
    let mut whole = 0;
    let mut number = 0;
    while let Some(end) = text[whole..].iter().position(|byte| *byte == b'\n') {
        number += 1;
        let line = &text[whole..whole + end];
        let read = if number == 1 {
            let title: Result<Title, _> = unseal(line);
            if let Ok(title) = &title
                && title.journal != VERSION
            {
                return Err(Unreadable::Version(title.journal.clone()));
            }
            title.map(|_| ())
        } else {
            unseal(line).and_then(&mut each)
        };
        match read {
            Ok(()) => whole += end + 1,
            // Of the last writes before a power failure, some may be missing.
            Err(_) if is_blank(&text[whole..]) => break,
            Err(reason) => return Err(Damage { line: number, reason }.into()),
        }
    }
    Ok(Extent { whole: whole as u64, torn: (text.len() - whole) as u64 })
}

/// The number of the first record of a journal, if it has one that is whole.
pub(super) fn first(text: &[u8]) -> Option<u64> {
    let second = text.split_inclusive(|byte| *byte == b'\n').nth(1)?.strip_suffix(b"\n")?;
    unseal(second).ok().map(|Written { sequence, .. }| sequence)
}

/// Whether a text has a part that was never written: JSON has no zero bytes.
fn is_blank(text: &[u8]) -> bool {
    text.contains(&0)
}
