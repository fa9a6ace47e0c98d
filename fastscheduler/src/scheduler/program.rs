//! A program that is a scheduler: `fastscheduler::run()`.

use std::future::pending;
use std::num::NonZero;
use std::panic::resume_unwind;
use std::sync::{Arc, Mutex, PoisonError};
use std::{io, thread};

use tokio::runtime::{Handle, Runtime};
use tokio::sync::oneshot;

use super::console::Console;
use super::printer::{Printer, print_notes};
use super::signals::Signals;
use super::{Scheduler, SchedulerError};
use crate::engine::Events;

/// How many threads a program needs besides those of its runtime: two that print,
/// one each for opening the store and for the alarm, two of the state file, and some
/// for functions that are not async.
const OTHER_THREADS: usize = 8;

/// Runs the jobs that attributes declare, until SIGINT or SIGTERM.
///
/// It makes its own runtime, prints the jobs with their next runs, then the address
/// at which it serves HTTP, if it does, and each run as it ends, and stops
/// gracefully: attempts have 30 seconds to end, a second signal cuts them short. A
/// signal also ends the program while it is opening the store or loading the jobs.
/// A blocking function that still holds a thread does not keep the program from
/// ending.
///
/// What is wrong is printed on standard error: what the start warns of, a run that
/// failed, with what follows, and each [problem](crate::Scheduler::problems) when it
/// begins and when it is over. If the program has set a subscriber of `tracing`,
/// that one gets all this instead, and the run is listed with the others.
/// `FASTSCHEDULER_QUIET` prints none of it.
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
/// refuses, [`SchedulerError::InsideRuntime`] inside a runtime,
/// [`SchedulerError::Threads`] if the system refuses the threads that it needs,
/// [`SchedulerError::Storage`] if another process has taken over the store, or
/// [`SchedulerError::TaskFailed`] if a task of the scheduler panicked.
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
    let runtime = runtime()?;
    let console = Console::open().map_err(SchedulerError::Threads)?;
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

fn runtime() -> anyhow::Result<Runtime> {
    // As the runtime counts them.
    let set = std::env::var("TOKIO_WORKER_THREADS").ok().and_then(|set| set.parse().ok());
    let workers = set.unwrap_or_else(|| thread::available_parallelism().map_or(1, NonZero::get));
    try_threads(workers + OTHER_THREADS).map_err(SchedulerError::Threads)?;
    Ok(tokio::runtime::Builder::new_multi_thread().enable_all().build()?)
}

/// Checks that so many threads can be had: a runtime that does not get its workers
/// panics, and then waits for ever for those that it got.
fn try_threads(count: usize) -> io::Result<()> {
    let gate = Arc::new(Mutex::new(()));
    let closed = gate.lock().unwrap_or_else(PoisonError::into_inner);
    let start_one = |_| {
        let gate = Arc::clone(&gate);
        thread::Builder::new().spawn(move || drop(gate.lock()))
    };
    let threads = (0..count).map(start_one).collect::<io::Result<Vec<_>>>();
    drop(closed);
    for thread in threads? {
        // It does nothing that could panic.
        let _ = thread.join();
    }
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
    let notes = builder.notes.clone();
    let runtime = Handle::current();
    // Opening a state file blocks its thread.
    let (sender, built) = oneshot::channel();
    let opening = thread::Builder::new().name("fastscheduler-open".to_owned()).spawn(move || {
        // Nobody waits for it any more if a signal came first.
        let _ = sender.send(runtime.block_on(builder.build_listening()));
    });
    let opening = opening.map_err(SchedulerError::Threads)?;
    let (scheduler, mut events) = tokio::select! {
        biased;
        () = signals.next() => return Ok(ended),
        built = built => match built {
            Ok(Ok(built)) => built,
            Ok(Err(error)) => {
                if !ended.is_quiet {
                    print_notes(console, &notes);
                }
                return Err(error);
            }
            Err(_) => resume_unwind(opening.join().expect_err("only a panic keeps it from answering")),
        },
    };
    if ended.is_quiet {
        drop(events);
        scheduler.run_until(&mut signals, || {}).await?;
        return Ok(ended);
    }
    let mut printer = Printer::new(console, &scheduler);
    print_notes(console, &notes);
    tokio::select! {
        biased;
        () = signals.next() => return scheduler.stop().await.map(|()| ended),
        listed = printer.print_jobs(zone_source) => listed?,
    }
    run_printing(console, &scheduler, &mut printer, &mut events, &mut signals).await?;
    Ok(ended)
}

/// Runs the scheduler, and prints what happens.
async fn run_printing(
    console: &Console,
    scheduler: &Scheduler,
    printer: &mut Printer<'_>,
    events: &mut Events,
    signals: &mut Signals,
) -> Result<(), SchedulerError> {
    let started = || {
        if let Some(page) = scheduler.page() {
            console.print(format!("serving {page}"));
        }
        console.print("running; Ctrl-C stops");
    };
    let announced = async {
        scheduler.0.engine.stopping().await;
        console.print("stopping when what runs has ended; Ctrl-C stops at once");
    };
    let ended = tokio::select! {
        biased;
        ended = scheduler.run_until(signals, started) => ended,
        // Events may end before the stop does, which is what is waited for.
        ended = async {
            tokio::join!(printer.print_events(events), announced);
            pending().await
        } => ended,
    };
    while let Some(event) = events.try_next() {
        printer.print(event);
    }
    ended
}
