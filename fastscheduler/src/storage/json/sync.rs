//! Making safe what was written to the journal.
//!
//! Syncs are grouped: those who wait for one while another is under way share
//! the next.

use std::fs::File;
use std::io;
use std::sync::{Arc, MutexGuard};
use std::time::Duration;

use tokio::sync::oneshot;

use super::answer::Answered;
use super::ending::Closing;
use super::error::FileError;
use super::ledger::{Inner, Ledger};
use super::syncing::Due;

/// After at most this long what nobody waits for is synced. What a sync takes
/// comes on top of it, and so does what is left of the one before.
const SOON: Duration = Duration::from_millis(50);

/// How often the lock is looked at, at least: also in a process that does nothing.
const LOOK: Duration = Duration::from_secs(1);

/// Says what is safe, before anybody is told: tests of power failures cut here.
pub(super) fn note(sequence: u64, length: u64) {
    tracing::trace!(target: "fastscheduler::journal", sequence, length, "synced");
}

impl Ledger {
    /// What was just written is to be safe within 100 ms.
    pub(super) fn sync_soon(&self, inner: &mut Inner) {
        self.sync_at(inner, Due::Soon);
    }

    fn sync_at(&self, inner: &mut Inner, due: Due) {
        if inner.sync.due < due {
            inner.sync.due = due;
            self.sync_more.notify_one();
        }
    }

    /// What was just written is to be safe now.
    pub(super) fn sync_now(&self, inner: &mut Inner) -> Answered {
        let (answer, answered) = oneshot::channel();
        inner.sync.waiting.push((inner.sequence, answer));
        self.sync_at(inner, Due::Now);
        answered
    }

    /// Syncs until the store is closed.
    pub(super) fn keep_safe(&self) {
        let mut inner = self.inner();
        loop {
            inner = Self::wait(&self.sync_more, inner, LOOK, |inner| {
                inner.sync.due == Due::Never && inner.closing.is_none()
            });
            match (inner.sync.due, inner.closing) {
                (Due::Never, Some(_)) | (_, Some(Closing::Lost)) => return,
                (Due::Never, None) => {
                    inner = self.looked_at(inner);
                    continue;
                }
                (Due::Soon | Due::Now, _) => {}
            }
            inner = Self::wait(&self.sync_more, inner, SOON, |inner| {
                inner.sync.due < Due::Now && inner.closing.is_none()
            });
            inner.sync.due = Due::Never;
            let sequence = inner.journaled;
            let is_new_file = std::mem::take(&mut inner.sync.is_new_file);
            let (journal, length) = (inner.journal.file(), inner.journal.length());
            drop(inner);
            let mut synced = self.sync(&journal, is_new_file);
            if synced.is_ok() {
                note(sequence, length);
            }
            // What was written before this look is there for whoever opens the files
            // after it.
            let _ = self.look();
            inner = self.inner();
            // At the end a snapshot has it all, and the journal goes.
            if inner.closing.is_none() && inner.journal.is_removed() {
                // What is written to a file without a name is gone with the process.
                let why = io::ErrorKind::NotFound.into();
                synced = Err(FileError::new("sync the journal", &self.files.journal, why));
            }
            match synced {
                Ok(()) if !Arc::ptr_eq(&journal, &inner.journal.file()) => {
                    // Another has taken its place meanwhile, whose records follow on it.
                    self.sync_at(&mut inner, Due::Now);
                }
                Ok(()) if !inner.sync.is_doubtful => inner.sync.is_safe(sequence),
                // Who waits is answered once a snapshot was tried.
                Ok(()) => {}
                Err(why) => {
                    inner.sync.is_in_doubt();
                    self.fall_behind(&mut inner, why);
                }
            }
        }
    }

    /// Looks at the lock, while others go on.
    pub(super) fn looked_at<'a>(&'a self, inner: MutexGuard<'a, Inner>) -> MutexGuard<'a, Inner> {
        drop(inner);
        // Whoever waits is told by it.
        let _ = self.look();
        self.inner()
    }

    fn sync(&self, journal: &File, is_new_file: bool) -> Result<(), FileError> {
        if is_new_file {
            self.files.sync_folder()?;
        }
        journal.sync_data().map_err(FileError::of("sync the journal", &self.files.journal))
    }
}
