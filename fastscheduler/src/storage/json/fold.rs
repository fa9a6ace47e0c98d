//! Writing snapshots.
//!
//! A journal that has grown is put aside, and the state as of then is written
//! beside those who work with it: a copy if it is small, or else what the files
//! say. Where the journal could not be written, as on a full disk, the files
//! lack what memory has: then a copy of the state is written, however large.

#[cfg(all(test, feature = "testing"))]
mod tests;

use std::fs::OpenOptions;
use std::io;
use std::sync::MutexGuard;
use std::time::Duration;

use tokio::sync::oneshot;

use super::answer::{self, Answered};
use super::document::Purpose;
use super::error::FileError;
use super::files;
use super::folding::Unfolded;
use super::ledger::{Inner, Ledger};
use super::lineage::{Lineage, Origin};
use super::load::{self, Found};
use super::snapshot::Snapshot;
use super::sync;
use crate::storage::StorageError;
use crate::storage::state::Dropped;

/// The pauses between tries to write a snapshot while that fails. The first is
/// the least there is, however many ask for one.
const FIRST_PAUSE: Duration = Duration::from_millis(250);
const LONGEST_PAUSE: Duration = Duration::from_secs(30);

/// The file of dead letters is written at most so often.
const LETTERS_PAUSE: Duration = Duration::from_secs(1);

/// The most jobs, runs and dead letters that are copied while jobs wait, which
/// takes about a millisecond, since all that is large in them is shared. Of more
/// than that the files are read back, which takes longer, and nobody waits.
const COPIED: u64 = 25_000;

/// A journal of fewer bytes for each of these is read back sooner than that.
const WORTH_A_COPY: u64 = 512;

