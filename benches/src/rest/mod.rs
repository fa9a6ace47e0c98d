//! The REST interface under load: a server in one process, and its clients in
//! another.

pub(crate) mod clients;
mod report;
pub(crate) mod server;

use std::path::Path;
use std::time::Duration;

use anyhow::{Context as _, Result};

use self::clients::Ask;
use self::server::{Load, Row};
use crate::child;
use crate::json::prepare::{Past, Plan};

/// What is asked for, with that many jobs stored.
const LOADS: [(Ask, u32); 14] = [
    (Ask::List { limit: None }, 100),
    (Ask::List { limit: Some(100) }, 10_000),
    (Ask::List { limit: None }, 10_000),
    (Ask::One, 100),
    (Ask::One, 10_000),
    (Ask::Status, 10_000),
    (Ask::Overview, 10_000),
    (Ask::Recent, 10_000),
    (Ask::Timeline, 10_000),
    (Ask::Groups, 10_000),
    (Ask::Create, 1),
    (Ask::Create, 1_000),
    (Ask::Create, 10_000),
    (Ask::Create, 100_000),
];

/// The longest that one of them is asked for: new jobs would be too many.
const LONGEST: Duration = Duration::from_secs(5);

/// Measures everything, and prints it.
pub(crate) fn compare(length: Duration) -> Result<()> {
    // On a disk, as those of `json`.
    let program = std::env::current_exe()?;
    let folder = program.parent().context("this program is in no folder")?;
    let folder = tempfile::Builder::new().prefix("state-files-").tempdir_in(folder)?;
    eprintln!("state files are in `{}`, and removed afterwards", folder.path().display());
    let rows: Result<Vec<Row>> =
        LOADS.into_iter().map(|(ask, stored)| row(folder.path(), ask, stored, length.min(LONGEST))).collect();
    folder.close()?;
    print!("{}", report::of(&rows?));
    Ok(())
}

fn row(folder: &Path, ask: Ask, stored: u32, length: Duration) -> Result<Row> {
    eprintln!("{ask} with {stored} jobs, for {length:?}");
    let folder = tempfile::tempdir_in(folder)?;
    let state_file = folder.path().join("jobs.json");
    let past = if ask.is_of_history() { Past::Stopped } else { Past::Waiting };
    let plan = Plan { state_file: state_file.clone(), jobs: stored, past };
    child::ask(&plan)?;
    let row = child::ask(&Load { state_file, stored, ask, length })?;
    folder.close()?;
    Ok(row)
}
