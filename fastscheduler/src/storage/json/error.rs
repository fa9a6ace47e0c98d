//! What goes wrong with a file.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use thiserror::Error;

use crate::schedule::text::OneLine;
use crate::storage::StorageError;

/// Something that could not be done with a file.
///
/// It is shared, since all who wait for the same write are told the same.
#[derive(Debug, Clone, Error)]
#[error("`{}`{hint}", OneLine(file.display()))]
pub(super) struct FileError {
    action: &'static str,
    file: PathBuf,
    /// What can be done about it.
    hint: &'static str,
    #[source]
    source: Arc<io::Error>,
}

impl FileError {
    /// What could not be done, as in `write the journal`, and with which file.
    pub(super) fn new(action: &'static str, file: &Path, source: io::Error) -> Self {
        Self { action, file: file.to_owned(), hint: hint(&source), source: Arc::new(source) }
    }

    /// The same, as a step that maps an error.
    pub(super) fn of(action: &'static str, file: &Path) -> impl FnOnce(io::Error) -> Self {
        move |source| Self::new(action, file, source)
    }
}

impl FileError {
    /// Whether it may be over soon, and says nothing of what is in the file: the
    /// process has as many files open as it may have.
    pub(super) fn is_want_of_handles(&self) -> bool {
        #[cfg(unix)]
        const CODES: [i32; 2] = [libc::EMFILE, libc::ENFILE];
        #[cfg(not(unix))]
        const CODES: [i32; 1] = [4]; // ERROR_TOO_MANY_OPEN_FILES
        self.source.raw_os_error().is_some_and(|code| CODES.contains(&code))
    }
}

impl From<FileError> for StorageError {
    fn from(error: FileError) -> Self {
        Self::new(error.action, error)
    }
}

fn hint(error: &io::Error) -> &'static str {
    use io::ErrorKind::{
        FileTooLarge, NotFound, PermissionDenied, QuotaExceeded, ReadOnlyFilesystem, StorageFull,
    };
    match error.kind() {
        PermissionDenied | ReadOnlyFilesystem => {
            " (run as a user who may read and write in its folder, or choose another `state_file`)"
        }
        NotFound => " (make the folder first)",
        StorageFull | QuotaExceeded => " (free some space)",
        FileTooLarge => " (raise the limit on the size of files)",
        _ => "",
    }
}
