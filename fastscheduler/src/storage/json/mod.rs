//! The default store: JSON files, and no server.
//!
//! The state is in memory, and what changes it is appended to a journal, one
//! line each, so that a run costs the same however many jobs there are. Now and
//! then the journal is folded into a snapshot, the state file.
//!
//! - [`ledger`] keeps state and journal in step.
//! - [`sync`] makes safe what was written, for many at once.
//! - [`fold`] writes snapshots, beside those who work with the state.
//! - [`closing`] leaves the files to whoever opens them next.
//! - [`syncing`], [`folding`] and [`ending`] hold what the ledger knows of these
//!   three; [`answer`] tells those who wait how it went.
//! - [`load`] reads it all again, and [`long_journals`] shortens what is too long
//!   to read at each start; [`python`] reads what the Python program wrote, with
//!   [`not_numbers`] for what is no JSON in it.
//! - [`document`], [`journal`], [`line`] are the forms of the files; [`lineage`]
//!   says which of them belong together, and [`unknown`] what a newer version has
//!   written in them.
//! - [`size_limit`] makes a file that outgrows its limit an error.
//! - [`files`] and [`lock`] see to names, safe replacement, and one at a time;
//!   [`holder`] says who that is, and [`inode`] which file a name leads to.

mod answer;
mod closing;
mod dead_letters;
mod document;
mod ending;
mod error;
mod files;
mod fold;
mod folding;
mod holder;
mod inode;
mod journal;
mod ledger;
mod line;
mod lineage;
mod load;
mod lock;
mod long_journals;
mod not_numbers;
mod python;
#[cfg(unix)]
mod size_limit;
mod snapshot;
mod store;
mod sync;
mod syncing;
#[cfg(test)]
mod tests;
mod unknown;

use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};

use self::answer::Answered;
use self::closing::OnDuty;
use self::document::Purpose;
use self::ending::{Closing, Lost};
use self::error::FileError;
use self::files::Files;
use self::folding::Folding;
use self::journal::Journal;
use self::ledger::{Inner, Ledger, Recorded};
use self::load::{Found, Journals};
use self::lock::Lock;
use self::snapshot::Snapshot;
use super::StorageError;
use crate::job::panic_text;
use crate::schedule::text::OneLine;

/// The state file of a scheduler that is told no other.
pub(crate) const DEFAULT_STATE_FILE: &str = "fastscheduler_state.json";

/// The least length of a journal that is folded, unless it is told another.
const FOLD_AT: u64 = 16 * 1024 * 1024;

/// The default store: JSON files, which need no server.
///
/// `<state_file>` is a snapshot, `<state_file>.journal` what was changed since,
/// one JSON record a line; `<name>_dead_letters.json` shows the dead letters.
/// A lock on `<state_file>.lock` keeps other processes from opening them. If
/// another process takes them over anyway, this store writes nothing more, and
/// [`lost`](crate::storage::Storage::lost) returns. Network file systems may not support locks.
///
/// A change that a caller was told succeeded survives a power failure, and so
/// does a run 100 ms after it ended. While the disk is full, jobs keep running and
/// requests fail with the reason. Once there is space, everything is written.
///
/// A state file of the Python program of the same name is taken over. The
/// original stays as `<state_file>.bak`.
///
/// Clones share one store. It is closed when its scheduler is stopped, or when
/// the last clone is dropped.
///
/// # Examples
///
/// ```
/// use fastscheduler::storage::{JsonStorage, Storage};
///
/// # tokio::runtime::Builder::new_current_thread().build()?.block_on(async {
/// # let folder = std::env::temp_dir().join(format!("fastscheduler-json-{}", std::process::id()));
/// # std::fs::create_dir_all(&folder)?;
/// # let state_file = folder.join("scheduler.json");
/// let storage = JsonStorage::open(&state_file)?;
/// assert_eq!(storage.jobs().await?, []);
///
/// let mistake = JsonStorage::open(&state_file).unwrap_err();
/// assert!(mistake.to_string().contains("in use by another scheduler of this process"));
///
/// storage.close().await?;
/// JsonStorage::open(&state_file)?;
/// # std::fs::remove_dir_all(&folder)?;
/// # anyhow::Ok(()) })?;
/// # anyhow::Ok(())
/// ```
#[derive(Clone)]
pub struct JsonStorage(Arc<Handle>);

/// Closes the files when the last handle is dropped.
struct Handle {
    ledger: Arc<Ledger>,
    notes: Vec<String>,
    threads: Mutex<Vec<JoinHandle<()>>>,
}

