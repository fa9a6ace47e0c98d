//! Closing a store.

use std::sync::Arc;
use std::sync::MutexGuard;

use tokio::sync::oneshot;

use super::answer::{self, Answered};
use super::ending::{Closing, Lost};
use super::error::FileError;
use super::files;
use super::ledger::{Inner, Ledger};
use crate::storage::StorageError;
use crate::storage::state::Dropped;

impl Ledger {
    /// Begins to close, unless that was done; answers how it went.
    pub(super) fn close(&self, how: Closing) -> Answered {
        let mut inner = self.inner();
        inner.closing.get_or_insert(how);
        self.sync_more.notify_one();
        self.fold_more.notify_one();
        let (answer, answered) = oneshot::channel();
        inner.closers.push(answer);
        if inner.threads == 0 {
            inner.tell_closers();
        }
        answered
    }

    /// Looks whether the files are still this store's. If somebody else has taken
    /// them over, nothing is written any more.
    pub(super) fn look(&self) -> Result<(), StorageError> {
        self.lock.look(&self.files).map_err(|taken| {
            self.give_up(Lost::Taken(taken.clone()));
            taken.into()
        })
    }

    /// Writes nothing any more, and says why.
    pub(super) fn give_up(&self, lost: Lost) {
        let mut inner = self.inner();
        if inner.lost.is_some() || inner.threads == 0 {
            return;
        }
        inner.lost = Some(lost);
        inner.closing = Some(Closing::Lost);
        // They are told why by that.
        inner.sync.give_up();
        inner.fold.waiting.clear();
        drop(inner);
        self.sync_more.notify_one();
        self.fold_more.notify_one();
        self.is_lost.cancel();
    }

    /// A thread ends. After the last of them others may open the files.
    pub(super) fn end_duty(&self) {
        let mut inner = self.inner();
        inner.threads -= 1;
        if inner.threads > 0 {
            return;
        }
        self.lock.release();
        inner.sync.give_up();
        inner.tell_closers();
    }

    /// Leaves the files as they are to be found by who opens them next.
    pub(super) fn close_files(
        &self,
        mut inner: MutexGuard<'_, Inner>,
        closing: Closing,
    ) -> Result<(), FileError> {
        if closing == Closing::Lost {
            return Ok(());
        }
        let files = &self.files;
        let is_whole = inner.behind.is_none();
        let has_journal = inner.journal.has_records() || files.old_journal.exists();
        // What was dropped since the last record is in no file yet.
        let is_folded = !has_journal && inner.dropped == Dropped::default();
        if is_whole && (closing == Closing::AsItIs || is_folded) {
            let is_to_show = inner.fold.has_letters || inner.fold.has_old_letters;
            let letters = is_to_show.then(|| files.letters(inner.state.letter_parts()));
            drop(inner);
            if let Some(text) = letters {
                files.show_dead_letters(text);
            }
            return if has_journal { Ok(()) } else { files::remove(&files.journal) };
        }
        let lineage = inner.journal.origin().with_all();
        let snapshot = inner.snapshot(lineage);
        drop(inner);
        let written = files.write(&snapshot, &self.lock).and_then(|_| {
            files::remove(&files.old_journal)?;
            files::remove(&files.journal)
        });
        match written {
            Ok(()) => self.inner().sync.is_covered(snapshot.sequence),
            Err(why) if is_whole => {
                tracing::warn!(
                    error = &why as &dyn std::error::Error,
                    "no snapshot at the end; the journal has all that it lacks"
                );
            }
            Err(why) => {
                tracing::error!(
                    error = &why as &dyn std::error::Error,
                    "closed without what was changed since the journal could not be written"
                );
                return Err(why);
            }
        }
        Ok(())
    }
}

impl Inner {
    /// Why changes are refused once it is closed.
    pub(super) fn why_closed(&self) -> StorageError {
        self.lost.clone().map_or(StorageError::Closed, StorageError::from)
    }

    fn tell_closers(&mut self) {
        let closed = self.closed.clone().unwrap_or(Ok(()));
        answer::tell(std::mem::take(&mut self.closers), &closed);
    }
}

/// A thread that has to end before the files are released.
pub(super) struct OnDuty(pub(super) Arc<Ledger>);

impl OnDuty {
    pub(super) fn begin(ledger: &Arc<Ledger>) -> Self {
        ledger.inner().threads += 1;
        Self(Arc::clone(ledger))
    }
}

impl Drop for OnDuty {
    fn drop(&mut self) {
        self.0.end_duty();
    }
}
