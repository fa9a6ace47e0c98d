//! The changes since the last snapshot, one record a line, in order.

use std::fs::{self, File, OpenOptions, Permissions};
use std::io::{self, Seek as _, SeekFrom, Write as _};
use std::path::Path;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::document::{Damage, Purpose, VERSION, read_shares};
use super::error::FileError;
use super::files::{self, Files};
use super::inode;
use super::line::{self, seal, unseal};
use super::lineage::Origin;
use super::unknown::Unknown;
use crate::storage::Change;
use crate::storage::state::Dropped;

/// The first line.
#[derive(Serialize, Deserialize)]
struct Title {
    journal: String,
    /// Nothing if an earlier version wrote it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    origin: Option<Origin>,
}

/// What is written of a batch: the changes, and before them what was dropped
/// from history since the record before.
#[derive(Debug, Serialize)]
pub(super) struct Record<'a> {
    pub(super) sequence: u64,
    /// The last record that was safe by then, where that is news.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) safe: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) dropped: Option<Dropped>,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    pub(super) changes: &'a [Change],
}

/// The same, as it is read.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Written {
    pub(super) sequence: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    safe: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) dropped: Option<Dropped>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) changes: Vec<Change>,
}

/// A journal that is written to.
#[derive(Debug)]
pub(super) struct Journal {
    file: Arc<File>,
    length: u64,
    /// The length of one without records.
    title: u64,
    origin: Origin,
}

impl Journal {
    /// Begins one, in the place of what is there.
    pub(super) fn create(path: &Path, permissions: Permissions, origin: Origin) -> Result<Self, FileError> {
        let title = title(&origin).map_err(FileError::of("begin the journal", path))?;
        let create = || {
            files::check_place(path)?;
            let file = OpenOptions::new().write(true).create(true).truncate(true).open(path)?;
            file.set_permissions(permissions)?;
            (&file).write_all(&title)?;
            io::Result::Ok(file)
        };
        let file = create().map_err(FileError::of("begin the journal", path))?;
        let length = title.len() as u64;
        Ok(Self { file: Arc::new(file), length, title: length, origin })
    }

    /// Goes on with one, which is cut to what is whole.
    pub(super) fn resume(path: &Path, extent: &Extent, origin: Origin) -> Result<Self, FileError> {
        let Extent { whole, title, .. } = *extent;
        let open = || {
            let mut file = OpenOptions::new().write(true).open(path)?;
            if file.metadata()?.len() != whole {
                file.set_len(whole)?;
            }
            file.seek(SeekFrom::Start(whole))?;
            io::Result::Ok(file)
        };
        let file = open().map_err(FileError::of("open the journal", path))?;
        Ok(Self { file: Arc::new(file), length: whole, title, origin })
    }

    /// Appends whole lines: all, or none if it fails. If even that cannot be
    /// had, a torn line stays, after which nothing must be appended.
    pub(super) fn append(&mut self, lines: &[u8]) -> io::Result<()> {
        let mut file = &*self.file;
        file.write_all(lines).inspect_err(|_| {
            let _ = file.set_len(self.length).and_then(|()| file.seek(SeekFrom::Start(self.length)));
        })?;
        self.length += lines.len() as u64;
        Ok(())
    }

    /// Begins a new file with these records, in the place of the old one.
    pub(super) fn renew(&mut self, files: &Files, origin: Origin, lines: &[u8]) -> Result<(), FileError> {
        let mut next = self.beside(files, origin)?;
        next.append(lines).map_err(FileError::of("begin the journal", &files.new_journal))?;
        rename(&files.new_journal, &files.journal)?;
        *self = next;
        Ok(())
    }

