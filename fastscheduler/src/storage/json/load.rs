//! Reading what is stored: the snapshot, and the changes since.

use std::path::Path;

use super::document::{Cores, Damage, Reader, VERSION};
use super::files::{self, Files};
use super::journal::{self, Extent, Unreadable, Written};
use super::not_numbers;
use super::python;
use super::snapshot::Snapshot;
use crate::storage::StorageError;
use crate::storage::state::State;

/// What can be done about damage.
const OF_STATE: &str = "put back a backup of it and of its journal, or move both away to begin anew";
const OF_JOURNAL: &str = "put back a backup of it and of the state file, or remove this line and all after it, \
                          which loses the changes that they tell of";

/// What the state file is.
pub(super) enum Found {
    /// Nothing was stored before.
    Nothing,
    Snapshot(Snapshot),
    /// That of the Python program, and what cannot be taken over from it.
    Python(Snapshot, Vec<String>),
}

/// Reads the state file.
pub(super) fn state_file(files: &Files, cores: Cores) -> Result<Found, StorageError> {
    let Some(text) = files::read("read the state file", &files.state)? else {
        let Some(journal) = files.journals().find(|journal| journal.exists()) else {
            return Ok(Found::Nothing);
        };
        let place = format!("the state file `{}`", files.state.display());
        let reason = format!(
            "it is gone, but its journal `{}` is there; put it back, or move the journal away to begin anew",
            journal.display()
        );
        return Err(StorageError::Damaged { place, reason });
    };
    let damaged = |damage| damaged(&files.state, damage, OF_STATE);
    let is_damaged = |reason: &str| damaged(Damage { line: 1, reason: reason.to_owned() });
    if Reader::knows(&text) {
        return Snapshot::read(&text, cores).map(Found::Snapshot).map_err(damaged);
    }
    if text.is_empty() {
        return Err(is_damaged("the file is empty"));
    }
    let (text, replaced) = not_numbers::as_null(&text);
    let (version, line) = python::version(&text).map_err(damaged)?;
    match version.as_str() {
        python::VERSION => {
            if let Some(journal) = files.journals().find(|journal| journal.exists()) {
                // It would be taken over as what was changed since.
                return Err(is_damaged(&format!(
                    "it is of the Python program, but the journal `{}` is there, which is not",
                    journal.display()
                )));
            }
            let letters = files::read("read the dead letters", &files.dead_letters)?;
            let letters = letters.as_deref().map(not_numbers::as_null);
            let (letters, in_letters) = letters.unzip();
            let (snapshot, mut notes) = python::take_over(&text, letters.as_deref()).map_err(damaged)?;
            match replaced + in_letters.unwrap_or_default() {
                0 => {}
                count => notes.push(format!(
                    "{count} × `NaN` or `Infinity` is taken over as `null`: JSON has no such numbers"
                )),
            }
            Ok(Found::Python(snapshot, notes))
        }
        // Somebody has put it into another form, and maybe changed it.
        VERSION => Err(is_damaged("it is not in the form that fastscheduler writes, one record a line")),
        _ => {
            let known = format!("`{VERSION}`, and `{}` of the Python program", python::VERSION);
            Err(unknown_version(&files.state, line, version, known))
        }
    }
}

/// Takes over the changes of a journal that come after a snapshot. `None` if
/// there is no such journal.
pub(super) fn replay(snapshot: &mut Snapshot, path: &Path) -> Result<Option<Extent>, StorageError> {
    let Some(text) = files::read("read the journal", path)? else { return Ok(None) };
    let extent = journal::read(&text, snapshot.sequence + 1, |record| snapshot.take_over(&record)).map_err(
        |unreadable| match unreadable {
            Unreadable::Damage(damage) => damaged(path, damage, OF_JOURNAL),
            Unreadable::Version(version) => unknown_version(path, 1, version, format!("`{VERSION}`")),
        },
    )?;
    Ok(Some(extent))
}

/// The same of the journal that was put aside, which was safe by then; whether
/// there is one.
pub(super) fn replay_old(snapshot: &mut Snapshot, path: &Path) -> Result<bool, StorageError> {
    match replay(snapshot, path)? {
        Some(Extent { torn, torn_line: line, .. }) if torn > 0 => {
            let reason = "it was not written to its end, though changes that follow were".to_owned();
            Err(damaged(path, Damage { line, reason }, OF_JOURNAL))
        }
        extent => Ok(extent.is_some()),
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
            return Err(journal::out_of_order(found, expected));
        }
        self.state.drop_oldest(record.dropped.unwrap_or_default());
        self.state
            .apply(&record.changes)
            .map_err(|error| format!("it does not fit what is before it: {error}"))?;
        self.sequence = found;
        Ok(())
    }
}

fn damaged(file: &Path, Damage { line, reason }: Damage, remedy: &str) -> StorageError {
    StorageError::Damaged {
        place: format!("`{}`, line {line}", file.display()),
        reason: format!("{reason}; nothing was changed; {remedy}"),
    }
}

fn unknown_version(file: &Path, line: usize, version: String, known: String) -> StorageError {
    StorageError::Version { place: format!("`{}`, line {line},", file.display()), version, known }
}