impl JsonStorage {
    /// Opens a state file, or begins one. Its folder must be there.
    ///
    /// It reads all of the file, and waits for the disk.
    ///
    /// # Errors
    ///
    /// [`StorageError::InUse`] if it is open already, here or in another
    /// process, also by another hard link; [`StorageError::Damaged`] and [`StorageError::Version`] if it
    /// cannot be read, and then nothing is changed; [`StorageError::Failed`]
    /// for what the system refuses.
    pub fn open(state_file: impl AsRef<Path>) -> Result<Self, StorageError> {
        let mut notes = Vec::new();
        #[cfg(unix)]
        notes.extend(size_limit::is_an_error().err());
        let files = Files::of(state_file.as_ref())?;
        let lock = Lock::take(&files)?;
        let mut snapshot = match load::state_file(&files, Purpose::Start)? {
            Found::Snapshot(snapshot, unknown) => {
                notes.extend(unknown.note(&files.state));
                snapshot
            }
            Found::Nothing => {
                files.keep(&files.dead_letters, &mut notes)?;
                files.begin(Snapshot::empty(), &lock)?
            }
            Found::Python(snapshot, of_python) => {
                files.keep(&files.state, &mut notes)?;
                files.keep(&files.dead_letters, &mut notes)?;
                notes.extend(of_python);
                files.begin(snapshot, &lock)?
            }
        };
        let journals = Journals::replay(&files, &mut snapshot)?;
        notes.extend(journals.notes(&files));
        let torn = journals.last.as_ref().map_or(0, |journal| journal.extent.torn);
        if torn > 0 {
            notes.push(format!(
                "`{}` was not written to its end; its last {torn} bytes are dropped",
                files.journal.display()
            ));
        }
        let is_folded = files.fold_long_journals(&mut snapshot, &journals, &lock)?;
        let state = std::fs::metadata(&files.state);
        let state = state.map_err(FileError::of("read the state file", &files.state))?;
        // The snapshot is ahead of a journal that could not be written for a
        // while. It must be there for good before the journal goes.
        files.sync_folder()?;
        let resumed = journals.last.as_ref().filter(|journal| !is_folded && journal.can_go_on(&snapshot));
        let journal = if let Some(last) = resumed {
            Journal::resume(&files.journal, &last.extent, journals.origin(&snapshot))?
        } else {
            let origin = journals.next_origin(&snapshot, is_folded);
            Journal::create(&files.journal, state.permissions(), origin)?
        };
        files.sync_folder()?;
        for note in &notes {
            tracing::warn!("{}", OneLine(note));
        }
        notes.extend(files.end_opening());
        let folding = Folding::new(FOLD_AT, state.len(), journals.old.is_some() && !is_folded);
        Self::start(Ledger::new(files, snapshot, journal, folding, lock), notes)
    }

    fn start(ledger: Ledger, notes: Vec<String>) -> Result<Self, StorageError> {
        let ledger = Arc::new(ledger);
        let handle = Handle { ledger: Arc::clone(&ledger), notes, threads: Mutex::default() };
        handle.begin_duty("fastscheduler-sync", Ledger::keep_safe)?;
        handle.begin_duty("fastscheduler-fold", Ledger::keep_folded)?;
        Ok(Self(Arc::new(handle)))
    }

    /// The least length of a journal that is folded into the snapshot, in
    /// bytes; 16 MiB by default. One shorter than the snapshot is not folded.
    #[must_use]
    pub fn fold_at(self, bytes: u64) -> Self {
        self.0.ledger.inner().fold.fold_at(bytes);
        self
    }

    /// What a person should know of how it was opened, a sentence each: what
    /// could not be taken over from the Python program, what was dropped, and
    /// which fields of a newer version will be.
    #[must_use]
    pub fn notes(&self) -> &[String] {
        &self.0.notes
    }

    fn inner(&self) -> std::sync::MutexGuard<'_, Inner> {
        self.0.ledger.inner()
    }

    async fn answered(&self, answer: Answered) -> Result<(), StorageError> {
        match answer.await {
            Ok(answer) => Ok(answer?),
            // Nobody answers any more once it is closed.
            Err(_) => Err(self.inner().why_closed()),
        }
    }

    /// Makes changes, and waits as long as it must.
    async fn until_safe<T>(
        &self,
        change: impl Fn(&Ledger) -> Result<(T, Recorded), StorageError>,
    ) -> Result<T, StorageError> {
        loop {
            match change(&self.0.ledger)? {
                (made, Recorded::Done) => return Ok(made),
                (made, Recorded::Unsafe(is_safe)) => return self.answered(is_safe).await.map(|()| made),
                (_, Recorded::Behind(is_whole)) => self.answered(is_whole).await?,
            }
        }
    }
}

impl Handle {
    fn begin_duty(&self, name: &str, duty: fn(&Ledger)) -> Result<(), StorageError> {
        let on_duty = OnDuty::begin(&self.ledger);
        let thread = thread::Builder::new().name(name.to_owned()).spawn(move || {
            if let Err(panic) = catch_unwind(AssertUnwindSafe(|| duty(&on_duty.0))) {
                on_duty.0.give_up(Lost::Panicked(format!("a thread of it {}", panic_text(panic))));
            }
        });
        self.threads().push(thread.map_err(|error| StorageError::new("start a thread", error))?);
        Ok(())
    }

    fn threads(&self) -> std::sync::MutexGuard<'_, Vec<JoinHandle<()>>> {
        self.threads.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Handle {
    fn drop(&mut self) {
        drop(self.ledger.close(Closing::AsItIs));
        for thread in self.threads().drain(..) {
            // A panic was seen to on the thread itself.
            let _ = thread.join();
        }
    }
}

impl fmt::Debug for JsonStorage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("JsonStorage").field("state_file", &self.0.ledger.files.state).finish_non_exhaustive()
    }
}
