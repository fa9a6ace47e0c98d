//! What is safe, what is not yet, and who waits for it.

use super::answer::{self, Answer};
use super::error::FileError;

/// How soon something is to be synced.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Due {
    /// There is nothing.
    #[default]
    Never,
    /// Nobody waits for it.
    Soon,
    /// Somebody waits for it.
    Now,
}

/// What is to be synced.
#[derive(Debug, Default)]
pub(super) struct Syncing {
    pub(super) due: Due,
    /// Whether the journal is a new file, which its folder may not have yet.
    pub(super) is_new_file: bool,
    /// Whether a sync has failed. Then another one that succeeds proves nothing,
    /// since the system forgets what it could not write, until a snapshot has it.
    pub(super) is_doubtful: bool,
    /// The last change that is safe, and the one that the journal says is.
    safe: u64,
    told: u64,
    /// Those who wait until the change of this number is safe.
    pub(super) waiting: Vec<(u64, Answer)>,
}

impl Syncing {
    /// The journal is a new file; the one before is safe.
    pub(super) fn begin_file(&mut self) {
        self.is_new_file = true;
    }

    /// Begins with a sync: what a crash left in the journal may not be safe.
    pub(super) fn begin() -> Self {
        Self { due: Due::Soon, ..Self::default() }
    }

    /// What is safe up to and with the change of this number, and the
    /// journal does not say yet.
    pub(super) fn safe_news(&mut self) -> Option<u64> {
        let is_news = self.safe > self.told;
        self.told = self.safe;
        is_news.then_some(self.safe)
    }

    /// A sync has failed.
    pub(super) fn is_in_doubt(&mut self) {
        self.is_doubtful = true;
    }

    /// A snapshot has all up to and with the change of this number.
    pub(super) fn is_covered(&mut self, sequence: u64) {
        self.is_doubtful = false;
        self.is_safe(sequence);
    }

    /// Whether all up to and with the change of this number is known to be safe.
    pub(super) fn covers(&self, sequence: u64) -> bool {
        self.safe >= sequence
    }

    /// All up to and with the change of this number is safe.
    pub(super) fn is_safe(&mut self, sequence: u64) {
        self.safe = self.safe.max(sequence);
        self.answer(sequence, &Ok(()));
    }

    /// No snapshot could be had either of what a sync has failed for.
    pub(super) fn has_failed(&mut self, why: &FileError) {
        if self.is_doubtful {
            self.answer(u64::MAX, &Err(why.clone()));
        }
    }

    /// Nobody is answered any more.
    pub(super) fn give_up(&mut self) {
        self.waiting.clear();
    }

    /// Tells those who wait for the change of this number, or an earlier one.
    fn answer(&mut self, sequence: u64, how: &Result<(), FileError>) {
        let safe = self.waiting.partition_point(|(wanted, _)| *wanted <= sequence);
        answer::tell(self.waiting.drain(..safe).map(|(_, who)| who), how);
    }
}
