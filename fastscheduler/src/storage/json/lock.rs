//! One store at a time on a state file.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{Read as _, Write as _};

use super::error::FileError;
use super::files::Files;
use crate::storage::StorageError;

/// Keeps others from opening the same state file, until it is dropped.
///
/// A file of its own is locked, since the state file is replaced by another
/// one time and again. It stays behind: who removes it may remove that of
/// somebody who has just locked it.
#[derive(Debug)]
pub(super) struct Lock(File);

impl Drop for Lock {
    fn drop(&mut self) {
        // A process that somebody is just starting has the file too, until it
        // runs its program: closing it would not end the lock.
        let _ = self.0.unlock();
    }
}

impl Lock {
    pub(super) fn take(files: &Files) -> Result<Self, StorageError> {
        let failed = |source| FileError::new("lock the state file", &files.lock, source);
        let mut options = OpenOptions::new();
        let mut file =
            options.read(true).write(true).create(true).truncate(false).open(&files.lock).map_err(failed)?;
        match file.try_lock() {
            Ok(()) => {
                // Who has it is good to know, and no more: a full disk is no
                // reason not to open.
                let _ = file.set_len(0).and_then(|()| write!(file, "{}", std::process::id()));
                Ok(Self(file))
            }
            Err(TryLockError::WouldBlock) => Err(in_use(files, &mut file)),
            Err(TryLockError::Error(error)) => Err(failed(error).into()),
        }
    }
}

fn in_use(files: &Files, file: &mut File) -> StorageError {
    let mut holder = String::new();
    let _ = file.read_to_string(&mut holder);
    let holder: Option<u32> = holder.parse().ok();
    let (by, what) = match holder {
        Some(id) if id == std::process::id() => {
            (format!("another scheduler of this process ({id})"), "that one")
        }
        Some(id) => (format!("process {id}"), "that one"),
        None => ("another process".to_owned(), "it"),
    };
    StorageError::InUse {
        store: format!("the state file `{}`", files.state.display()),
        by,
        remedy: format!("stop {what}, or use another `state_file`"),
    }
}
