//! When a journal is folded, for whom, and why it may not be.

use super::answer::Answer;
use super::error::FileError;
use super::journal::Journal;

/// How much may be changed while a copy of the state is written.
const MISSED_LIMIT: usize = 16 * 1024 * 1024;

/// When snapshots are written, and for whom.
pub(super) struct Folding {
    /// The least length of a journal that is folded.
    pub(super) least: u64,
    /// The length of the snapshot.
    snapshot: u64,
    /// A journal that could not be folded is left in peace up to this length.
    not_before: u64,
    /// Why the journal could not be folded, until it is.
    pub(super) failed: Option<FileError>,
    pub(super) is_wanted: bool,
    /// Whether dead letters may have come or gone since their file was written.
    pub(super) has_letters: bool,
    /// Whether the last process may have left their file unwritten.
    pub(super) has_old_letters: bool,
    /// Those who wait for a try to write a snapshot.
    pub(super) waiting: Vec<Answer>,
    /// Records of what is changed while a copy of the state is written.
    pub(super) missed: Option<Vec<u8>>,
}

/// Why a journal was not folded.
#[derive(Debug)]
pub(super) enum Unfolded {
    /// All is as before, and it may be tried again.
    Later(FileError),
    /// The files do not have what they should, but memory has.
    Lost(FileError),
    /// The store is being closed, which writes a snapshot of its own or leaves the
    /// journals as they are.
    Closing,
}

impl Unfolded {
    /// When a file could not be opened or read.
    pub(super) fn of(why: FileError) -> Self {
        if why.is_want_of_handles() { Self::Later(why) } else { Self::Lost(why) }
    }
}

impl Folding {
    /// After a start, with a snapshot of that length.
    pub(super) fn new(least: u64, snapshot: u64, has_old: bool) -> Self {
        Self {
            least,
            snapshot,
            not_before: 0,
            failed: None,
            is_wanted: has_old,
            has_letters: false,
            // It may have been killed before. A scheduler has the file written when
            // it sets the zone; without one, closing the store is soon enough.
            has_old_letters: true,
            waiting: Vec::new(),
            missed: None,
        }
    }

    /// The least length of a journal that is folded.
    pub(super) fn fold_at(&mut self, least: u64) {
        self.least = least;
    }

    /// Whether there is something to write that was not there before.
    ///
    /// A snapshot is as long as the state, so that a journal of its length
    /// makes the cost of a change that of writing it twice, however many jobs
    /// there are.
    pub(super) fn is_due(&mut self, journal: &Journal, has_letters: bool) -> bool {
        let at = self.least.max(self.snapshot).max(self.not_before);
        let is_wanted = !self.is_wanted && journal.length() >= at;
        let is_due = is_wanted || has_letters && !self.has_letters;
        self.is_wanted |= is_wanted;
        self.has_letters |= has_letters;
        is_due
    }

    /// Where to put records that the journal does not take, if anywhere.
    pub(super) fn missed(&mut self) -> Option<&mut Vec<u8>> {
        self.missed.take_if(|lines| lines.len() > MISSED_LIMIT);
        self.missed.as_mut()
    }

    /// The journal, of this length, could not be folded. It is tried again later.
    pub(super) fn has_failed(&mut self, why: FileError, journal: u64) {
        self.is_wanted = false;
        self.not_before = journal + self.least;
        self.failed = Some(why);
    }

    /// A snapshot of that length was written.
    pub(super) fn is_written(&mut self, length: u64) {
        self.snapshot = length;
        self.not_before = 0;
        self.is_wanted = false;
        self.failed = None;
    }
}
