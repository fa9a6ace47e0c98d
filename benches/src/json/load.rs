//! Runs each second out of a store, and then while a snapshot is written.

use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Result, ensure};
use cpu_time::ProcessTime;
use fastscheduler::prelude::*;
use fastscheduler::storage::{JsonStorage, MemoryStorage, Storage as _};
use fastscheduler::{Clock as _, SchedulerBuilder, SystemClock};
use serde::{Deserialize, Serialize};
use tokio::runtime::Runtime;

use super::files;
use super::fold::{self, Fold};
use crate::child::Task;
use crate::lateness::{LATENESS, Late};
use crate::memory;
use crate::scheduled::Scheduled;
use crate::window::{Dues, Window};

/// How many jobs are due each second.
pub(crate) const DUE: u32 = 1_000;

/// The time left for adding them and for starting, before anything is due.
const TIME_TO_START: Duration = Duration::from_secs(5);

/// As many are added at a time as share a sync.
const ADDED_AT_ONCE: usize = 64;

/// A run that did not begin this long after the end is lost.
const PATIENCE: Duration = Duration::from_secs(1);

/// What one row of the table measures.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Load {
    /// `None` is the store in memory.
    pub state_file: Option<PathBuf>,
    /// Jobs that are stored, with those that are due.
    pub stored: u32,
    pub length: Duration,
}

/// One row of the table.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Row {
    pub load: Load,
    /// Runs due.
    pub expected: u64,
    /// Runs that began.
    pub done: u64,
    /// Runs that were skipped with a record.
    pub skipped: u64,
    /// Runs that began, then or later, and that the store did not count.
    pub unrecorded: i64,
    /// CPU time of the process, for as long as it was measured.
    pub cpu: Duration,
    pub late: Late,
    /// Resident memory.
    pub memory: u64,
    pub written: Option<Written>,
}

/// What went into the files.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Written {
    /// Bytes by which the journal grew.
    pub journal: u64,
    /// Bytes that the kernel sent to the disk meanwhile.
    pub disk: u64,
    pub fold: Fold,
}

impl Row {
    /// Runs that are lost without a record.
    pub(crate) fn unaccounted(&self) -> i64 {
        self.expected.cast_signed() - self.done.cast_signed() - self.skipped.cast_signed()
    }

    /// CPU time of one core, in percent, without snapshots.
    pub(crate) fn cpu_percent(&self) -> f64 {
        self.cpu.div_duration_f64(self.load.length) * 100.0
    }

    /// CPU time of a run, without its share of a snapshot.
    pub(crate) fn cpu_per_run(&self) -> Duration {
        self.cpu / u32::try_from(self.done.max(1)).unwrap_or(u32::MAX)
    }

    /// Runs between two snapshots.
    pub(crate) fn runs_per_fold(&self) -> Option<u32> {
        let written = self.written.as_ref()?;
        let runs =
            u128::from(written.fold.journal) * u128::from(self.done) / u128::from(written.journal.max(1));
        Some(u32::try_from(runs.max(1)).unwrap_or(u32::MAX))
    }

    /// CPU time of a run, with its share of a snapshot.
    pub(crate) fn cpu_per_run_in_all(&self) -> Duration {
        let share = self.written.as_ref().zip(self.runs_per_fold());
        self.cpu_per_run() + share.map_or(Duration::ZERO, |(written, runs)| written.fold.cpu / runs)
    }

    /// Bytes of the journal and of snapshots, for a run.
    pub(crate) fn bytes_per_run(&self) -> Option<(u64, u64)> {
        let written = self.written.as_ref()?;
        let of_snapshots = written.fold.snapshot / u64::from(self.runs_per_fold()?);
        Some((written.journal / self.done.max(1), of_snapshots))
    }
}

impl Task for Load {
    const NAME: &'static str = "json";
    type Answer = Row;

    fn run(self, runtime: &Runtime) -> Result<Row> {
        runtime.block_on(measure(self))
    }
}

/// Measures one row, in a process of its own.
async fn measure(load: Load) -> Result<Row> {
    match load.state_file.clone() {
        None => {
            let builder = Scheduler::builder().storage(MemoryStorage::default());
            let (scheduled, row) = run(builder, load, |_| Ok(())).await?;
            scheduled.stop().await?;
            Ok(row)
        }
        Some(state_file) => measure_in_file(&state_file, load).await,
    }
}

async fn measure_in_file(state_file: &Path, load: Load) -> Result<Row> {
    // Snapshots are measured by themselves.
    let storage = JsonStorage::open(state_file)?.fold_at(u64::MAX);
    let builder = Scheduler::builder().storage(storage.clone());
    let journal = files::journal(state_file);
    let mut written = (0, 0);
    let (scheduled, mut row) = run(builder, load, |at| {
        let now = (files::length(&journal)?, files::sent_to_disk()?);
        written = if at == At::Begin { now } else { (now.0 - written.0, now.1 - written.1) };
        Ok(())
    })
    .await?;
    let usual = row.cpu.div_duration_f64(row.load.length);
    let fold = fold::measure(&storage, state_file, usual).await?;
    row.written = Some(Written { journal: written.0, disk: written.1, fold });
    scheduled.stop().await?;
    drop(storage);
    let stored = JsonStorage::open(state_file)?;
    ensure!(stored.jobs().await?.len() == row.load.stored as usize, "jobs are missing in the file");
    let recorded = stored.statistics().await?.total_runs;
    row.unrecorded = LATENESS.calls().cast_signed() - recorded.cast_signed();
    Ok(row)
}

/// The ends of what is measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum At {
    Begin,
    End,
}

/// Measures a load, which goes on after that.
async fn run(
    builder: SchedulerBuilder,
    load: Load,
    mut look: impl FnMut(At) -> Result<()>,
) -> Result<(Scheduled, Row)> {
    let window = Window::new(Dues::Spread, SystemClock.now() + TIME_TO_START, load.length);
    LATENESS.count_due_in(window.begin..window.end);
    let scheduled = Scheduled::start(builder, DUE, ADDED_AT_ONCE, window).await?;
    SystemClock.sleep_until(window.begin).await;
    look(At::Begin)?;
    let cpu = ProcessTime::now();
    SystemClock.sleep_until(window.end).await;
    let cpu = cpu.elapsed();
    look(At::End)?;
    SystemClock.sleep(PATIENCE).await;
    let late = LATENESS.read();
    let row = Row {
        expected: u64::from(DUE) * load.length.as_secs(),
        done: late.total(),
        skipped: scheduled.skipped(),
        unrecorded: 0,
        cpu,
        late: late.into(),
        memory: memory::resident()?,
        written: None,
        load,
    };
    Ok((scheduled, row))
}
