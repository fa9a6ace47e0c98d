//! A snapshot that is written while jobs run.

use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use chrono::{DateTime, Utc};
use cpu_time::ProcessTime;
use fastscheduler::storage::{Change, Durability, EndedAttempt, JsonStorage, Storage as _};
use fastscheduler::{Clock as _, HistoryQuery, Progress, SystemClock};
use serde::{Deserialize, Serialize};

use super::files;
use crate::lateness::{LATENESS, Late};
use crate::memory;

/// The least journal that is folded, by default.
const FOLD_AT: u64 = 16 * 1024 * 1024;

/// As many ends of attempts as share a record under this load.
const IN_A_RECORD: usize = 4;

/// How often one looks whether it is done.
const LOOK_EACH: Duration = Duration::from_millis(2);

/// The longest that a snapshot may take.
const PATIENCE: Duration = Duration::from_mins(1);

/// A snapshot and what it took.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Fold {
    /// Bytes of the journal that was folded.
    pub journal: u64,
    /// Bytes of the snapshot.
    pub snapshot: u64,
    pub took: Duration,
    /// CPU time beyond what the runs meanwhile take.
    pub cpu: Duration,
    /// Runs that came due meanwhile, and how late they were.
    pub runs: u64,
    pub late: Late,
    /// Resident memory, at most.
    pub memory: u64,
}

/// Makes the journal as long as one that is folded, and measures that. The
/// runs take that share of a core as `usual`.
#[expect(clippy::disallowed_methods, reason = "it is real time that passes")]
pub(crate) async fn measure(storage: &JsonStorage, state_file: &Path, usual: f64) -> Result<Fold> {
    let (journal, old) = (files::journal(state_file), files::old_journal(state_file));
    fill(storage, &journal, files::length(state_file)?.max(FOLD_AT)).await?;
    // What filling it has caused is over by then.
    SystemClock.sleep(Duration::from_secs(2)).await;
    LATENESS.count_due_in(DateTime::<Utc>::MIN_UTC..DateTime::<Utc>::MAX_UTC);
    LATENESS.begin_anew();
    let (begin, cpu) = (Instant::now(), ProcessTime::now());
    let _handle = storage.clone().fold_at(0);
    until(begin, || old.exists()).await?;
    let length = files::length(&old)?;
    let mut most = 0;
    until(begin, || {
        most = most.max(memory::resident().unwrap_or_default());
        !old.exists()
    })
    .await?;
    let (took, cpu) = (begin.elapsed(), cpu.elapsed());
    let late = LATENESS.read();
    // Only one is measured.
    let _handle = storage.clone().fold_at(u64::MAX);
    Ok(Fold {
        journal: length,
        snapshot: files::length(state_file)?,
        took,
        cpu: cpu.saturating_sub(took.mul_f64(usual)),
        runs: late.total(),
        late: late.into(),
        memory: most,
    })
}

/// Appends ends of attempts that are known already, and change nothing.
async fn fill(storage: &JsonStorage, journal: &Path, length: u64) -> Result<()> {
    let query = HistoryQuery { limit: usize::MAX, ..HistoryQuery::default() };
    let ends = storage.history(&query).await?.into_iter().map(|run| {
        let next_run_at = Some(run.scheduled_for());
        let progress = Progress { scheduled_since: run.scheduled_for(), next_run_at };
        Change::EndAttempt(EndedAttempt { run: run.into(), progress, retry: None, dead_letter: None })
    });
    let ends: Vec<Change> = ends.collect();
    ensure!(!ends.is_empty(), "nothing was run");
    for record in ends.chunks(IN_A_RECORD).cycle() {
        if files::length(journal)? >= length {
            break;
        }
        storage.apply(record, Durability::Soon).await?;
    }
    Ok(())
}

async fn until(begin: Instant, mut is_so: impl FnMut() -> bool) -> Result<()> {
    while !is_so() {
        ensure!(begin.elapsed() < PATIENCE, "no snapshot was written within {PATIENCE:?}");
        SystemClock.sleep(LOOK_EACH).await;
    }
    Ok(())
}
