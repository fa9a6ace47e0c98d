//! Jobs that are due once a second each: the scheduler beside a raw tokio loop.

use std::fmt;
use std::time::Duration;

use anyhow::{Result, ensure};
use cpu_time::ProcessTime;
use fastscheduler::storage::MemoryStorage;
use fastscheduler::{Clock as _, Scheduler, SystemClock};
use serde::{Deserialize, Serialize};
use tokio::runtime::Runtime;
use tokio::task::JoinHandle;

use crate::child::{self, Task};
use crate::footprint::{self, Footprint, Idle};
use crate::goal::{self, Goal, figure, milliseconds};
use crate::lateness::LATENESS;
use crate::raw_loop;
use crate::scheduled::Scheduled;
use crate::table::{self, aligned, grouped, ratio};
use crate::window::{Dues, Window};

/// How many jobs are due each second.
pub(crate) const LOADS: [u32; 3] = [1_000, 10_000, 100_000];

/// The time left for starting, before anything is due.
const TIME_TO_START: Duration = Duration::from_secs(1);

/// The time left for adding a job, besides.
const TIME_TO_ADD: Duration = Duration::from_micros(20);

/// A run that did not begin this long after the end is lost.
const PATIENCE: Duration = Duration::from_secs(1);

/// The longest that an idle scheduler is watched.
const LONGEST_IDLE: Duration = Duration::from_secs(10);

/// The headline of the table.
const COLUMNS: [&str; 14] = [
    "jobs/s",
    "by",
    "expected",
    "done",
    "lost",
    "skipped",
    "unaccounted",
    "CPU-s/M",
    "× raw",
    "p50 ms",
    "× raw",
    "p99 ms",
    "× raw",
    "max ms",
];

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
    pub dues: Dues,
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

impl Task for Load {
    const NAME: &'static str = "dispatch";
    type Answer = Row;

    fn run(self, runtime: &Runtime) -> Result<Row> {
        runtime.block_on(measure(self))
    }
}

/// Measures everything, and prints it.
pub(crate) fn compare(length: Duration) -> Result<()> {
    let mut rows = Vec::new();
    for jobs in LOADS {
        rows.extend(both(jobs, Dues::Spread, length)?);
    }
    let idle = length.min(LONGEST_IDLE);
    eprintln!("{} jobs that are due tomorrow, for {idle:?}", footprint::JOBS);
    let footprint = child::ask(&Idle(idle))?;
    println!("{}", comparison(&rows));
    print!("{}", goal::verdicts(&goals(&rows, &footprint)));
    Ok(())
}

/// Measures a load of each side.
pub(crate) fn both(jobs: u32, dues: Dues, length: Duration) -> Result<[Row; 2]> {
    let ask = |side| {
        eprintln!("{side}, {jobs} jobs each second, for {length:?}");
        child::ask(&Load { side, jobs, dues, length })
    };
    Ok([ask(Side::RawLoop)?, ask(Side::Scheduler)?])
}

/// The rows of a comparison, each scheduler's under its raw loop's.
pub(crate) fn comparison(rows: &[Row]) -> String {
    let mut lines = vec![COLUMNS.map(str::to_owned).to_vec()];
    lines.extend(rows.iter().map(|row| {
        let is_raw = |other: &&Row| other.load.side == Side::RawLoop && other.load.jobs == row.load.jobs;
        let raw = rows.iter().find(is_raw);
        vec![
            grouped(row.load.jobs.into()),
            row.load.side.to_string(),
            grouped(row.expected.cast_signed()),
            grouped(row.done.cast_signed()),
            grouped(row.lost()),
            row.skipped.map_or_else(|| "–".to_owned(), |skipped| grouped(skipped.cast_signed())),
            grouped(row.unaccounted()),
            format!("{:.2}", row.cpu_per_million.as_secs_f64()),
            ratio(row.cpu_per_million, raw.map(|raw| raw.cpu_per_million)),
            table::milliseconds(row.late_p50),
            ratio(row.late_p50, raw.map(|raw| raw.late_p50)),
            table::milliseconds(row.late_p99),
            ratio(row.late_p99, raw.map(|raw| raw.late_p99)),
            table::milliseconds(row.late_max),
        ]
    }));
    aligned(&lines)
}

/// What the scheduler is meant to reach.
fn goals(rows: &[Row], footprint: &Footprint) -> Vec<Goal> {
    let of = |jobs| rows.iter().find(move |row| row.load.side == Side::Scheduler && row.load.jobs == jobs);
    let mut goals = Vec::new();
    if let Some(row) = of(100_000) {
        let cpu = row.cpu_per_million.as_secs_f64();
        goals.push(Goal::at_most(1.0, "s", "CPU of a million runs, 100,000 each second", cpu));
        let lost = row.lost().max(0).cast_unsigned();
        goals.push(Goal::at_most(0.0, "runs", "lost of these", figure(lost)));
    }
    if let Some(row) = of(1_000) {
        let (p50, p99) = (milliseconds(row.late_p50), milliseconds(row.late_p99));
        goals.push(Goal::at_most(1.0, "ms", "lateness of 1,000 runs each second, p50", p50));
        goals.push(Goal::at_most(3.0, "ms", "lateness of 1,000 runs each second, p99", p99));
    }
    // The goal is 0 %, to one decimal.
    let idle = footprint.idle_percent;
    goals.push(Goal::at_most(0.05, "%", "CPU of a core while 100,000 jobs wait", idle));
    goals.push(Goal::at_most(600.0, "bytes", "memory of a job", figure(footprint.bytes_per_job)));
    let cpu_per_add = footprint.cpu_per_add.as_secs_f64() * 1e6;
    goals.push(Goal::at_most(2.0, "µs", "CPU of adding a job", cpu_per_add));
    goals
}

/// Measures one row, in a process of its own.
pub(crate) async fn measure(load: Load) -> Result<Row> {
    let earliest = SystemClock.now() + TIME_TO_START + TIME_TO_ADD * load.jobs;
    let window = Window::new(load.dues, earliest, load.length);
    LATENESS.count_due_in(window.begin..window.end);
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
            Side::Scheduler => Self::Scheduler(start_in_memory(load.jobs, window).await?),
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

async fn start_in_memory(jobs: u32, window: Window) -> Result<Scheduled> {
    let builder = Scheduler::builder().storage(MemoryStorage::default());
    Scheduled::start(builder, jobs, 1, window).await
}
