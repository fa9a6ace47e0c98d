//! Reading what is stored: the snapshot, and the changes since.

use std::path::Path;

use super::document::{Damage, Purpose, Reader, VERSION};
use super::files::{self, Files};
use super::journal::{self, Extent, Unreadable, Written};
use super::lineage::{self, Aside, Continues, Id, Lineage, Origin, Stranger};
use super::not_numbers;
use super::python;
use super::snapshot::Snapshot;
use super::unknown::Unknown;
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
    /// What was passed over is here too.
    Snapshot(Snapshot, Unknown),
    /// That of the Python program, and what cannot be taken over from it.
    Python(Snapshot, Vec<String>),
}

/// Reads the state file.
pub(super) fn state_file(files: &Files, purpose: Purpose) -> Result<Found, StorageError> {
    let Some(text) = files::read("read the state file", &files.state)? else {
        let Some(journal) = files.journals().find(|journal| journal.exists()) else {
            return Ok(Found::Nothing);
        };
        let place = files.name();
        let reason = format!(
            "it is gone, but its journal `{}` is there; put it back, or move the journal away to begin anew",
            journal.display()
        );
        return Err(StorageError::Damaged { place, reason });
    };
    let damaged = |damage| damaged(&files.state, damage, OF_STATE);
    let is_damaged = |reason: &str| damaged(Damage { line: 1, reason: reason.to_owned() });
    if Reader::knows(&text) {
        let read = Snapshot::read(&text, purpose).map_err(damaged);
        return read.map(|(snapshot, unknown)| Found::Snapshot(snapshot, unknown));
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

/// The journals that were read.
pub(super) struct Journals {
    /// The one that was put aside.
    pub(super) old: Option<Replayed>,
    pub(super) last: Option<Replayed>,
}

impl Journals {
    /// Takes over the changes that come after a snapshot.
    pub(super) fn replay(files: &Files, snapshot: &mut Snapshot) -> Result<Self, StorageError> {
        let old = replay_old(files, snapshot, Purpose::Start)?;
        let aside = old.as_ref().map_or(Aside::None, |old| match &old.origin {
            Some(origin) => Aside::From(origin.state.clone()),
            None => Aside::Unknown,
        });
        let last = replay(files, snapshot, &files.journal, &aside, Purpose::Start)?;
        Ok(Self { old, last })
    }

    /// What a person should know of what was passed over, for each of them.
    pub(super) fn notes(&self, files: &Files) -> impl Iterator<Item = String> {
        let journals = [(&self.old, &files.old_journal), (&self.last, &files.journal)];
        journals.into_iter().filter_map(|(journal, path)| journal.as_ref()?.unknown.note(path))
    }

    /// What the last journal goes on from. Nobody knows of a file without ids.
    pub(super) fn origin(&self, snapshot: &Snapshot) -> Origin {
        let origin = self.last.as_ref().and_then(|last| last.origin.clone());
        origin.unwrap_or_else(|| self.next_origin(snapshot, false))
    }

    /// What a journal goes on from that comes after all that was read, which may
    /// have been folded into the snapshot.
    pub(super) fn next_origin(&self, snapshot: &Snapshot, is_folded: bool) -> Origin {
        let of = |journal: &Option<Replayed>| journal.as_ref().and_then(|journal| journal.origin.clone());
        let (old, last) = (of(&self.old), of(&self.last));
        let known = snapshot.lineage.clone();
        let store = old.iter().chain(&last).next().map(|journal| journal.store.clone());
        let Lineage { store, state, .. } = known.unwrap_or_else(|| Lineage::begin(store));
        let is_beyond = self.old.as_ref().is_some_and(|old| old.continues == Continues::Next) && !is_folded;
        Origin { store, state: if is_beyond { Id::new() } else { state }, aside: old.map(|old| old.state) }
    }
}

/// A journal that was read.
pub(super) struct Replayed {
    pub(super) extent: Extent,
    /// What it goes on from, if it says so.
    pub(super) origin: Option<Origin>,
    pub(super) continues: Continues,
    /// What was passed over, for a [start](Purpose::Start).
    pub(super) unknown: Unknown,
}

impl Replayed {
    /// Whether changes can be appended to it, after all that was read.
    pub(super) fn can_go_on(&self, snapshot: &Snapshot) -> bool {
        // The snapshot is ahead of a journal that could not be written for a while.
        let is_behind = self.extent.last.is_some_and(|last| last < snapshot.sequence);
        self.extent.whole > 0 && self.continues == Continues::Next && !is_behind
    }
}

/// Takes over the changes of a journal that come after a snapshot, and after the
/// journal that was put aside. `None` if there is no such journal.
pub(super) fn replay(
    files: &Files,
    snapshot: &mut Snapshot,
    path: &Path,
    aside: &Aside,
    purpose: Purpose,
) -> Result<Option<Replayed>, StorageError> {
    let Some(text) = files::read("read the journal", path)? else { return Ok(None) };
    let origin = journal::origin(&text);
    let continues = lineage::compare(snapshot.lineage.as_ref(), aside, origin.as_ref())
        .map_err(|stranger| refused(files, path, &stranger))?;
    let folded = snapshot.sequence;
    // Of one that was folded nothing is taken over.
    let purpose = if continues == Continues::Folded { Purpose::Fold } else { purpose };
    let read = journal::read(&text, snapshot.sequence + 1, purpose, |record| match continues {
        Continues::Next => snapshot.take_over(&record),
        Continues::Folded => Ok(()),
    });
    let (extent, unknown) = read.map_err(|unreadable| match unreadable {
        Unreadable::Damage(damage) => damaged(path, damage, OF_JOURNAL),
        Unreadable::Version(version) => unknown_version(path, 1, version, format!("`{VERSION}`")),
    })?;
    if continues == Continues::Folded
        && extent.last > Some(folded)
        && let Some((snapshot, journal)) = snapshot.lineage.as_ref().zip(origin.as_ref())
    {
        return Err(refused(files, path, &Stranger::of_other_changes(snapshot, journal)));
    }
    Ok(Some(Replayed { extent, origin, continues, unknown }))
}

/// The same of the journal that was put aside, which was safe by then.
pub(super) fn replay_old(
    files: &Files,
    snapshot: &mut Snapshot,
    purpose: Purpose,
) -> Result<Option<Replayed>, StorageError> {
    let path = &files.old_journal;
    let replayed = replay(files, snapshot, path, &Aside::None, purpose)?;
    if let Some(Extent { torn, torn_line: line, .. }) = replayed.as_ref().map(|replayed| replayed.extent)
        && torn > 0
    {
        let reason = "it was not written to its end, though changes that follow were".to_owned();
        return Err(damaged(path, Damage { line, reason }, OF_JOURNAL));
    }
    Ok(replayed)
}

impl Snapshot {
    /// Nothing yet.
    pub(super) fn empty() -> Self {
        Self { state: State::default(), sequence: 0, lineage: Some(Lineage::begin(None)) }
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

/// A journal that does not belong to the state file.
fn refused(files: &Files, journal: &Path, stranger: &Stranger) -> StorageError {
    let state = files.state.display();
    StorageError::Damaged {
        place: format!("the journal `{}`", journal.display()),
        reason: format!(
            "it does not belong to the state file `{state}`: {stranger}; nothing was changed; put back the state file \
             and the journal of one backup, or move this journal away, which loses the changes in it"
        ),
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
