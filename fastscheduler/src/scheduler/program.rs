//! A program that is a scheduler: `fastscheduler::run()`.

use std::io::Write as _;

use super::{Scheduler, SchedulerError};
use crate::engine::{Event, Events};
use crate::job::{Job, Run, RunStatus};
use crate::schedule::Zone;
use chrono::{DateTime, TimeDelta, Utc};

/// Runs the jobs that attributes declare, until SIGINT or SIGTERM.
///
/// It makes its own runtime, prints the jobs with their next runs and then each
/// run as it ends, and stops gracefully: attempts have 30 seconds to end, a
/// second signal cuts them short. A blocking function that still holds a thread
/// does not keep the program from ending.
///
/// Settings come from the environment: `FASTSCHEDULER_TIMEZONE`,
/// `FASTSCHEDULER_MAX_WORKERS`, `FASTSCHEDULER_MAX_CONCURRENCY`,
/// `FASTSCHEDULER_MAX_HISTORY`, `FASTSCHEDULER_HISTORY_RETENTION_DAYS`,
/// `FASTSCHEDULER_MAX_DEAD_LETTERS`, `FASTSCHEDULER_QUIET`,
/// `FASTSCHEDULER_STORAGE` and `FASTSCHEDULER_QUEUE` (both `memory`).
///
/// # Errors
///
/// A [`SchedulerError`]: what [`SchedulerBuilder`](super::SchedulerBuilder)
/// refuses, or [`SchedulerError::InsideRuntime`] inside a runtime.
///
/// # Examples
///
/// ```no_run
/// use fastscheduler::prelude::*;
///
/// #[every(10, seconds)]
/// async fn heartbeat() {
///     println!("alive");
/// }
///
/// fn main() -> anyhow::Result<()> {
///     fastscheduler::run()
/// }
/// ```
pub fn run() -> anyhow::Result<()> {
    if tokio::runtime::Handle::try_current().is_ok() {
        return Err(SchedulerError::InsideRuntime.into());
    }
    let builder = Scheduler::builder().from_environment()?;
    let is_quiet = builder.is_quiet();
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let ended = runtime.block_on(async {
        let scheduler = builder.build().await?;
        if is_quiet {
            return scheduler.run_until_shutdown().await;
        }
        print_jobs(&scheduler).await?;
        let zone = scheduler.local_zone();
        let mut events = scheduler.subscribe();
        let announced = async {
            scheduler.0.engine.stopping().await;
            print_line("stopping when what runs has ended; Ctrl-C stops at once");
        };
        let ended = tokio::select! {
            biased;
            ended = scheduler.run_until_shutdown() => ended,
            // These go on for as long as the scheduler does.
            ended = async { tokio::join!(print_runs(&mut events, zone), announced).0 } => ended,
        };
        while let Some(event) = events.try_next() {
            print_event(event, zone);
        }
        ended
    });
    // A blocking function that does not return must not keep the program.
    runtime.shutdown_background();
    if !is_quiet && ended.is_ok() {
        print_line("stopped");
    }
    Ok(ended?)
}

impl Scheduler {
    fn local_zone(&self) -> Zone {
        Zone::from(self.0.zone)
    }
}

async fn print_jobs(scheduler: &Scheduler) -> Result<(), SchedulerError> {
    let now = scheduler.0.engine.clock.now();
    let mut jobs = scheduler.jobs().await?;
    jobs.sort_by_key(|job| (job.next_run_at().is_none(), job.next_run_at(), job.id()));
    let functions = scheduler.functions().len();
    let count = |n: usize, word: &str| format!("{n} {word}{}", if n == 1 { "" } else { "s" });
    print_line(&format!(
        "fastscheduler {}: {} from {}, times in {}",
        env!("CARGO_PKG_VERSION"),
        count(jobs.len(), "job"),
        count(functions, "function"),
        scheduler.zone()
    ));
    if jobs.is_empty() {
        print_line("nothing to run: annotate a function, for example with #[every(10, seconds)]");
    }
    let header = ["JOB", "NAME", "SCHEDULE", "NEXT RUN", "IN"].map(str::to_owned);
    let zone = scheduler.local_zone();
    let rows: Vec<_> = std::iter::once(header).chain(jobs.iter().map(|job| row(job, zone, now))).collect();
    let width = |column: usize| rows.iter().map(|row| row[column].chars().count()).max().unwrap_or(0);
    let widths: [usize; 5] = std::array::from_fn(width);
    for row in rows.iter().filter(|_| !jobs.is_empty()) {
        let cells = row.iter().zip(widths).map(|(cell, width)| format!("{cell:width$}"));
        print_line(format!("  {}", cells.collect::<Vec<_>>().join("  ")).trim_end());
    }
    print_line("running; Ctrl-C stops");
    Ok(())
}

fn row(job: &Job, zone: Zone, now: DateTime<Utc>) -> [String; 5] {
    let next = job.next_run_at().filter(|_| !job.is_paused());
    [
        job.id().to_string(),
        job.name().to_owned(),
        job.definition().schedule.to_string(),
        next.map_or_else(|| "paused".to_owned(), |at| zone.local(at).format("%Y-%m-%d %H:%M:%S").to_string()),
        next.map_or_else(String::new, |at| how_long(at - now)),
    ]
}

/// `2 d 3 h`, `4 min 5 s`, `900 ms`: the two largest units.
fn how_long(wait: TimeDelta) -> String {
    if wait < TimeDelta::seconds(1) {
        return format!("{} ms", wait.num_milliseconds().max(0));
    }
    let parts = [
        (wait.num_days(), "d"),
        (wait.num_hours() % 24, "h"),
        (wait.num_minutes() % 60, "min"),
        (wait.num_seconds() % 60, "s"),
    ];
    let from_largest = parts.iter().skip_while(|(amount, _)| *amount == 0).take(2);
    let shown: Vec<_> = from_largest
        .filter(|(amount, _)| *amount > 0)
        .map(|(amount, unit)| format!("{amount} {unit}"))
        .collect();
    shown.join(" ")
}

/// Prints runs as they are recorded, until the scheduler is gone.
async fn print_runs(events: &mut Events, zone: Zone) -> Result<(), SchedulerError> {
    while let Some(event) = events.next().await {
        print_event(event, zone);
    }
    Ok(())
}

fn print_event(event: Event, zone: Zone) {
    match event {
        Event::RunRecorded(run) => print_line(&describe(&run, zone)),
        Event::Missed(_) => print_line("… more runs than can be shown"),
        Event::JobChanged(_) | Event::JobRemoved(_) | Event::RunStarted(_) => {}
    }
}

fn describe(run: &Run, zone: Zone) -> String {
    let at = run.finished_at.map_or_else(String::new, |at| zone.local(at).format("%H:%M:%S").to_string());
    let (id, name, status) = (run.job_id(), &run.job_name, run.status);
    match (status, run.skipped.as_deref()) {
        (_, Some(skipped)) => {
            let fires = if skipped.count == 1 { "fire" } else { "fires" };
            format!("{at} {id} {name}: {} {fires} skipped, {}", skipped.count, skipped.reason)
        }
        (RunStatus::Failed, None) => {
            format!("{at} {id} {name} failed: {}", run.error.as_deref().unwrap_or("no reason was given"))
        }
        (_, None) => format!("{at} {id} {name} {status} in {:.1?}", run.execution_time().unwrap_or_default()),
    }
}

/// Prints a line; a reader that has gone away must not end the jobs.
fn print_line(line: &str) {
    let _ = writeln!(std::io::stdout().lock(), "{line}");
}
