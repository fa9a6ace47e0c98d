//! A program that is a scheduler: `fastscheduler::run()`.

use std::future::pending;
use std::panic::resume_unwind;

use tokio::runtime::Handle;

use super::console::Console;
use super::signals::Signals;
use super::status::{count, first_runs};
use super::{Scheduler, SchedulerError};
use crate::clock::ZoneSource;
use crate::engine::{Event, Events};
use crate::job::{AfterFailure, Run, RunStatus, one_line};
use crate::schedule::Zone;

/// Runs the jobs that attributes declare, until SIGINT or SIGTERM.
///
/// It makes its own runtime, prints the jobs with their next runs and then each
/// run as it ends, and stops gracefully: attempts have 30 seconds to end, a
/// second signal cuts them short. A signal also ends the program while it is
/// opening the store or loading the jobs. A blocking function that still holds a
/// thread does not keep the program from ending.
///
/// A run that failed is printed on standard error, with what follows, unless the
/// program has set a subscriber of `tracing`: that one gets the failures, and the
/// run is listed with the others. `FASTSCHEDULER_QUIET` prints none of this.
///
/// Settings come from the environment: `FASTSCHEDULER_TIMEZONE`,
/// `FASTSCHEDULER_MAX_WORKERS`, `FASTSCHEDULER_MAX_CONCURRENCY`,
/// `FASTSCHEDULER_MAX_HISTORY`, `FASTSCHEDULER_HISTORY_RETENTION_DAYS`,
/// `FASTSCHEDULER_MAX_DEAD_LETTERS`, `FASTSCHEDULER_MAX_METRIC_JOBS`, `FASTSCHEDULER_QUIET`,
/// `FASTSCHEDULER_STATE_FILE`, `FASTSCHEDULER_STORAGE` (`json` or `memory`),
/// `FASTSCHEDULER_QUEUE` (`memory`) and, with the feature `web`,
/// `FASTSCHEDULER_HTTP` (an address such as `127.0.0.1:8000`),
/// `FASTSCHEDULER_TOKEN`, `FASTSCHEDULER_READ_TOKEN`,
/// `FASTSCHEDULER_MAX_CONNECTIONS`, `FASTSCHEDULER_MAX_EVENT_STREAMS`,
/// `FASTSCHEDULER_ALLOWED_HOSTS` and `FASTSCHEDULER_ALLOWED_ORIGINS` (lists with
/// commas between their items).
///
/// # Errors
///
/// A [`SchedulerError`]: what [`SchedulerBuilder`](super::SchedulerBuilder)
/// refuses, [`SchedulerError::InsideRuntime`] inside a runtime, or
/// [`SchedulerError::Storage`] if another process has taken over the store.
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
    if Handle::try_current().is_ok() {
        return Err(SchedulerError::InsideRuntime.into());
    }
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let console = Console::open()?;
    let ended = runtime.block_on(run_program(&console));
    // A blocking function that does not return must not keep the program.
    runtime.shutdown_background();
    if ended.as_ref().is_ok_and(|ended| !ended.is_quiet) {
        console.print("stopped");
    }
    console.close();
    ended?;
    Ok(())
}

/// How a program ended.
struct Ended {
    is_quiet: bool,
}

async fn run_program(console: &Console) -> Result<Ended, SchedulerError> {
    // Installed before anything that may take long.
    let mut signals = Signals::new().map_err(SchedulerError::Signals)?;
    let builder = Scheduler::builder().from_environment()?;
    let ended = Ended { is_quiet: builder.is_quiet() };
    let (_, zone_source) = builder.zone()?;
    let runtime = Handle::current();
    // Opening a state file blocks its thread.
    let building = tokio::task::spawn_blocking(move || runtime.block_on(builder.build_listening()));
    let (scheduler, mut events) = tokio::select! {
        biased;
        () = signals.next() => return Ok(ended),
        built = building => built.unwrap_or_else(|error| resume_unwind(error.into_panic()))?,
    };
    if ended.is_quiet {
        drop(events);
        scheduler.run_until(&mut signals).await?;
        return Ok(ended);
    }
    tokio::select! {
        biased;
        () = signals.next() => return scheduler.stop().await.map(|()| ended),
        printed = print_jobs(console, &scheduler, zone_source) => printed?,
    }
    run_printing(console, &scheduler, &mut events, &mut signals).await?;
    Ok(ended)
}

