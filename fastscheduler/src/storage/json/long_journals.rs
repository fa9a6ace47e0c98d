//! Folding journals at the start that have become very long.

use std::fs;
use std::path::Path;

use super::error::FileError;
use super::files::{self, Files};
use super::inode::Inode;
use super::load::Journals;
use super::lock::Lock;
use super::snapshot::Snapshot;

/// Journals of so many bytes that are so many times as long as the snapshot are
/// folded before they are gone on with.
const LONG: u64 = 1024 * 1024;
const MUCH: u64 = 4;

impl Files {
    /// Folds journals that are much longer than the state, as processes leave
    /// them that all ended before they could fold: the next would have ever more
    /// to read. Says whether that was done; if not, the journals have it all.
    ///
    /// # Errors
    ///
    /// If the snapshot has got its name, and may lose it again.
    pub(super) fn fold_long_journals(
        &self,
        snapshot: &mut Snapshot,
        read: &Journals,
        lock: &Lock,
    ) -> Result<bool, FileError> {
        let length = |file: &Path| fs::metadata(file).map_or(0, |file| file.len());
        let journals: u64 = self.journals().map(length).sum();
        if journals <= LONG.max(length(&self.state).saturating_mul(MUCH)) {
            return Ok(false);
        }
        let lineage = read.origin(snapshot).with_all();
        let before = (snapshot.lineage.replace(lineage), Inode::at(&self.state).ok());
        if let Err(why) = self.write(snapshot, lock) {
            if before.1 != Inode::at(&self.state).ok() {
                return Err(why);
            }
            self.warn("long journals could not be folded", why);
            snapshot.lineage = before.0;
            return Ok(false);
        }
        let removed = files::remove(&self.old_journal).and_then(|()| files::remove(&self.journal));
        if let Err(why) = removed {
            // Another takes its place.
            self.warn("a folded journal is still there", why);
        }
        Ok(true)
    }
}
