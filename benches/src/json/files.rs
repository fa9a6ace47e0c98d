//! The files of a store, from outside: how long they are, and what was written.

use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};

/// What the kernel counts for this process.
const IO: &str = "/proc/self/io";

pub(crate) fn journal(state_file: &Path) -> PathBuf {
    with(state_file, ".journal")
}

/// The journal that is being folded into the snapshot, if one is.
pub(crate) fn old_journal(state_file: &Path) -> PathBuf {
    with(state_file, ".journal.old")
}

fn with(state_file: &Path, suffix: &str) -> PathBuf {
    let mut name = state_file.to_owned().into_os_string();
    name.push(suffix);
    name.into()
}

/// Bytes of a file; none if it is not there.
pub(crate) fn length(file: &Path) -> Result<u64> {
    match fs::metadata(file) {
        Ok(metadata) => Ok(metadata.len()),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(0),
        Err(error) => Err(error).with_context(|| format!("cannot look at `{}`", file.display())),
    }
}

/// Copies a state file with its journal.
pub(crate) fn copy(from: &Path, to: &Path) -> Result<()> {
    fs::copy(from, to)?;
    if journal(from).exists() {
        fs::copy(journal(from), journal(to))?;
    }
    Ok(())
}

/// Removes a state file with all that is beside it.
pub(crate) fn remove(state_file: &Path) -> Result<()> {
    for file in [state_file.to_owned(), journal(state_file), old_journal(state_file)] {
        if file.exists() {
            fs::remove_file(file)?;
        }
    }
    Ok(())
}

/// Bytes that this process has caused to be sent to the disk.
pub(crate) fn sent_to_disk() -> Result<u64> {
    let counts = fs::read_to_string(IO).context("what is written is measured on Linux only")?;
    let bytes = counts.lines().find_map(|line| line.strip_prefix("write_bytes:"));
    Ok(bytes.with_context(|| format!("no `write_bytes` in {IO}"))?.trim().parse()?)
}