/// Runs the scheduler, and prints each run.
async fn run_printing(
    console: &Console,
    scheduler: &Scheduler,
    events: &mut Events,
    signals: &mut Signals,
) -> Result<(), SchedulerError> {
    let announced = async {
        scheduler.0.engine.stopping().await;
        console.print("stopping when what runs has ended; Ctrl-C stops at once");
    };
    let ended = tokio::select! {
        biased;
        ended = scheduler.run_until(signals) => ended,
        // Events may end before the stop does, which is what is waited for.
        ended = async {
            tokio::join!(print_runs(console, scheduler, events), announced);
            pending().await
        } => ended,
    };
    while let Some(event) = events.try_next() {
        print_event(console, scheduler, event);
    }
    ended
}

async fn print_jobs(
    console: &Console,
    scheduler: &Scheduler,
    zone_source: ZoneSource,
) -> Result<(), SchedulerError> {
    let now = scheduler.0.engine.clock.now();
    let mut jobs = scheduler.jobs().await?;
    jobs.sort_by_key(|job| (job.next_run_at().is_none(), job.next_run_at(), job.id()));
    let functions = scheduler.functions().len();
    console.print(format!(
        "fastscheduler {}: {} from {}, times in {} {zone_source}",
        env!("CARGO_PKG_VERSION"),
        count(jobs.len(), "job"),
        count(functions, "function"),
        scheduler.zone()
    ));
    for note in scheduler.notes().iter() {
        console.print(format!("note: {}", one_line(note)));
    }
    if jobs.is_empty() {
        console.print("nothing to run: annotate a function, for example with #[every(10, seconds)]");
    } else {
        console.print(first_runs(&jobs, scheduler.local_zone(), now));
    }
    console.print("running; Ctrl-C stops");
    Ok(())
}

/// Prints runs as they are recorded, until the scheduler has stopped.
async fn print_runs(console: &Console, scheduler: &Scheduler, events: &mut Events) {
    while let Some(event) = events.next().await {
        print_event(console, scheduler, event);
    }
}

fn print_event(console: &Console, scheduler: &Scheduler, event: Event) {
    let zone = scheduler.local_zone();
    match event {
        Event::RunRecorded(run) => match run.after_failure {
            // Looked up each time: the program may set a subscriber later.
            Some(follows) if !tracing::dispatcher::has_been_set() => {
                console.print_error(describe_failure(&run, follows, scheduler));
            }
            Some(_) | None => console.print(describe(&run, zone)),
        },
        Event::Missed(_) => console.print("… more runs than can be shown"),
        Event::JobChanged(_)
        | Event::JobRemoved(_)
        | Event::RunStarted(_)
        | Event::DeadLettered(_)
        | Event::DeadLettersRemoved => {}
    }
}

/// When a run reached its status, on the clock of the zone.
fn time(run: &Run, zone: Zone) -> String {
    run.finished_at.map_or_else(String::new, |at| zone.local(at).format("%H:%M:%S").to_string())
}

/// A failed run in one line, as the log would have it.
fn describe_failure(run: &Run, follows: AfterFailure, scheduler: &Scheduler) -> String {
    let zone = scheduler.local_zone();
    let (at, id, name, run_id) = (time(run, zone), run.job_id(), one_line(&run.job_name), run.run_id);
    let level = if follows.leaves_dead_letter() { "ERROR" } else { "WARN" };
    let error = one_line(run.error.as_deref().unwrap_or("no reason was given"));
    let next = match follows {
        AfterFailure::Retry { number, limit } => match scheduler.0.engine.table.get(run.job_id()) {
            Some(job) => {
                let delay = job.definition.policy.backoff.before(number, run.run_id);
                format!("retry {number} of {limit} in {delay:?}")
            }
            None => follows.to_string(),
        },
        follows if follows.leaves_dead_letter() => format!("{follows}; it is a dead letter now"),
        follows => follows.to_string(),
    };
    format!("{at} {level} {id} {name} failed at attempt {} ({run_id}): {error}; {next}", run_id.attempt)
}

fn describe(run: &Run, zone: Zone) -> String {
    let at = time(run, zone);
    let (id, name, status) = (run.job_id(), one_line(&run.job_name), run.status);
    match (status, run.skipped.as_deref()) {
        (_, Some(skipped)) => {
            let fires = if skipped.count == 1 { "fire" } else { "fires" };
            format!("{at} {id} {name}: {} {fires} skipped, {}", skipped.count, skipped.reason)
        }
        (RunStatus::Failed, None) => {
            format!(
                "{at} {id} {name} failed: {}",
                one_line(run.error.as_deref().unwrap_or("no reason was given"))
            )
        }
        (_, None) => format!("{at} {id} {name} {status} in {:.1?}", run.execution_time().unwrap_or_default()),
    }
}
