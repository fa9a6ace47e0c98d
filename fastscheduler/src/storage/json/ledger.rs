//! The state in memory and its journal, kept in step.
//!
//! A batch is written to the journal first and taken over after that, both
//! under one lock, so that the journal has the changes in the order in which
//! they were made. Two threads see to the rest: [`sync`](super::sync) to what
//! must be safe, [`fold`](super::fold) to snapshots.

use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

use super::answer::{Answer, Answered};
use super::ending::{Closing, Lost};
use super::error::FileError;
use super::files::Files;
use super::folding::{Folding, Unfolded};
use super::journal::{Journal, Record};
use super::line::seal;
use super::lock::Lock;
use super::snapshot::Snapshot;
use super::syncing::Syncing;
use crate::storage::state::{Dropped, State};
use crate::storage::{Change, Durability, StorageError};

/// An open state file.
#[derive(Debug)]
pub(super) struct Ledger {
    pub(super) files: Files,
    pub(super) lock: Lock,
    inner: Mutex<Inner>,
    /// There is more to sync.
    pub(super) sync_more: Condvar,
    /// There is a snapshot to write.
    pub(super) fold_more: Condvar,
    /// Cancelled when the files are lost.
    pub(super) is_lost: CancellationToken,
    /// Notified when the state has fallen behind or is whole again.
    pub(super) check_changed: Notify,
}

pub(super) struct Inner {
    pub(super) state: State,
    /// The number of the last change in memory.
    pub(super) sequence: u64,
    /// The number of the last change in the journal, or in the snapshot that it
    /// begins after.
    pub(super) journaled: u64,
    /// What was dropped from memory since the last record.
    pub(super) dropped: Dropped,
    pub(super) journal: Journal,
    /// Why the journal takes no more, until a snapshot has what it lacks.
    pub(super) behind: Option<FileError>,
    pub(super) closing: Option<Closing>,
    pub(super) sync: Syncing,
    pub(super) fold: Folding,
    /// Why the files are lost.
    pub(super) lost: Option<Lost>,
    pub(super) threads: usize,
    /// How the files were closed.
    pub(super) closed: Option<Result<(), FileError>>,
    /// Those who wait until they are.
    pub(super) closers: Vec<Answer>,
    /// A record being written.
    line: Vec<u8>,
}

/// What became of a batch.
pub(super) enum Recorded {
    /// Nothing more is to be waited for.
    Done,
    /// It is made, and safe once this says so.
    Unsafe(Answered),
    /// It is not made: it may be tried again once this says so.
    Behind(Answered),
}

impl std::fmt::Debug for Inner {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // Not the state: it holds arguments, and may be large.
        let behind = self.behind.as_ref();
        f.debug_struct("Inner")
            .field("sequence", &self.sequence)
            .field("behind", &behind)
            .finish_non_exhaustive()
    }
}

impl Ledger {
    pub(super) fn new(files: Files, snapshot: Snapshot, journal: Journal, fold: Folding, lock: Lock) -> Self {
        let inner = Inner {
            state: snapshot.state,
            sequence: snapshot.sequence,
            journaled: snapshot.sequence,
            dropped: Dropped::default(),
            journal,
            behind: None,
            closing: None,
            sync: Syncing::begin(),
            fold,
            lost: None,
            threads: 0,
            closed: None,
            closers: Vec::new(),
            line: Vec::new(),
        };
        Self {
            files,
            lock,
            inner: Mutex::new(inner),
            sync_more: Condvar::new(),
            fold_more: Condvar::new(),
            is_lost: CancellationToken::new(),
            check_changed: Notify::new(),
        }
    }

