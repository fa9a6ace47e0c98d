//! Writing snapshots.
//!
//! A journal that has grown is put aside, and folded into the snapshot from
//! what the files say, beside those who work with the state. Where the journal
//! could not be written, as on a full disk, the files lack what memory has:
//! then a copy of the state is written.

use std::io;
use std::sync::MutexGuard;
use std::time::Duration;

use tokio::sync::oneshot;

use super::dead_letters;
use super::document::Cores;
use super::error::FileError;
use super::files;
use super::files::Files;
use super::journal::Journal;
use super::ledger::{Answer, Closing, Inner, Ledger};
use super::load::{self, Found};
use super::snapshot::Snapshot;
use crate::storage::StorageError;
use crate::storage::state::Dropped;

/// The pauses between tries to write a snapshot while that fails.
const FIRST_PAUSE: Duration = Duration::from_millis(500);
const LONGEST_PAUSE: Duration = Duration::from_secs(30);

/// How much may be changed while a copy of the state is written.
const MISSED_LIMIT: usize = 16 * 1024 * 1024;

/// When snapshots are written, and for whom.
pub(super) struct Folding {
    /// The least length of a journal that is folded.
    least: u64,
    /// The length of the journal at which it is folded next.
    at: u64,
    is_wanted: bool,
    /// Those who wait for a try to write a snapshot.
    waiting: Vec<Answer>,
    /// Records of what is changed while a copy of the state is written.
    missed: Option<Vec<u8>>,
}

impl Folding {
    /// After a start, with a snapshot of that length.
    pub(super) fn new(least: u64, snapshot: u64, has_old: bool) -> Self {
        let at = least.max(snapshot);
        Self { least, at, is_wanted: has_old, waiting: Vec::new(), missed: None }
    }

    /// The least length of a journal that is folded.
    pub(super) fn fold_at(&mut self, least: u64) {
        self.at = if self.at == self.least { least } else { least.max(self.at) };
        self.least = least;
    }

    /// Whether the journal is to be folded now, and was not before.
    ///
    /// A snapshot is as long as the state, so that a journal of its length
    /// makes the cost of a change that of writing it twice, however many jobs
    /// there are.
    pub(super) fn is_due(&mut self, journal: &Journal) -> bool {
        let is_due = !self.is_wanted && journal.length() >= self.at;
        self.is_wanted |= is_due;
        is_due
    }

    /// Where to put records that the journal does not take, if anywhere.
    pub(super) fn missed(&mut self) -> Option<&mut Vec<u8>> {
        self.missed.take_if(|lines| lines.len() > MISSED_LIMIT);
        self.missed.as_mut()
    }
}

impl Ledger {
    /// Asks for a try to write a snapshot.
    pub(super) fn ask_for_snapshot(&self, inner: &mut Inner) -> oneshot::Receiver<Result<(), FileError>> {
        let (answer, answered) = oneshot::channel();
        inner.fold.waiting.push(answer);
        self.fold_more.notify_one();
        answered
    }

    /// Writes snapshots until the store is closed.
    pub(super) fn keep_folded(&self) {
        let mut pause = FIRST_PAUSE;
        let mut inner = self.inner();
        loop {
            inner = Self::wait(&self.fold_more, inner, Duration::MAX, |inner| {
                inner.closing.is_none() && inner.behind.is_none() && !inner.fold.is_wanted
            });
            if let Some(closing) = inner.closing {
                inner.fold.waiting.clear();
                let closed = self.close_files(inner, closing);
                self.inner().closed = Some(closed);
                return;
            }
            if inner.behind.is_none() {
                inner = self.fold_beside(inner);
                continue;
            }
            let waiting = std::mem::take(&mut inner.fold.waiting);
            drop(inner);
            let caught_up = self.catch_up();
            for who in waiting {
                // Who has gone away need not be told.
                let _ = who.send(caught_up.clone());
            }
            inner = self.inner();
            let Err(why) = caught_up else {
                tracing::info!("the state file is whole again");
                pause = FIRST_PAUSE;
                continue;
            };
            inner.behind = Some(why);
            inner = Self::wait(&self.fold_more, inner, pause, |inner| {
                inner.closing.is_none() && inner.fold.waiting.is_empty()
            });
            pause = LONGEST_PAUSE.min(pause * 2);
        }
    }