    /// Whether somebody has removed it.
    pub(super) fn is_removed(&self) -> bool {
        !inode::names(&self.file).is_ok_and(|names| names > 0)
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

    /// What it goes on from.
    pub(super) fn origin(&self) -> &Origin {
        &self.origin
    }

    /// The journal that comes next, when this one is put aside.
    pub(super) fn next(&self, files: &Files) -> Result<Self, FileError> {
        self.beside(files, self.origin.next())
    }

    /// An empty journal beside this one, for those who may read this one.
    fn beside(&self, files: &Files, origin: Origin) -> Result<Self, FileError> {
        let known = self.file.metadata().map_err(FileError::of("begin the journal", &files.journal))?;
        Self::create(&files.new_journal, known.permissions(), origin)
    }

    /// Goes on in the next one; what was written so far is the old one.
    pub(super) fn put_aside(&mut self, next: Self, files: &Files) -> Result<(), FileError> {
        rename(&files.journal, &files.old_journal)?;
        // Otherwise a power failure may keep the second rename and lose the first one,
        // and with it the old journal.
        files.sync_folder()?;
        rename(&files.new_journal, &files.journal)?;
        *self = next;
        Ok(())
    }
}

fn rename(from: &Path, to: &Path) -> Result<(), FileError> {
    fs::rename(from, to).map_err(FileError::of("rename the journal", from))
}

fn title(origin: &Origin) -> io::Result<Vec<u8>> {
    let mut line = Vec::new();
    seal(&mut line, &Title { journal: VERSION.to_owned(), origin: Some(origin.clone()) })?;
    line.push(b'\n');
    Ok(line)
}

/// How much of a journal is whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Extent {
    /// Bytes of whole lines.
    pub(super) whole: u64,
    /// Bytes of the first of them.
    pub(super) title: u64,
    /// Bytes after them, of a line that was not written to its end.
    pub(super) torn: u64,
    /// The number of that line, from 1.
    pub(super) torn_line: usize,
    /// The number of the last record, if there is any.
    pub(super) last: Option<u64>,
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

/// What a journal goes on from, if it says so.
pub(super) fn origin(text: &[u8]) -> Option<Origin> {
    let (line, _) = line::first(text)?;
    unseal::<Title>(line).ok()?.origin
}

/// So many lines are read ahead of those that are handed on.
const AHEAD: usize = 16_384;

/// Hands the records of a journal on, in order. Where they are a continuation,
/// the first is `next`. Says how far it goes, and what was passed over in it.
pub(super) fn read(
    text: &[u8],
    mut next: u64,
    purpose: Purpose,
    mut each: impl FnMut(Written) -> Result<(), String>,
) -> Result<(Extent, Unknown), Unreadable> {
    let (mut whole, mut title, mut number, mut last) = (0, 0, 1, None);
    let mut unknown = Unknown::default();
    let mut ahead = Vec::new().into_iter();
    while let Some((line, _)) = line::first(&text[whole..]) {
        let read = if number == 1 {
            title = line.len() as u64 + 1;
            let read: Result<Title, _> = unseal(line);
            if let Ok(title) = &read
                && title.journal != VERSION
            {
                return Err(Unreadable::Version(title.journal.clone()));
            }
            read.map(|_| ())
        } else {
            if ahead.len() == 0 {
                ahead = read_ahead(&text[whole..], purpose, &mut unknown).into_iter();
            }
            let record = ahead.next().unwrap_or_else(|| unseal(line));
            record.and_then(|record: Written| {
                // What was folded is at the beginning, if anywhere.
                if number > 2 && record.sequence != next {
                    return Err(out_of_order(record.sequence, next));
                }
                next = record.sequence.saturating_add(1);
                last = Some(record.sequence);
                each(record)
            })
        };
        match read {
            Ok(()) => {
                whole += line.len() + 1;
                number += 1;
            }
            // Of the last writes before a power failure, some may be missing.
            Err(_) if has_hole(line, whole) && !is_known_safe(&text[whole..], next) => break,
            Err(reason) => return Err(Damage { line: number, reason }.into()),
        }
    }
    let torn = &text[whole..];
    if whole == 0 && !is_torn_title(torn) {
        let reason = "it is not the journal of a state file".to_owned();
        return Err(Damage { line: 1, reason }.into());
    }
    let extent = Extent { whole: whole as u64, title, torn: torn.len() as u64, torn_line: number, last };
    Ok((extent, unknown))
}

/// Reads the next lines, on all cores if somebody waits for it.
fn read_ahead(text: &[u8], purpose: Purpose, unknown: &mut Unknown) -> Vec<Result<Written, String>> {
    let mut rest = text;
    let next = || {
        let (line, after) = line::first(rest)?;
        rest = after;
        Some(line)
    };
    let lines: Vec<&[u8]> = std::iter::from_fn(next).take(AHEAD).collect();
    let read = |_, lines: &[&[u8]]| {
        let mut unknown = Unknown::default();
        let records = lines.iter().map(|line| {
            let record = unseal(line)?;
            if purpose == Purpose::Start {
                unknown.look("", line, &record);
            }
            Ok(record)
        });
        (records.collect::<Vec<_>>(), unknown)
    };
    let mut all = Vec::with_capacity(lines.len());
    for (mut records, passed_over) in read_shares(&lines, purpose, read) {
        all.append(&mut records);
        unknown.append(passed_over);
    }
    all
}

/// What is wrong with a record that is not the one to come.
pub(super) fn out_of_order(found: u64, expected: u64) -> String {
    format!(
        "it is change {found}, but {expected} should come here: lines are missing before it, or it belongs to \
         another state file"
    )
}

/// Whether a whole record says that the one of this number was safe before.
fn is_known_safe(mut text: &[u8], number: u64) -> bool {
    while let Some((line, rest)) = line::first(text) {
        if unseal::<Written>(line).is_ok_and(|record| record.safe >= Some(number)) {
            return true;
        }
        text = rest;
    }
    false
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
    /// How each title begins, and no title is as long.
    const BEGINNING: &[u8] = br#"{"journal":"2.0","#;
    const LONG: usize = 160;
    let is_beginning = BEGINNING.starts_with(text) || text.starts_with(BEGINNING) && text.len() < LONG;
    is_beginning || text.iter().all(|byte| *byte == 0)
}
