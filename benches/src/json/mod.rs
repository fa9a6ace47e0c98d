//! The default store under load: what a run costs and writes, what a start
//! and a new job take, and what becomes of runs while a snapshot is written.

pub(crate) mod creates;
pub(crate) mod files;
mod fold;
pub(crate) mod load;
pub(crate) mod prepare;
pub(crate) mod prepared;
mod report;
pub(crate) mod start;
mod syncs;

use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context as _, Result};

use self::creates::{Creates, Side};
use self::load::{DUE, Load, Row};
use self::prepare::{Past, Plan};
use self::prepared::Prepared;
use self::start::{Start, Stored};
use crate::child;

/// How many jobs are stored, of which some are due.
const STORED: [u32; 3] = [DUE, 10_000, MANY];

/// Of many jobs.
const MANY: u32 = 100_000;

/// As often each start is measured; the quickest counts, as the others were
/// disturbed.
const STARTS: usize = 3;

/// The longest that new jobs are made.
const LONGEST_CREATES: Duration = Duration::from_secs(5);

/// Measures everything, and prints it.
pub(crate) fn compare(length: Duration) -> Result<()> {
    // Beside this program, which is on a disk; where others put such files may
    // be none.
    let program = std::env::current_exe()?;
    let folder = program.parent().context("this program is in no folder")?;
    let folder = tempfile::Builder::new().prefix("state-files-").tempdir_in(folder)?;
    eprintln!("state files are in `{}`, and removed afterwards", folder.path().display());
    let rows = rows(folder.path(), length)?;
    let starts = starts(folder.path())?;
    let creates = creates(folder.path(), length.min(LONGEST_CREATES))?;
    folder.close()?;
    print!("{}", report::of(&rows, &starts, &creates));
    Ok(())
}

/// Runs each second, in memory and out of files with more and more jobs.
fn rows(folder: &Path, length: Duration) -> Result<Vec<Row>> {
    eprintln!("{DUE} jobs each second, in memory, for {length:?}");
    let memory = child::ask(&Load { state_file: None, stored: DUE, length })?;
    let mut rows = vec![memory];
    for stored in STORED {
        eprintln!("{DUE} of {stored} jobs each second, for {length:?}, and a snapshot");
        let state_file = folder.join(format!("{stored}.json"));
        if stored > DUE {
            prepare(&state_file, stored - DUE, Past::Waiting)?;
        }
        rows.push(child::ask(&Load { state_file: Some(state_file), stored, length })?);
    }
    Ok(rows)
}

/// Starts after a stop and after a crash.
fn starts(folder: &Path) -> Result<Vec<(Past, Prepared, Start)>> {
    let mut starts = Vec::new();
    for past in [Past::Stopped, Past::Crashed] {
        eprintln!("starts with {MANY} jobs, {past}");
        let original = folder.join(format!("{past}.json"));
        let prepared = prepare(&original, MANY, past)?;
        let state_file = folder.join("start.json");
        let mut best: Option<Start> = None;
        for _ in 0..STARTS {
            files::copy(&original, &state_file)?;
            let stored = Stored { state_file: state_file.clone(), jobs: MANY };
            let start = child::ask(&stored)?;
            best = best.into_iter().chain([start]).min_by_key(|start| start.running);
        }
        starts.extend(best.map(|best| (past, prepared, best)));
    }
    Ok(starts)
}

fn prepare(state_file: &Path, jobs: u32, past: Past) -> Result<Prepared> {
    child::ask(&Plan { state_file: state_file.to_owned(), jobs, past })
}

/// New jobs, beside what the disk allows.
fn creates(folder: &Path, length: Duration) -> Result<[Creates; 2]> {
    eprintln!("new jobs, for {length:?}");
    let file = |name: &str| -> PathBuf { folder.join(name) };
    let scheduler = creates::Load { side: Side::Scheduler, file: file("creates.json"), length };
    let scheduler = child::ask(&scheduler)?;
    let lines = Side::Loop { line: scheduler.line() };
    let lines = creates::Load { side: lines, file: file("creates.lines"), length };
    Ok([child::ask(&lines)?, scheduler])
}
