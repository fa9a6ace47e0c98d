//! The files of a store, and replacing one safely.

use std::ffi::OsString;
use std::fs::{self, File};
use std::io::{self, BufWriter, Write as _};
use std::path::{Path, PathBuf};

use super::error::FileError;
use crate::storage::StorageError;

/// How much is written at once.
const BUFFER: usize = 256 * 1024;

/// The files of a store, all in one folder.
#[derive(Debug)]
pub(super) struct Files {
    pub(super) folder: PathBuf,
    /// The snapshot.
    pub(super) state: PathBuf,
    /// What was changed since the snapshot.
    pub(super) journal: PathBuf,
    /// The journal before that, until it is folded into the snapshot.
    pub(super) old_journal: PathBuf,
    /// The dead letters, for people and other programs.
    pub(super) dead_letters: PathBuf,
    /// Locked for as long as the store is open.
    pub(super) lock: PathBuf,
}

impl Files {
    /// The files that belong to a state file. A link is followed, so that the
    /// file that is replaced and locked is the one it leads to.
    pub(super) fn of(path: &Path) -> Result<Self, StorageError> {
        let open = |source| FileError::new("open the state file", path, source);
        let state = match fs::canonicalize(path) {
            Ok(state) if state.is_dir() => return Err(open(io::ErrorKind::IsADirectory.into()).into()),
            Ok(state) => state,
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                let name = path.file_name().ok_or_else(|| open(io::ErrorKind::InvalidFilename.into()))?;
                let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
                let folder = folder.unwrap_or_else(|| Path::new("."));
                fs::canonicalize(folder)
                    .map_err(FileError::of("find the folder of the state file", folder))?
                    .join(name)
            }
            Err(error) => return Err(open(error).into()),
        };
        let mut letters = state.file_stem().unwrap_or_default().to_owned();
        letters.push("_dead_letters.json");
        Ok(Self {
            folder: state.parent().map_or_else(PathBuf::new, Path::to_owned),
            journal: with(&state, ".journal"),
            old_journal: with(&state, ".journal.old"),
            dead_letters: state.with_file_name(letters),
            lock: with(&state, ".lock"),
            state,
        })
    }

    /// Keeps a copy of a file that is about to be replaced, if it is there.
    pub(super) fn keep(&self, file: &Path, notes: &mut Vec<String>) -> Result<(), FileError> {
        let Some(text) = read(file)? else { return Ok(()) };
        let mut copy = with(file, ".bak");
        let mut number = 1;
        while copy.exists() {
            number += 1;
            copy = with(file, &format!(".bak.{number}"));
        }
        self.replace(&copy, |to| to.write_all(&text))?;
        notes.push(format!("`{}` is kept as `{}`", file.display(), copy.display()));
        Ok(())
    }

    /// Makes new names and renamings in the folder safe.
    pub(super) fn sync_folder(&self) -> Result<(), FileError> {
        // Elsewhere a folder cannot be opened, and need not be.
        if cfg!(unix) {
            let synced = File::open(&self.folder).and_then(|folder| folder.sync_all());
            synced.map_err(FileError::of("sync the folder", &self.folder))?;
        }
        Ok(())
    }

    /// Puts what `write` writes in the place of a file, whole or not at all,
    /// and says how long it is.
    pub(super) fn replace(
        &self,
        file: &Path,
        write: impl FnOnce(&mut BufWriter<File>) -> io::Result<()>,
    ) -> Result<u64, FileError> {
        let beside = with(file, ".tmp");
        let written = File::create(&beside).and_then(|new| {
            let mut writer = BufWriter::with_capacity(BUFFER, new);
            write(&mut writer)?;
            writer.flush()?;
            let new = writer.get_ref();
            new.sync_all()?;
            let length = new.metadata()?.len();
            fs::rename(&beside, file)?;
            Ok(length)
        });
        let length = written.map_err(|error| {
            // What it takes up may be what is missing.
            let _ = fs::remove_file(&beside);
            FileError::new("write", file, error)
        })?;
        self.sync_folder()?;
        Ok(length)
    }
}

/// Makes safe what was written to a file, whoever wrote it.
pub(super) fn sync(file: &Path) -> Result<(), FileError> {
    // Not for reading only: there are systems that refuse to sync such a one.
    let synced = File::options().append(true).open(file).and_then(|file| file.sync_data());
    synced.map_err(FileError::of("sync the journal", file))
}

/// Removes a file, if it is there.
pub(super) fn remove(file: &Path) -> Result<(), FileError> {
    match fs::remove_file(file) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(FileError::new("remove", file, error)),
        Ok(()) | Err(_) => Ok(()),
    }
}

/// All of a file, or `None` if there is none.
pub(super) fn read(file: &Path) -> Result<Option<Vec<u8>>, FileError> {
    match fs::read(file) {
        Ok(bytes) => Ok(Some(bytes)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(FileError::new("read", file, error)),
    }
}

/// A path with something behind its name.
pub(super) fn with(path: &Path, suffix: &str) -> PathBuf {
    let mut name = OsString::from(path);
    name.push(suffix);
    name.into()
}