    pub(super) fn inner(&self) -> MutexGuard<'_, Inner> {
        // A panic between the journal and the state would leave them apart;
        // nothing there panics but for want of memory.
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits for more to do, at most for as long as `pause`.
    pub(super) fn wait<'a>(
        more: &Condvar,
        inner: MutexGuard<'a, Inner>,
        pause: Duration,
        is_idle: impl Fn(&Inner) -> bool,
    ) -> MutexGuard<'a, Inner> {
        let waited = more.wait_timeout_while(inner, pause, |inner| is_idle(inner));
        waited.unwrap_or_else(PoisonError::into_inner).0
    }

    /// Makes changes, all or none, and says what is to be waited for.
    pub(super) fn record(
        &self,
        changes: &[Change],
        durability: Durability,
    ) -> Result<Recorded, StorageError> {
        if durability == Durability::Now {
            self.look()?;
        }
        let mut inner = self.inner();
        inner.check_open()?;
        if changes.is_empty() {
            return Ok(match durability {
                Durability::Now => self.what_was_made(&mut inner),
                Durability::Soon => Recorded::Done,
            });
        }
        inner.state.check(changes)?;
        let dropped = inner.dropped;
        self.record_checked(&mut inner, dropped, changes, durability)
    }

    /// Drops all dead letters; answers how many they are.
    pub(super) fn clear_dead_letters(&self) -> Result<(usize, Recorded), StorageError> {
        self.look()?;
        let mut inner = self.inner();
        inner.check_open()?;
        let count = inner.state.dead_letter_count();
        if count == 0 {
            return Ok((0, self.what_was_made(&mut inner)));
        }
        let dropped = Dropped { dead_letters: inner.dropped.dead_letters + count, ..inner.dropped };
        let recorded = self.record_checked(&mut inner, dropped, &[], Durability::Now)?;
        if !matches!(recorded, Recorded::Behind(_)) {
            inner.state.clear_dead_letters();
        }
        Ok((count, recorded))
    }

    fn record_checked(
        &self,
        inner: &mut Inner,
        dropped: Dropped,
        changes: &[Change],
        durability: Durability,
    ) -> Result<Recorded, StorageError> {
        let is_journaled = inner.behind.is_none() && self.write(inner, dropped, changes)?;
        if !is_journaled && durability == Durability::Now {
            return Ok(Recorded::Behind(self.ask_for_snapshot(inner)));
        }
        if !is_journaled {
            // Jobs go on without the disk; a snapshot will have it.
            inner.keep_for_snapshot(dropped, changes)?;
        }
        inner.dropped = Dropped::default();
        inner.sequence += 1;
        inner.state.apply_in_order(changes)?;
        if !is_journaled {
            return Ok(Recorded::Done);
        }
        let has_letters = dropped.dead_letters > 0 || changes.iter().any(is_about_letters);
        if inner.fold.is_due(&inner.journal, has_letters) {
            self.fold_more.notify_one();
        }
        Ok(match durability {
            Durability::Soon => {
                self.sync_soon(inner);
                Recorded::Done
            }
            Durability::Now => Recorded::Unsafe(self.sync_now(inner)),
        })
    }

    /// What is to be waited for until all that was made before is safe.
    fn what_was_made(&self, inner: &mut Inner) -> Recorded {
        if inner.behind.is_some() {
            Recorded::Behind(self.ask_for_snapshot(inner))
        } else if inner.sync.covers(inner.sequence) {
            Recorded::Done
        } else {
            Recorded::Unsafe(self.sync_now(inner))
        }
    }

    /// Writes a record of nothing but what was dropped since the one before.
    pub(super) fn write_dropped(&self, inner: &mut Inner, dropped: Dropped) -> Result<(), Unfolded> {
        let written = self.write(inner, dropped, &[]);
        if written.is_ok_and(|is_written| is_written) {
            inner.sequence += 1;
            return Ok(());
        }
        inner.dropped.add(dropped);
        // It has fallen behind by that.
        let why = std::io::Error::other("it takes no more");
        Err(Unfolded::Later(FileError::new("write the journal", &self.files.journal, why)))
    }

    /// Writes a record, or falls behind.
    fn write(&self, inner: &mut Inner, dropped: Dropped, changes: &[Change]) -> Result<bool, StorageError> {
        let mut line = std::mem::take(&mut inner.line);
        line.clear();
        let sequence = inner.sequence + 1;
        let safe = inner.sync.safe_news();
        seal_record(&mut line, &Record { sequence, safe, dropped: dropped.some(), changes })?;
        let written = inner.journal.append(&line);
        inner.line = line;
        let is_written = written.is_ok();
        if is_written {
            inner.journaled = sequence;
        }
        if let Err(error) = written {
            self.fall_behind(inner, FileError::new("write the journal", &self.files.journal, error));
        }
        Ok(is_written)
    }

    /// The journal takes no more.
    pub(super) fn fall_behind(&self, inner: &mut Inner, why: FileError) {
        if inner.behind.is_none() {
            tracing::error!(
                error = &why as &dyn std::error::Error,
                "the journal cannot be written; jobs go on, and requests fail, until a snapshot succeeds"
            );
        }
        inner.behind = Some(why);
        self.fold_more.notify_one();
    }
}

impl Inner {
    /// Whether changes can be written.
    pub(super) fn check(&self) -> Result<(), StorageError> {
        self.check_open()?;
        self.behind.clone().map_or(Ok(()), |why| Err(why.into()))
    }

    fn check_open(&self) -> Result<(), StorageError> {
        if self.closing.is_some() { Err(self.why_closed()) } else { Ok(()) }
    }

    /// Keeps a record for the journal that begins with the snapshot which is
    /// being written, if one is.
    fn keep_for_snapshot(&mut self, dropped: Dropped, changes: &[Change]) -> Result<(), StorageError> {
        let sequence = self.sequence + 1;
        match self.fold.missed() {
            Some(lines) => {
                seal_record(lines, &Record { sequence, safe: None, dropped: dropped.some(), changes })
            }
            None => Ok(()),
        }
    }
}

fn seal_record(lines: &mut Vec<u8>, record: &Record<'_>) -> Result<(), StorageError> {
    seal(lines, record).map_err(|error| StorageError::new("put a change into writing", error))?;
    lines.push(b'\n');
    Ok(())
}

fn is_about_letters(change: &Change) -> bool {
    match change {
        Change::EndAttempt(ended) => ended.dead_letter.is_some(),
        Change::TakeDeadLetter(_) => true,
        Change::AddJob(_)
        | Change::AddAgain { .. }
        | Change::ReviseJob(_)
        | Change::RequireJob(_)
        | Change::RemoveJob { .. }
        | Change::RemoveTombstone(_)
        | Change::OpenFire(_)
        | Change::Claim(_)
        | Change::Skip(_) => false,
    }
}
