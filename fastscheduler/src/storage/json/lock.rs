//! One store at a time on a state file.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io;
use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::error::FileError;
use super::files::{self, Files};
use super::holder::Holder;
use super::inode::{self, Inode};
use crate::schedule::text::OneLine;
use crate::storage::StorageError;

/// Keeps others from opening the same state file, until it is released.
///
/// The lock is on a separate file, since each fold replaces the state file. That
/// file is never removed: removing it could remove one that another process has
/// just locked. On Unix the state file is locked too, against processes that open
/// it through another hard link, or after the separate file was removed. Network
/// file systems may not support locks, or forget them.
#[derive(Debug)]
pub(super) struct Lock(Mutex<Held>);

/// What is locked.
#[derive(Debug, Default)]
struct Held {
    /// The separate file.
    own: Option<Locked>,
    /// The state file.
    state: Option<Locked>,
    /// An earlier state file, which still has another name.
    linked: Option<Locked>,
    /// Who has taken the state file over. That is for good.
    taken: Option<Taken>,
    /// Whether it was said that the lock cannot be made again.
    is_reported: bool,
}

/// A file that is locked until it is dropped.
#[derive(Debug)]
struct Locked {
    file: File,
    inode: Inode,
}

impl Drop for Locked {
    fn drop(&mut self) {
        // A child process that is just being started has the file open too, until
        // it runs its program. Closing the file here would not end the lock.
        let _ = self.file.unlock();
    }
}

/// Who has taken over a state file that this process had open.
#[derive(Debug, Clone)]
pub(super) struct Taken {
    store: String,
    by: String,
}

impl From<Taken> for StorageError {
    fn from(Taken { store, by }: Taken) -> Self {
        Self::Taken { store, by }
    }
}

/// Why a lock is not had.
enum Refusal {
    /// Somebody else has it.
    Held(Holder),
    Failed(io::Error),
}

impl Lock {
    pub(super) fn take(files: &Files) -> Result<Self, StorageError> {
        // First, so that who is refused does not touch the lock of who has it.
        let before = lock_state(files)?;
        let own = match lock_own(&files.lock) {
            Ok(own) => own,
            Err(Refusal::Held(holder)) => return Err(in_use(files, &holder)),
            Err(Refusal::Failed(error)) => return Err(failed(files, error).into()),
        };
        // It may have been begun meanwhile.
        let state = if before.is_some() { before } else { lock_state(files)? };
        Ok(Self(Mutex::new(Held { own: Some(own), state, ..Held::default() })))
    }

    fn held(&self) -> MutexGuard<'_, Held> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Looks whether the lock is still there. One that was removed is made again,
    /// unless somebody else has made one.
    pub(super) fn look(&self, files: &Files) -> Result<(), Taken> {
        let mut held = self.held();
        if let Some(taken) = &held.taken {
            return Err(taken.clone());
        }
        let is_there = held.own.as_ref().is_none_or(|own| own.inode.is_at(&files.lock));
        if is_there {
            return Ok(());
        }
        match lock_own(&files.lock) {
            Ok(own) => {
                tracing::warn!(
                    "`{}` was removed while it was in use; it is made again",
                    OneLine(files.lock.display())
                );
                held.own = Some(own);
                held.is_reported = false;
                Ok(())
            }
            Err(Refusal::Held(holder)) => {
                let by = holder.name().unwrap_or_else(|| "another process".to_owned());
                let taken = Taken { store: files.name(), by };
                held.taken = Some(taken.clone());
                Err(taken)
            }
            Err(Refusal::Failed(error)) => {
                // The state file is locked as well. It is tried again the next time.
                if !std::mem::replace(&mut held.is_reported, true) {
                    let error = failed(files, error);
                    tracing::error!(
                        error = &error as &dyn std::error::Error,
                        "the lock was removed while it was in use, and cannot be made again"
                    );
                }
                Ok(())
            }
        }
    }

