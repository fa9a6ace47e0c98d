//! The changes since the last snapshot, one record a line, in order.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write as _};
use std::path::Path;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::document::{Damage, VERSION};
use super::error::FileError;
use super::files::{self, Files, with};
use super::line::{self, seal, unseal};
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
    /// Begins one, in the place of what is there, for those who may read the
    /// state file.
    pub(super) fn create(path: &Path, files: &Files) -> Result<Self, FileError> {
        let title = title().map_err(FileError::of("begin the journal", path))?;
        let create = || {
            // Appending, so that it goes on at the end after it was cut.
            let file = OpenOptions::new().append(true).create(true).open(path)?;
            file.set_len(0)?;
            file.set_permissions(fs::metadata(&files.state)?.permissions())?;
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
    pub(super) fn rotate(&mut self, files: &Files) -> Result<(), FileError> {
        let (path, old) = (&files.journal, &files.old_journal);
        let new = with(path, ".new");
        let next = Self::create(&new, files)?;
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
        *self = next;
        Ok(())
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
    /// The number of that line, from 1.
    pub(super) torn_line: usize,
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
    let mut number = 1;
    while let Some((line, _)) = line::first(&text[whole..]) {
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
            Ok(()) => {
                whole += line.len() + 1;
                number += 1;
            }
            // Of the last writes before a power failure, some may be missing.
            Err(_) if has_hole(line, whole) => break,
            Err(reason) => return Err(Damage { line: number, reason }.into()),
        }
    }
    let torn = &text[whole..];
    if whole == 0 && !is_torn_title(torn) {
        let reason = "it is not the journal of a state file".to_owned();
        return Err(Damage { line: 1, reason }.into());
    }
    Ok(Extent { whole: whole as u64, torn: torn.len() as u64, torn_line: number })
}

/// Whether a part of a line that begins at this offset was never written. It
/// reads as zeros, which JSON has not: from where the file ended before, or
/// from the beginning of a sector, to the end of a sector.
fn has_hole(line: &[u8], offset: usize) -> bool {
    const SECTOR: usize = 512;
    let mut at = 0;
    while let Some(start) = line[at..].iter().position(|byte| *byte == 0).map(|zero| at + zero) {
        let zeros = line[start..].iter().take_while(|byte| **byte == 0).count();
        at = start + zeros;
        if (start == 0 || (offset + start).is_multiple_of(SECTOR)) && (offset + at).is_multiple_of(SECTOR) {
            return true;
        }
    }
    false
}

/// Whether a text without whole lines is of a journal that was just begun.
fn is_torn_title(text: &[u8]) -> bool {
    title().is_ok_and(|title| title.starts_with(text)) || text.iter().all(|byte| *byte == 0)
}
