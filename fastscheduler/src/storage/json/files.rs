//! The files of a store, and replacing one safely.

use std::ffi::OsString;
use std::fs::{self, File, FileType, OpenOptions, Permissions};
use std::io::{self, BufWriter, Write as _};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use chrono_tz::Tz;

use super::error::FileError;
use crate::storage::StorageError;

/// How much is written at once.
const BUFFER: usize = 256 * 1024;

/// What a copy is made for.
const KEEP: &str = "keep a copy of what is replaced";

/// The files of a store, all in one folder.
#[derive(Debug)]
pub(super) struct Files {
    pub(super) folder: PathBuf,
    /// The folder, for when no other handle of it can be had.
    open_folder: Option<File>,
    /// The snapshot.
    pub(super) state: PathBuf,
    /// What was changed since the snapshot.
    pub(super) journal: PathBuf,
    /// The journal before that, until it is folded into the snapshot.
    pub(super) old_journal: PathBuf,
    /// The next journal, until it has its name.
    pub(super) new_journal: PathBuf,
    /// The dead letters, for people and other programs.
    pub(super) dead_letters: PathBuf,
    /// The zone of the local times in it, once a scheduler has set it.
    pub(super) zone: Mutex<Option<Tz>>,
    /// Locked for as long as the store is open.
    pub(super) lock: PathBuf,
    /// What a person should know of how they are being opened; `None` once they are.
    opening: Mutex<Option<Vec<String>>>,
}

impl Files {
    /// The files that belong to a state file. A link is followed, so that the
    /// file that is replaced and locked is the one it leads to.
    pub(super) fn of(path: &Path) -> Result<Self, StorageError> {
        let open = |source| FileError::new("open the state file", path, source);
        let state = match fs::canonicalize(path) {
            Ok(state) if state.is_dir() => return Err(open(io::ErrorKind::IsADirectory.into()).into()),
            Ok(state) => {
                check_place(&state).map_err(open)?;
                state
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                if let Ok(target) = fs::read_link(path) {
                    // A link that leads to no file yet; to itself, it is another error.
                    return Self::of(&path.with_file_name("").join(target));
                }
                let name = path.file_name().ok_or_else(|| open(io::ErrorKind::InvalidFilename.into()))?;
                let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
                let folder = folder.unwrap_or_else(|| Path::new("."));
                fs::canonicalize(folder)
                    .map_err(FileError::of("find the folder of the state file", folder))?
                    .join(name)
            }
            Err(error) => return Err(open(error).into()),
        };
        let is_json = state.extension().is_some_and(|extension| extension == "json");
        let name = if is_json { state.file_stem() } else { state.file_name() };
        let mut letters = name.unwrap_or_default().to_owned();
        letters.push("_dead_letters.json");
        let folder = state.parent().map_or_else(PathBuf::new, Path::to_owned);
        Ok(Self {
            open_folder: File::open(&folder).ok(),
            folder,
            journal: with(&state, ".journal"),
            old_journal: with(&state, ".journal.old"),
            new_journal: with(&state, ".journal.new"),
            dead_letters: state.with_file_name(letters),
            zone: Mutex::default(),
            lock: with(&state, ".lock"),
            opening: Mutex::new(Some(Vec::new())),
            state,
        })
    }

    /// The store, as messages name it.
    pub(super) fn name(&self) -> String {
        format!("the state file `{}`", self.state.display())
    }

    /// Logs what could not be done and need not be. While the files are being
    /// opened, it is a note as well.
    pub(super) fn warn(&self, what: &str, why: FileError) {
        tracing::warn!(error = &why as &dyn std::error::Error, "{what}");
        if let Some(notes) = &mut *self.opening.lock().unwrap_or_else(PoisonError::into_inner) {
            notes.push(format!("{what}: {}", StorageError::from(why)));
        }
    }

    /// The notes of the opening, which is over. They were logged.
    pub(super) fn end_opening(&self) -> Vec<String> {
        self.opening.lock().unwrap_or_else(PoisonError::into_inner).take().unwrap_or_default()
    }

    /// What was changed since the snapshot, the older one first.
    pub(super) fn journals(&self) -> impl Iterator<Item = &Path> {
        [&self.old_journal, &self.journal].into_iter().map(PathBuf::as_path)
    }