    /// Gives a new state file its name, if it is still this store's to give, and
    /// keeps it locked.
    pub(super) fn move_on(&self, files: &Files, new: File, beside: &Path) -> io::Result<()> {
        self.look(files).map_err(|taken| io::Error::other(StorageError::from(taken)))?;
        if !cfg!(unix) {
            return fs::rename(beside, &files.state);
        }
        // Before it has its name. Not everywhere are there locks.
        let _ = new.try_lock();
        let inode = Inode::of(&new)?;
        let new = Locked { file: new, inode };
        fs::rename(beside, &files.state)?;
        let mut held = self.held();
        let before = held.state.replace(new);
        if held.linked.is_none() {
            held.linked = before.filter(|before| inode::names(&before.file).is_ok_and(|names| names > 0));
        }
        Ok(())
    }

    /// Lets others open the state file.
    pub(super) fn release(&self) {
        let mut held = self.held();
        *held = Held { taken: held.taken.take(), ..Held::default() };
    }
}

fn failed(files: &Files, source: io::Error) -> FileError {
    FileError::new("lock the state file", &files.lock, source)
}

/// Locks the separate file, and creates it if it is not there.
fn lock_own(path: &Path) -> Result<Locked, Refusal> {
    files::check_place(path).map_err(Refusal::Failed)?;
    let mut options = OpenOptions::new();
    options.read(true).write(true).create(true).truncate(false);
    loop {
        let mut file = options.open(path).map_err(Refusal::Failed)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                // On some systems what is locked cannot be read.
                return Err(match Holder::of(&mut file).unwrap_or(Holder::Nobody) {
                    Holder::Foreign => Refusal::Failed(io::Error::other(FOREIGN)),
                    holder => Refusal::Held(holder),
                });
            }
            Err(TryLockError::Error(error)) => return Err(Refusal::Failed(error)),
        }
        let inode = Inode::of(&file).map_err(Refusal::Failed)?;
        let mut locked = Locked { file, inode };
        if !locked.inode.is_at(path) {
            // It was removed before it was locked.
            continue;
        }
        if let Holder::Foreign = Holder::of(&mut locked.file).map_err(Refusal::Failed)? {
            return Err(Refusal::Failed(io::Error::other(FOREIGN)));
        }
        // Who has it is good to know, and no more: a full disk is no reason not
        // to open.
        let _ = Holder::note(&mut locked.file);
        return Ok(locked);
    }
}

/// Locks the state file itself, if it is there and can be.
fn lock_state(files: &Files) -> Result<Option<Locked>, StorageError> {
    if !cfg!(unix) {
        // There others could not read it.
        return Ok(None);
    }
    loop {
        // Whatever is wrong with it, who reads it is told.
        let Ok(file) = File::open(&files.state) else { return Ok(None) };
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(in_use_itself(files, &file)),
            // Not everywhere are there locks.
            Err(TryLockError::Error(_)) => return Ok(None),
        }
        let Ok(inode) = Inode::of(&file) else { return Ok(None) };
        let locked = Locked { file, inode };
        // Or else it was replaced before it was locked.
        if locked.inode.is_at(&files.state) {
            return Ok(Some(locked));
        }
    }
}

/// What can be done about a file that is there for something else, as
/// `Cargo.lock` is beside a state file `Cargo`.
const FOREIGN: &str = "it is not the lock of a state file, and was left as it is; move it away, or choose another \
                       `state_file`";

/// Somebody has locked the state file itself.
fn in_use_itself(files: &Files, state: &File) -> StorageError {
    let has_other_names = inode::names(state).is_ok_and(|names| names > 1);
    // Only who comes by the same name finds the lock of the other.
    let own = OpenOptions::new().read(true).write(true).open(&files.lock).ok();
    let own = own.filter(|own| !has_other_names || matches!(own.try_lock(), Err(TryLockError::WouldBlock)));
    match own {
        Some(mut own) => in_use(files, &Holder::of(&mut own).unwrap_or(Holder::Nobody)),
        None if has_other_names => StorageError::InUse {
            store: files.name(),
            by: "another scheduler under another name, since it is a hard link".to_owned(),
            remedy: "stop that one, or use another `state_file`".to_owned(),
        },
        None => in_use(files, &Holder::Nobody),
    }
}

fn in_use(files: &Files, holder: &Holder) -> StorageError {
    let name = holder.name();
    let what = if name.is_some() { "that one" } else { "it" };
    StorageError::InUse {
        store: files.name(),
        by: name.unwrap_or_else(|| "another process".to_owned()),
        remedy: format!("stop {what}, or use another `state_file`"),
    }
}
