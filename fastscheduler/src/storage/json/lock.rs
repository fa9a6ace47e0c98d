//! One store at a time on a state file.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{self, Read as _, Seek as _, Write as _};

use super::error::FileError;
use super::files::{self, Files};
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
        files::check_place(&files.lock).map_err(failed)?;
        let mut options = OpenOptions::new();
        let mut file =
            options.read(true).write(true).create(true).truncate(false).open(&files.lock).map_err(failed)?;
        match file.try_lock() {
            Ok(()) => {
                let mut lock = Self(file);
                if let Holder::Foreign = Holder::of(&mut lock.0).map_err(failed)? {
                    return Err(failed(io::Error::other(FOREIGN)).into());
                }
                // Who has it is good to know, and no more: a full disk is no
                // reason not to open.
                let _ = lock.note_process();
                Ok(lock)
            }
            Err(TryLockError::WouldBlock) => Err(match Holder::of(&mut file) {
                Ok(Holder::Foreign) => failed(io::Error::other(FOREIGN)).into(),
                Ok(Holder::Process(id)) => in_use(files, Some(id)),
                // On some systems what is locked cannot be read.
                Ok(Holder::Nobody) | Err(_) => in_use(files, None),
            }),
            Err(TryLockError::Error(error)) => Err(failed(error).into()),
        }
    }

    fn note_process(&mut self) -> io::Result<()> {
        self.0.set_len(0)?;
        self.0.rewind()?;
        write!(self.0, "{}", std::process::id())
    }
}

/// What can be done about a file that is there for something else, as
/// `Cargo.lock` is beside a state file `Cargo`.
const FOREIGN: &str = "it is not the lock of a state file, and was left as it is; move it away, or choose another \
                       `state_file`";

/// Who is noted in a lock.
enum Holder {
    Nobody,
    Process(u32),
    /// It is something else.
    Foreign,
}

impl Holder {
    fn of(file: &mut File) -> io::Result<Self> {
        /// More than the number of a process has.
        const LONG: u64 = 16;
        let mut noted = Vec::new();
        file.take(LONG).read_to_end(&mut noted)?;
        // A power failure may leave zeros, or nothing.
        if noted.iter().all(|byte| *byte == 0) {
            return Ok(Self::Nobody);
        }
        let digits =
            str::from_utf8(&noted).ok().filter(|text| text.bytes().all(|byte| byte.is_ascii_digit()));
        let id = digits.and_then(|digits| digits.parse().ok());
        Ok(id.map_or(Self::Foreign, Self::Process))
    }
}

fn in_use(files: &Files, holder: Option<u32>) -> StorageError {
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