    /// Folds the journal, while others go on.
    fn fold_beside<'a>(&'a self, inner: MutexGuard<'a, Inner>) -> MutexGuard<'a, Inner> {
        drop(inner);
        let folded = self.fold();
        let mut inner = self.inner();
        inner.fold.is_wanted = false;
        match folded {
            Ok(length) => inner.fold.at = inner.fold.least.max(length),
            Err(error) => {
                tracing::error!(error = &error as &dyn std::error::Error, "the journal could not be folded");
                inner.fold.at = inner.journal.length() + inner.fold.least;
                if let StorageError::Damaged { .. } = &error {
                    // Memory has it all the same.
                    let why = io::Error::other(error.to_string());
                    self.fall_behind(
                        &mut inner,
                        FileError::new("fold the journal", &self.files.old_journal, why),
                    );
                }
            }
        }
        inner
    }

    /// Folds the journal so far into the snapshot; answers its new length.
    fn fold(&self) -> Result<u64, StorageError> {
        let files = &self.files;
        // One that could not be folded the last time is still there.
        if !files.old_journal.exists() {
            let mut inner = self.inner();
            let old = inner.journal.rotate(&files.journal, &files.old_journal)?;
            inner.sync.rotate(old);
        }
        let Found::Snapshot(mut snapshot) = load::state_file(files, Cores::One)? else {
            let place = format!("the state file `{}`", files.state.display());
            return Err(StorageError::Damaged { place, reason: "it is not what was written".to_owned() });
        };
        load::replay(&mut snapshot, &files.old_journal)?;
        let length = files.write(&snapshot)?;
        files::remove(&files.old_journal)?;
        Ok(length)
    }

    /// Writes a copy of the state, and begins a journal after it.
    fn catch_up(&self) -> Result<(), FileError> {
        let snapshot = {
            let mut inner = self.inner();
            inner.fold.missed = Some(Vec::new());
            inner.snapshot()
        };
        let written = self.files.write(&snapshot);
        let mut inner = self.inner();
        let missed = inner.fold.missed.take();
        let length = written?;
        let begin = |error| FileError::new("begin the journal", &self.files.journal, error);
        let too_much = || io::Error::other("too much was changed while the snapshot was written");
        let missed = missed.ok_or_else(too_much).map_err(begin)?;
        // The snapshot has all that the journals had.
        files::remove(&self.files.old_journal)?;
        inner.journal.renew(&missed).map_err(begin)?;
        inner.behind = None;
        inner.fold.is_wanted = false;
        inner.fold.at = inner.fold.least.max(length);
        inner.sync.is_covered(snapshot.sequence);
        self.sync_soon(&mut inner);
        Ok(())
    }

    /// Leaves the files as they are to be found by who opens them next.
    fn close_files(&self, mut inner: MutexGuard<'_, Inner>, closing: Closing) -> Result<(), FileError> {
        let files = &self.files;
        let is_whole = inner.behind.is_none();
        let has_journal = inner.journal.has_records() || files.old_journal.exists();
        if is_whole && (closing == Closing::AsItIs || !has_journal) {
            return if has_journal { Ok(()) } else { files::remove(&files.journal) };
        }
        let snapshot = inner.snapshot();
        drop(inner);
        match self.files.write(&snapshot) {
            Ok(_) => {
                files::remove(&files.old_journal)?;
                files::remove(&files.journal)
            }
            Err(error) if is_whole => {
                tracing::warn!(
                    error = &error as &dyn std::error::Error,
                    "no snapshot at the end; the journal has all that it lacks"
                );
                Ok(())
            }
            Err(error) => Err(error),
        }
    }
}

impl Files {
    /// Begins anew with a state.
    pub(super) fn begin(&self, snapshot: Snapshot) -> Result<Snapshot, FileError> {
        self.write(&snapshot)?;
        Ok(snapshot)
    }

    /// Writes a snapshot, and answers its length.
    fn write(&self, snapshot: &Snapshot) -> Result<u64, FileError> {
        self.replace(&self.dead_letters, |to| dead_letters::write(&snapshot.state, to))?;
        self.replace(&self.state, |to| snapshot.write(to))
    }
}

impl Inner {
    /// A copy of the state, which has all that was dropped.
    fn snapshot(&mut self) -> Snapshot {
        self.dropped = Dropped::default();
        Snapshot { state: self.state.clone(), sequence: self.sequence }
    }
}
