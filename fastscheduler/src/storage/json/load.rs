//! Reading what is stored: the snapshot, and the changes since.

use std::path::Path;

use super::document::{Damage, Reader, VERSION};
use super::files::{self, Files};
use super::journal::{self, Extent, Unreadable, Written};
use super::python;
use super::snapshot::Snapshot;
use crate::storage::StorageError;
use crate::storage::state::State;

/// What the state file is.
pub(super) enum Found {
    /// Nothing was stored before.
    Nothing,
    Snapshot(Snapshot),
    /// That of the Python program, and what cannot be taken over from it.
    Python(Snapshot, Vec<String>),
}

/// Reads the state file.
pub(super) fn state_file(files: &Files) -> Result<Found, StorageError> {
    let Some(text) = files::read(&files.state)? else {
        for journal in [&files.journal, &files.old_journal] {
            if journal.exists() {
                return Err(StorageError::Damaged {
                    place: format!("the state file `{}`", files.state.display()),
                    reason: format!(
                        "it is gone, but its journal `{}` is there; put it back, or remove the journal too to \
                         begin anew",
                        journal.display()
                    ),
                });
            }
        }
        return Ok(Found::Nothing);
    };
    if Reader::knows(&text) {
        return Snapshot::read(&text).map(Found::Snapshot).map_err(|damage| damaged(&files.state, damage));
    }
    if text.is_empty() {
        let reason = "the file is empty".to_owned();
        return Err(damaged(&files.state, Damage { line: 1, reason }));
    }
    match python::version(&text).map_err(|damage| damaged(&files.state, damage))? {
        (version, _) if version == python::VERSION => {
            let letters = files::read(&files.dead_letters)?;
            let taken_over = python::take_over(&text, letters.as_deref());
            let (snapshot, notes) = taken_over.map_err(|damage| damaged(&files.state, damage))?;
            Ok(Found::Python(snapshot, notes))
        }
        (version, _) if version == VERSION => {
            // Somebody has put it into another form, and maybe changed it.
            let reason = "it is not in the form that fastscheduler writes, one record a line".to_owned();
            Err(damaged(&files.state, Damage { line: 1, reason }))
        }
        (version, line) => Err(unknown_version(&files.state, line, version)),
    }
}

/// Takes over the changes of a journal that come after a snapshot. `None` if
/// there is no such journal.
pub(super) fn replay(snapshot: &mut Snapshot, path: &Path) -> Result<Option<Extent>, StorageError> {
    let Some(text) = files::read(path)? else { return Ok(None) };
    let extent =
        journal::read(&text, |record| snapshot.take_over(&record)).map_err(
            |unreadable| match unreadable {
                Unreadable::Damage(damage) => damaged(path, damage),
                Unreadable::Version(version) => unknown_version(path, 1, version),
            },
        )?;
    Ok(Some(extent))
}

/// Takes over the changes of the journal that came after the old one.
///
/// The old one is synced first. So if it has lost its end to a power failure,
/// nobody was told of what this one has, if any of it reached the disk: it is
/// left out, and `None` answered.
pub(super) fn replay_after_old(snapshot: &mut Snapshot, path: &Path) -> Result<Option<Extent>, StorageError> {
    let Some(text) = files::read(path)? else { return Ok(None) };
    match journal::first(&text) {
        Some(first) if first > snapshot.sequence + 1 => Ok(None),
        Some(_) | None => replay(snapshot, path),
    }
}

impl Snapshot {
    /// Nothing yet.
    pub(super) fn empty() -> Self {
        Self { state: State::default(), sequence: 0 }
    }

    fn take_over(&mut self, record: &Written) -> Result<(), String> {
        let (found, expected) = (record.sequence, self.sequence + 1);
        if found < expected {
            // Written before the snapshot was.
            return Ok(());
        }
        if found > expected {
            return Err(format!("it is change {found}, but {expected} should come here"));
        }
        self.state.drop_oldest(record.dropped.unwrap_or_default());
        self.state
            .apply(&record.changes)
            .map_err(|error| format!("it does not fit what is before it: {error}"))?;
        self.sequence = found;
        Ok(())
    }
}

fn damaged(file: &Path, Damage { line, reason }: Damage) -> StorageError {
    StorageError::Damaged {
        place: format!("`{}`, line {line}", file.display()),
        reason: format!("{reason}; nothing was changed: put back a copy of the file, or mend it"),
    }
}

fn unknown_version(file: &Path, line: usize, version: String) -> StorageError {
    StorageError::Version {
        place: format!("`{}`, line {line},", file.display()),
        version,
        known: format!("`{VERSION}`, and `{}` of the Python program", python::VERSION),
    }
}