impl Ledger {
    /// Asks for a try to write a snapshot.
    pub(super) fn ask_for_snapshot(&self, inner: &mut Inner) -> Answered {
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
                inner.closing.is_none() && !inner.has_to_write()
            });
            inner = self.looked_at(inner);
            if let Some(closing) = inner.closing {
                inner.fold.waiting.clear();
                let closed = self.close_files(inner, closing);
                // It may have been taken over meanwhile, which is why it failed.
                let _ = self.look();
                self.inner().closed = Some(closed);
                return;
            }
            if inner.behind.is_none() {
                inner = self.write_beside(inner);
                continue;
            }
            let mut waiting = std::mem::take(&mut inner.fold.waiting);
            drop(inner);
            let caught_up = self.catch_up();
            inner = self.inner();
            if caught_up.is_ok() {
                // Those who have come meanwhile need not wait for another try.
                waiting.append(&mut inner.fold.waiting);
            }
            answer::tell(waiting, &caught_up);
            let Err(why) = caught_up else {
                tracing::info!("the state file is whole again");
                self.check_changed.notify_one();
                pause = FIRST_PAUSE;
                continue;
            };
            inner.sync.has_failed(&why);
            inner.behind = Some(why);
            self.check_changed.notify_one();
            inner = Self::wait(&self.fold_more, inner, FIRST_PAUSE, |inner| inner.closing.is_none());
            inner = Self::wait(&self.fold_more, inner, pause, |inner| {
                inner.closing.is_none() && inner.fold.waiting.is_empty()
            });
            pause = LONGEST_PAUSE.min(pause * 2);
        }
    }

    /// Folds the journal, or shows the dead letters, while others go on.
    fn write_beside<'a>(&'a self, mut inner: MutexGuard<'a, Inner>) -> MutexGuard<'a, Inner> {
        if !inner.fold.is_wanted {
            inner.fold.has_letters = false;
            inner.fold.has_old_letters = false;
            let letters: Vec<_> = inner.state.letter_parts().cloned().collect();
            drop(inner);
            let text = self.files.letters(letters.iter());
            if !self.files.show_dead_letters(text) {
                return self.inner();
            }
            return Self::wait(&self.fold_more, self.inner(), LETTERS_PAUSE, |inner| {
                inner.closing.is_none() && inner.behind.is_none() && !inner.fold.is_wanted
            });
        }
        drop(inner);
        let folded = self.fold();
        let mut inner = self.inner();
        match folded {
            Ok(length) => {
                let had_failed = inner.fold.failed.is_some();
                inner.fold.is_written(length);
                if had_failed {
                    self.check_changed.notify_one();
                }
            }
            Err(Unfolded::Later(why)) => {
                tracing::error!(error = &why as &dyn std::error::Error, "the journal could not be folded");
                let length = inner.journal.length();
                inner.fold.has_failed(why, length);
                self.check_changed.notify_one();
            }
            Err(Unfolded::Lost(why)) => {
                inner.sync.is_in_doubt();
                self.fall_behind(&mut inner, why);
            }
            Err(Unfolded::Closing) => {}
        }
        inner
    }

    /// Folds the journal so far into the snapshot; answers its new length.
    fn fold(&self) -> Result<u64, Unfolded> {
        let files = &self.files;
        // One that could not be folded the last time is still there.
        let copy = if files.old_journal.exists() { None } else { self.put_journal_aside()? };
        let snapshot = match copy {
            Some(copy) => copy,
            None => self.read_back()?,
        };
        self.unless_closing()?;
        let length = files.write(&snapshot, &self.lock).map_err(Unfolded::Later)?;
        files::remove(&files.old_journal).map_err(Unfolded::Later)?;
        Ok(length)
    }

    /// Begins another journal. Answers a copy of the state as of then, if that
    /// is small.
    fn put_journal_aside(&self) -> Result<Option<Snapshot>, Unfolded> {
        let files = &self.files;
        let failed = || FileError::of("sync the journal", &files.journal);
        // Most of it first, while others go on. By a handle of its own: an error
        // is told once to each, and the other thread must hear of it.
        let own = OpenOptions::new().write(true).open(&files.journal);
        let own = own.map_err(failed()).map_err(Unfolded::of)?;
        own.sync_data().map_err(failed()).map_err(Unfolded::Lost)?;
        let mut inner = self.inner();
        if let Some(why) = inner.behind.clone() {
            // It lacks what memory has by now, and what is written after that
            // would leave a hole.
            return Err(Unfolded::Later(why));
        }
        let dropped = std::mem::take(&mut inner.dropped);
        if dropped != Dropped::default() {
            // The snapshot will lack it, and until that is there the journals
            // are read after the one before.
            self.write_dropped(&mut inner, dropped)?;
        }
        let next = inner.journal.next(files).map_err(Unfolded::Later)?;
        // All of it must be safe before anything that follows can be, or else
        // a power failure leaves a hole between the two journals.
        if let Err(why) = inner.journal.file().sync_data().map_err(failed()) {
            inner.sync.is_in_doubt();
            return Err(Unfolded::Lost(why));
        }
        let length = inner.journal.length();
        sync::note(inner.sequence, length);
        inner.journal.put_aside(next, files).map_err(Unfolded::Lost)?;
        inner.sync.begin_file();
        let size = inner.state.size() as u64;
        let is_copied = size <= COPIED && length >= size * WORTH_A_COPY;
        let lineage = inner.journal.origin().before();
        Ok(is_copied.then(|| inner.snapshot(lineage)))
    }

    /// What becomes of a fold whose files cannot be read back.
    fn unreadable(&self, error: StorageError) -> Unfolded {
        let why = io::Error::other(error.to_string());
        if let StorageError::Failed { cause, .. } = error
            && let Ok(why) = cause.downcast::<FileError>()
        {
            return Unfolded::of(*why);
        }
        Unfolded::Lost(FileError::new("fold the journal", &self.files.old_journal, why))
    }

    /// Whether it is worth while to go on with a fold.
    fn unless_closing(&self) -> Result<(), Unfolded> {
        if self.inner().closing.is_some() { Err(Unfolded::Closing) } else { Ok(()) }
    }

    /// The state as the files have it, up to the journal that was put aside.
    fn read_back(&self) -> Result<Snapshot, Unfolded> {
        let files = &self.files;
        let unreadable = |error| self.unreadable(error);
        let Found::Snapshot(mut snapshot, _) = load::state_file(files, Purpose::Fold).map_err(unreadable)?
        else {
            let reason = "it is not what was written".to_owned();
            return Err(unreadable(StorageError::Damaged { place: files.name(), reason }));
        };
        self.unless_closing()?;
        load::replay_old(files, &mut snapshot, Purpose::Fold).map_err(unreadable)?;
        snapshot.lineage = Some(self.inner().journal.origin().before());
        Ok(snapshot)
    }

    /// Writes a copy of the state, and begins a journal after it.
    fn catch_up(&self) -> Result<(), FileError> {
        let (snapshot, origin) = {
            let mut inner = self.inner();
            inner.fold.missed = Some(Vec::new());
            let lineage = inner.journal.origin().with_all();
            let origin = Origin::after(&lineage);
            (inner.snapshot(lineage), origin)
        };
        let written = self.files.write(&snapshot, &self.lock);
        let mut inner = self.inner();
        let missed = inner.fold.missed.take();
        let length = written?;
        let too_much = || {
            let error = io::Error::other("too much was changed while the snapshot was written");
            FileError::new("begin the journal", &self.files.journal, error)
        };
        let missed = missed.ok_or_else(too_much)?;
        // The snapshot has all that the journals had.
        files::remove(&self.files.old_journal)?;
        inner.journal.renew(&self.files, origin, &missed)?;
        inner.journaled = inner.sequence;
        inner.behind = None;
        inner.fold.is_written(length);
        inner.sync.is_covered(snapshot.sequence);
        inner.sync.begin_file();
        self.sync_soon(&mut inner);
        Ok(())
    }
}

impl Inner {
    fn has_to_write(&self) -> bool {
        self.behind.is_some() || self.fold.is_wanted || self.fold.has_letters
    }

    /// A copy of the state, which has all that was dropped.
    pub(super) fn snapshot(&mut self, lineage: Lineage) -> Snapshot {
        self.dropped = Dropped::default();
        Snapshot { state: self.state.clone(), sequence: self.sequence, lineage: Some(lineage) }
    }
}
