//! Many jobs: what a start, a status and a stop take, beside what it takes to
//! read the same files as plain JSON and to write them.

pub(crate) mod life;
pub(crate) mod plain;
pub(crate) mod prepare;
mod report;

use std::path::Path;
use std::time::Duration;

use anyhow::{Context as _, Result};

use self::life::{Life, Lived};
use self::plain::{Files, Plain};
use self::prepare::{Past, Plan};
use crate::child;
use crate::json::files;
use crate::json::prepared::Prepared;

/// How many jobs there are.
const JOBS: u32 = 100_000;

/// As often each life is measured; the quickest counts, as the others were
/// disturbed.
const TIMES: usize = 3;

/// What one row of the table says.
struct Row {
    past: Past,
    prepared: Prepared,
    life: Life,
    plain: Plain,
}

/// Measures everything, and prints it.
pub(crate) fn compare(_: Duration) -> Result<()> {
    let program = std::env::current_exe()?;
    let folder = program.parent().context("this program is in no folder")?;
    let folder = tempfile::Builder::new().prefix("state-files-").tempdir_in(folder)?;
    eprintln!("state files are in `{}`, and removed afterwards", folder.path().display());
    let rows = Past::ALL.iter().map(|past| row(folder.path(), *past)).collect::<Result<Vec<_>>>()?;
    folder.close()?;
    print!("{}", report::of(&rows));
    Ok(())
}

fn row(folder: &Path, past: Past) -> Result<Row> {
    eprintln!("{JOBS} jobs, {past}");
    let original = folder.join("original.json");
    let prepared = child::ask(&Plan { state_file: original.clone(), jobs: JOBS, past })?;
    let state_file = folder.join("scale.json");
    let (mut lives, mut plains) = (Vec::new(), Vec::new());
    for _ in 0..TIMES {
        files::copy(&original, &state_file)?;
        let plan = Plan { state_file: state_file.clone(), jobs: JOBS, past };
        plains.push(child::ask(&Files(state_file.clone()))?);
        lives.push(child::ask(&Lived(plan))?);
        files::remove(&state_file)?;
    }
    files::remove(&original)?;
    let life = lives.into_iter().min_by_key(Life::in_all).context("nothing was measured")?;
    let plain = plains.into_iter().min_by_key(Plain::in_all).context("nothing was measured")?;
    Ok(Row { past, prepared, life, plain })
}
