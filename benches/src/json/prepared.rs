//! State files that a process of its own makes.

use std::path::{Path, PathBuf};

use anyhow::Result;
use fastscheduler::storage::{Change, Durability, JsonStorage, MemoryStorage, Storage as _};
use serde::{Deserialize, Serialize};

use super::files;

/// A state file that is to be made, and what has happened to its jobs.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Plan<Past> {
    pub(crate) state_file: PathBuf,
    pub(crate) jobs: u32,
    pub(crate) past: Past,
}

/// What was made.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub(crate) struct Prepared {
    /// Bytes of the snapshot.
    pub(crate) snapshot: u64,
    /// Bytes of the journal.
    pub(crate) journal: u64,
}

impl Prepared {
    pub(crate) fn of(state_file: &Path) -> Result<Self> {
        Ok(Self {
            snapshot: files::length(state_file)?,
            journal: files::length(&files::journal(state_file))?,
        })
    }
}

/// Writes jobs to a file that were added in memory, which takes no syncs.
pub(crate) async fn write(memory: &MemoryStorage, state_file: &Path) -> Result<()> {
    let added: Vec<Change> = memory.jobs().await?.into_iter().map(|job| Change::AddJob(job.into())).collect();
    let json = JsonStorage::open(state_file)?;
    json.apply(&added, Durability::Now).await?;
    Ok(json.close().await?)
}
