//! Making safe what was written to the journal.
//!
//! Syncs are grouped: those who wait for one while another is under way share
//! the next.

use std::fs::File;
use std::time::Duration;

use tokio::sync::oneshot;

use super::error::FileError;
use super::ledger::{Answer, Inner, Ledger};

/// After at most this long what nobody waits for is synced. What a sync takes
/// comes on top of it.
const SOON: Duration = Duration::from_millis(50);

/// What is to be synced.
#[derive(Debug, Default)]
pub(super) struct Syncing {
    /// Whether anything is.
    is_due: bool,
    /// Whether somebody waits for it.
    is_urgent: bool,
    /// Whether the journal is a new file, which its folder may not have yet.
    is_new_file: bool,
    /// Those who wait until the change of this number is safe.
    waiting: Vec<(u64, Answer)>,
}

impl Syncing {
    /// The journal is a new file; the one before is safe.
    pub(super) fn begin_file(&mut self) {
        self.is_new_file = true;
    }

    /// A snapshot has it all, up to and with the change of this number.
    pub(super) fn is_covered(&mut self, sequence: u64) {
        self.answer(sequence, &Ok(()));
    }

    /// Tells those who wait for the change of this number, or an earlier one.
    fn answer(&mut self, sequence: u64, answer: &Result<(), FileError>) {
        let safe = self.waiting.partition_point(|(wanted, _)| *wanted <= sequence);
        for (_, who) in self.waiting.drain(..safe) {
            // Who has gone away need not be told.
            let _ = who.send(answer.clone());
        }
    }
}

impl Ledger {
    /// What was just written is to be safe within 100 ms.
    pub(super) fn sync_soon(&self, inner: &mut Inner) {
        if !inner.sync.is_due {
            inner.sync.is_due = true;
            self.sync_more.notify_one();
        }
    }

    /// What was just written is to be safe now.
    pub(super) fn sync_now(&self, inner: &mut Inner) -> oneshot::Receiver<Result<(), FileError>> {
        let (answer, answered) = oneshot::channel();
        inner.sync.waiting.push((inner.sequence, answer));
        inner.sync.is_due = true;
        if !inner.sync.is_urgent {
            inner.sync.is_urgent = true;
            self.sync_more.notify_one();
        }
        answered
    }

    /// Syncs until the store is closed.
    pub(super) fn keep_safe(&self) {
        let mut inner = self.inner();
        loop {
            inner = Self::wait(&self.sync_more, inner, Duration::MAX, |inner| {
                !inner.sync.is_due && inner.closing.is_none()
            });
            if !inner.sync.is_due {
                return;
            }
            inner = Self::wait(&self.sync_more, inner, SOON, |inner| {
                !inner.sync.is_urgent && inner.closing.is_none()
            });
            inner.sync.is_due = false;
            inner.sync.is_urgent = false;
            let sequence = inner.sequence;
            let is_new_file = std::mem::take(&mut inner.sync.is_new_file);
            let (journal, length) = (inner.journal.file(), inner.journal.length());
            drop(inner);
            let synced = self.sync(&journal, is_new_file);
            if synced.is_ok() {
                // Before anybody is told: tests of power failures cut here.
                tracing::trace!(target: "fastscheduler::journal", length, is_new_file, "synced");
            }
            inner = self.inner();
            inner.sync.answer(sequence, &synced);
            if let Err(why) = synced {
                self.fall_behind(&mut inner, why);
            }
        }
    }

    fn sync(&self, journal: &File, is_new_file: bool) -> Result<(), FileError> {
        if is_new_file {
            self.files.sync_folder()?;
        }
        journal.sync_data().map_err(FileError::of("sync the journal", &self.files.journal))
    }
}
