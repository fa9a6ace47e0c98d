//! Application state, arguments, and what a run leaves in the history.
//!
//! `cargo run -p fastscheduler-examples --example state_and_arguments`
//!
//! It adds jobs at run time, by name and as closures, waits until each has run,
//! prints the history and ends.

#![expect(clippy::print_stdout, reason = "an example prints")]

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use anyhow::{Context as _, Result};
use fastscheduler::prelude::*;
use fastscheduler::storage::MemoryStorage;
use fastscheduler::{HistoryQuery, Run, RunStatus};
use serde::{Deserialize, Serialize};
use tokio::sync::mpsc;

/// What the jobs share. Each run gets a clone, so this is a handle.
#[derive(Clone)]
struct Office {
    letters: Arc<AtomicU32>,
    /// Tells `main` which jobs have run.
    done: mpsc::Sender<String>,
}

/// An argument may be of any type that serde can read. It is kept as JSON.
#[derive(Serialize, Deserialize)]
struct Address {
    name: String,
    city: String,
}

/// What a function returns is kept with its run, as JSON.
#[derive(Serialize)]
struct Receipt {
    number: u32,
    paid: bool,
}

/// Registered, but without a schedule: jobs of it are added at run time.
///
/// Parameters may stand in any order. State and context are given by the
/// scheduler; the others are arguments of the job, by position or by name.
#[job]
async fn send_letter(
    office: State<Office>,
    to: Address,
    subject: Option<String>,
    context: JobContext,
) -> Result<Receipt> {
    let number = office.letters.fetch_add(1, Ordering::Relaxed) + 1;
    let subject = subject.as_deref().unwrap_or("no subject");
    println!("letter {number} to {} in {}: {subject}", to.name, to.city);
    office.done.send(context.job_name().to_owned()).await?;
    Ok(Receipt { number, paid: true })
}

/// All arguments as JSON, and an error that no retry can mend.
#[job]
async fn stamp(args: Args, kwargs: Kwargs, office: State<Office>) -> Result<()> {
    let args: Vec<String> = args.0.iter().map(ToString::to_string).collect();
    println!("stamping {} with {} keyword argument(s)", args.join(", "), kwargs.0.len());
    office.done.send("stamp".to_owned()).await?;
    Err(Permanent::new(anyhow::anyhow!("out of ink")).into())
}

#[tokio::main]
async fn main() -> Result<()> {
    let (done, mut is_done) = mpsc::channel(16);
    let office = Office { letters: Arc::default(), done };
    let scheduler =
        Scheduler::builder().storage(MemoryStorage::default()).state(office).timezone("UTC").build().await?;

    // By name; the bare name does, since only one function has it.
    let ada = Address { name: "Ada".into(), city: "London".into() };
    let by_position = once(0.1).call("send_letter").args([ada]).kwargs([("subject", "hello")]);
    scheduler.add(by_position.name("by position")).await?;

    // Everything by name. `subject` is an `Option` and may be left out.
    let alan = Address { name: "Alan".into(), city: "Manchester".into() };
    scheduler.add(once(0.2).call("send_letter").kwargs([("to", alan)]).name("by name")).await?;

    // A tuple holds arguments of different types.
    scheduler.add(once(0.3).call("stamp").args((1, "two", [3])).kwargs([("colour", "red")])).await?;

    // A closure. Its parameters are filled like those of a function.
    let greet = |office: State<Office>, greeting: String| async move {
        println!("{greeting} from a closure");
        office.done.send("greet".to_owned()).await?;
        Ok(greeting.len())
    };
    scheduler.add(once(0.4).run("greet", greet).args(["hello"])).await?;

    // Arguments are checked now, not when the job runs.
    let mistake = scheduler.add(once(1).call("send_letter")).await;
    println!("refused: {}", mistake.err().context("a letter without an address was accepted")?);

    let all_done = async {
        for _ in 0..4 {
            is_done.recv().await;
        }
    };
    tokio::select! {
        // A signal ends it early.
        ended = scheduler.run_until_shutdown() => ended?,
        // Waits for what is still running and records it.
        () = all_done => scheduler.stop().await?,
    }

    println!("history:");
    for run in scheduler.history(HistoryQuery::default()).await? {
        println!("  {}", describe(&run));
    }
    for letter in scheduler.dead_letters(10).await? {
        println!("dead letter: {}", letter.definition.function);
    }
    Ok(())
}

fn describe(run: &Run) -> String {
    match run.status {
        RunStatus::Completed => {
            format!("{} returned {}", run.job_name, run.result.as_deref().unwrap_or("nothing"))
        }
        status => format!("{} {status}: {}", run.job_name, run.error.as_deref().unwrap_or("no reason")),
    }
}
