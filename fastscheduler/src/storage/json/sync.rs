//! Making safe what was written to the journal.
//!
//! Syncs are grouped: those who wait for one while another is under way share
//! the next.

use std::fs::File;
use std::sync::Arc;
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
    /// Journals that were written to before the present one.
    rotated: Vec<Arc<File>>,
    /// Those who wait until the change of this number is safe.
    waiting: Vec<(u64, Answer)>,
}

impl Syncing {
    /// The journal was changed for another one.
    pub(super) fn rotate(&mut self, old: Arc<File>) {
        self.rotated.push(old);
    }

    /// A snapshot has it all, up to and with the change of this number.
    pub(super) fn is_covered(&mut self, sequence: u64) {
        self.rotated.clear();
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
            let rotated = std::mem::take(&mut inner.sync.rotated);
            let (journal, length) = (inner.journal.file(), inner.journal.length());
            drop(inner);
            let synced = self.sync(&rotated, &journal);
            if synced.is_ok() {
                // Before anybody is told: tests of power failures cut here.
                tracing::trace!(target: "fastscheduler::journal", sequence, length, "synced");
            }
            inner = self.inner();
            inner.sync.answer(sequence, &synced);
            if let Err(why) = synced {
                self.fall_behind(&mut inner, why);
            }
        }
    }

    fn sync(&self, rotated: &[Arc<File>], journal: &File) -> Result<(), FileError> {
        for old in rotated {
            old.sync_data().map_err(FileError::of("sync the journal", &self.files.old_journal))?;
        }
        if !rotated.is_empty() {
            self.files.sync_folder()?;
        }
        journal.sync_data().map_err(FileError::of("sync the journal", &self.files.journal))
    }
}