    /// Keeps a copy of a file that is about to be replaced, if it is there.
    pub(super) fn keep(&self, file: &Path, notes: &mut Vec<String>) -> Result<(), FileError> {
        let Some(text) = read(KEEP, file)? else { return Ok(()) };
        let mut copy = with(file, ".bak");
        let mut number = 1;
        while copy.exists() {
            number += 1;
            copy = with(file, &format!(".bak.{number}"));
        }
        let rename = |_, beside: &Path| fs::rename(beside, &copy);
        self.replace(KEEP, &copy, file, |to| to.write_all(&text), rename)?;
        notes.push(format!("`{}` is kept as `{}`", file.display(), copy.display()));
        Ok(())
    }

    /// Makes new names and renamings in the folder safe.
    pub(super) fn sync_folder(&self) -> Result<(), FileError> {
        // Elsewhere a folder cannot be opened, and need not be.
        if !cfg!(unix) {
            return Ok(());
        }
        let failed = || FileError::of("sync the folder", &self.folder);
        let synced = match (File::open(&self.folder).map_err(failed()), &self.open_folder) {
            (Err(why), Some(folder)) if why.is_want_of_handles() => folder.sync_all(),
            (opened, _) => opened?.sync_all(),
        };
        synced.map_err(failed())
    }

    /// Puts what `write` writes in the place of a file, whole or not at all:
    /// `rename` gives it its name. It may be read by those who may read the one
    /// that is there, or else the one it is `like`.
    pub(super) fn replace(
        &self,
        action: &'static str,
        file: &Path,
        like: &Path,
        write: impl FnOnce(&mut BufWriter<File>) -> io::Result<()>,
        rename: impl FnOnce(File, &Path) -> io::Result<()>,
    ) -> Result<(), FileError> {
        let beside = with(file, ".tmp");
        if let Ok(known) = fs::symlink_metadata(&beside)
            && !known.is_file()
        {
            // It is nobody's but that of who put it there.
            let why = format!("it is {}, and in the way; move it away", kind(known.file_type()));
            return Err(FileError::new(action, &beside, io::Error::other(why)));
        }
        let known = fs::metadata(file).or_else(|_| fs::metadata(like)).ok();
        let written = create(&beside, known.map(|known| known.permissions())).and_then(|new| {
            let mut writer = BufWriter::with_capacity(BUFFER, new);
            write(&mut writer)?;
            let new = writer.into_inner()?;
            new.sync_all()?;
            rename(new, &beside)
        });
        written.map_err(|error| {
            // What it takes up may be what is missing.
            let _ = fs::remove_file(&beside);
            FileError::new(action, file, error)
        })?;
        self.sync_folder()
    }
}

/// Begins a file that nobody else can read before it has its permissions.
fn create(file: &Path, permissions: Option<Permissions>) -> io::Result<File> {
    let Some(permissions) = permissions else { return File::create(file) };
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let new = options.open(file)?;
    new.set_permissions(permissions)?;
    Ok(new)
}

/// Removes a journal, if it is there.
pub(super) fn remove(file: &Path) -> Result<(), FileError> {
    match fs::remove_file(file) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            Err(FileError::new("remove the journal", file, error))
        }
        Ok(()) | Err(_) => Ok(()),
    }
}

/// All of a file, or `None` if there is none. The action is what it is read for.
pub(super) fn read(action: &'static str, file: &Path) -> Result<Option<Vec<u8>>, FileError> {
    match check_place(file).and_then(|()| fs::read(file)) {
        Ok(bytes) => Ok(Some(bytes)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(FileError::new(action, file, error)),
    }
}

/// Refuses what is in the place of a file and is none. Who opens a pipe waits
/// for somebody at its other end.
pub(super) fn check_place(file: &Path) -> io::Result<()> {
    match fs::metadata(file) {
        Ok(known) if !known.is_file() && !known.is_dir() => {
            let kind = kind(known.file_type());
            Err(io::Error::other(format!("it is {kind} and not a file; choose another `state_file`")))
        }
        // Whatever else is wrong, who opens it is told.
        Ok(_) | Err(_) => Ok(()),
    }
}

fn kind(known: FileType) -> &'static str {
    #[cfg(unix)]
    let is_pipe = std::os::unix::fs::FileTypeExt::is_fifo(&known);
    #[cfg(not(unix))]
    let is_pipe = false;
    match known {
        _ if is_pipe => "a named pipe",
        _ if known.is_dir() => "a directory",
        _ if known.is_symlink() => "a link",
        _ => "a device or a socket",
    }
}

/// A path with something behind its name.
pub(super) fn with(path: &Path, suffix: &str) -> PathBuf {
    let mut name = OsString::from(path);
    name.push(suffix);
    name.into()
}
