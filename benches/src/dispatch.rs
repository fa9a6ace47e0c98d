//! Many jobs, each due once a second: the scheduler beside a raw tokio loop.

use std::fmt;
use std::time::Duration;

use anyhow::{Result, ensure};
use cpu_time::ProcessTime;
use fastscheduler::{Clock as _, SystemClock};
use serde::{Deserialize, Serialize};
use tokio::task::JoinHandle;

use crate::child::{self, Task};
use crate::footprint::{self, Footprint};
use crate::goal;
use crate::lateness::LATENESS;
use crate::scheduled::Scheduled;
use crate::window::Window;
use crate::{raw_loop, table};

/// How many jobs are due each second.
const LOADS: [u32; 3] = [1_000, 10_000, 100_000];

/// The time left for starting, before anything is due.
const TIME_TO_START: Duration = Duration::from_secs(1);

/// The time left for adding a job, besides.
const TIME_TO_ADD: Duration = Duration::from_micros(20);

/// A run that did not begin this long after the end is lost.
const PATIENCE: Duration = Duration::from_secs(1);

/// The longest that an idle scheduler is watched.
const LONGEST_IDLE: Duration = Duration::from_secs(10);

/// Who runs the jobs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Side {
    RawLoop,
    Scheduler,
}

impl fmt::Display for Side {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::RawLoop => "raw tokio loop",
            Self::Scheduler => "fastscheduler",
        })
    }
}

/// What one row of the table measures.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub(crate) struct Load {
    pub side: Side,
    /// Each is due once a second.
    pub jobs: u32,
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
    /// Runs that were skipped with a record; a raw loop makes none.
    pub skipped: Option<u64>,
    /// CPU time of a million runs.
    pub cpu_per_million: Duration,
    pub late_p50: Duration,
    pub late_p99: Duration,
    pub late_max: Duration,
}

impl Row {
    /// Runs that did not begin; fewer than none if some began twice.
    pub(crate) fn lost(&self) -> i64 {
        self.expected.cast_signed() - self.done.cast_signed()
    }

    /// Runs that are lost without a record.
    pub(crate) fn unaccounted(&self) -> i64 {
        self.lost() - self.skipped.unwrap_or_default().cast_signed()
    }
}

/// Measures everything, and prints it.
pub(crate) fn compare(length: Duration) -> Result<()> {
    if cfg!(debug_assertions) {
        eprintln!("this was built without `--release`: the figures say little");
    }
    let mut rows = Vec::new();
    for jobs in LOADS {
        for side in [Side::RawLoop, Side::Scheduler] {
            eprintln!("{side}, {jobs} jobs each second, for {length:?}");
            rows.push(child::ask(&Task::Dispatch(Load { side, jobs, length }))?);
        }
    }
    let idle = length.min(LONGEST_IDLE);
    eprintln!("{} jobs that are due tomorrow, for {idle:?}", footprint::JOBS);
    let footprint: Footprint = child::ask(&Task::Footprint { idle })?;
    println!("{}", table::of_rows(&rows));
    print!("{}", goal::verdicts(&rows, &footprint));
    Ok(())
}

/// Measures one row, in a process of its own.
pub(crate) async fn measure(load: Load) -> Result<Row> {
    let window = Window::new(SystemClock.now() + TIME_TO_START + TIME_TO_ADD * load.jobs, load.length);
    LATENESS.count_until(window.end);
    let running = Running::start(load, window).await?;
    SystemClock.sleep_until(window.begin).await;
    let cpu = ProcessTime::now();
    SystemClock.sleep_until(window.end).await;
    let (cpu, begun) = (cpu.elapsed(), LATENESS.read().total());
    ensure!(begun > 0, "nothing was run");
    SystemClock.sleep(PATIENCE).await;
    let skipped = running.stop().await?;
    let late = LATENESS.read();
    Ok(Row {
        load,
        expected: u64::from(load.jobs) * load.length.as_secs(),
        done: late.total(),
        skipped,
        cpu_per_million: cpu * 1_000_000 / u32::try_from(begun)?,
        late_p50: late.percentile(50),
        late_p99: late.percentile(99),
        late_max: late.greatest(),
    })
}

/// A side under load.
enum Running {
    RawLoop(JoinHandle<()>),
    Scheduler(Scheduled),
}

impl Running {
    async fn start(load: Load, window: Window) -> Result<Self> {
        Ok(match load.side {
            Side::RawLoop => Self::RawLoop(tokio::spawn(raw_loop::dispatch(window.first_dues(load.jobs)))),
            Side::Scheduler => Self::Scheduler(Scheduled::start(load.jobs, window).await?),
        })
    }

    /// Stops, and says how many fires of the window were skipped with a record.
    async fn stop(self) -> Result<Option<u64>> {
        match self {
            Self::RawLoop(task) => {
                task.abort();
                Ok(None)
            }
            Self::Scheduler(scheduled) => scheduled.stop().await.map(Some),
        }
    }
}
