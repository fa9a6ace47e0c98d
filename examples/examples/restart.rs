//! What is there again after a restart, and what becomes of due times that
//! were missed meanwhile.
//!
//! `cargo run -p fastscheduler-examples --example restart`
//!
//! So as not to wait for days, the program runs on a clock that is set by hand.
//! The second scheduler stands for the program that is started again: all it
//! has of the first is the state file.

#![expect(clippy::print_stdout, reason = "an example prints")]
#![expect(clippy::unused_async, reason = "a job as short as these waits for nothing")]

use std::path::Path;
use std::time::Duration;

use anyhow::{Context as _, Result};
use fastscheduler::prelude::*;
use fastscheduler::testing::{self, ManualClock};
use fastscheduler::{CatchUp, Clock as _, HistoryQuery};

/// Missed by two days, it runs once: that is the default.
#[daily(at = "09:00")]
async fn report() {}

/// Each of its days is worth a run of its own.
#[daily(at = "12:00", catch_up = "all")]
async fn bill() {}

/// Late, it is of no use to anybody.
#[daily(at = "08:00", no_catch_up)]
async fn good_morning() {}

#[job]
async fn remind(of: String) {
    println!("  reminder: {of}");
}

#[tokio::main]
async fn main() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let state_file = folder.path().join("scheduler.json");
    let clock = ManualClock::new("2026-11-23T07:00:00Z".parse()?);

    println!("started for the first time");
    let scheduler = start(&state_file, &clock).await?;
    // Added at run time. Without a key each start would add another one.
    let reminder = weekly().tuesday().at("10:00").catch_up(CatchUp::All).key("reminder");
    scheduler.add(reminder.call("remind").args(["water the plants"])).await?;
    testing::advance(&scheduler, &clock, Duration::from_hours(9)).await?;
    println!("stopped on {}", clock.now().format("%A, %H:%M"));
    scheduler.stop().await?;
    print_files(folder.path())?;

    // The machine is off for two days.
    clock.advance(Duration::from_hours(47));

    println!("started again");
    let scheduler = start(&state_file, &clock).await?;
    testing::quiet(&scheduler).await?;
    for job in scheduler.jobs().await? {
        let next = job.next_run_at().context("it goes on")?.format("%a %H:%M");
        println!("  {} is there again, with {} runs; next: {next}", job.name(), job.run_count());
    }

    // What ran, and a record of each due time that did not.
    println!("history:");
    for run in scheduler.history(HistoryQuery::default()).await? {
        let due = run.scheduled_for().format("%a %H:%M");
        let outcome = match &run.skipped {
            Some(skipped) => format!("{} skipped, {}", skipped.count, skipped.reason),
            None => run.status.to_string(),
        };
        println!("  {due} {}: {outcome}", run.job_name);
    }
    scheduler.stop().await?;
    Ok(())
}

/// A program's start. One in service has neither the clock nor the zone, and
/// `fastscheduler::run()` does it all.
async fn start(state_file: &Path, clock: &ManualClock) -> Result<Scheduler> {
    let scheduler =
        Scheduler::builder().state_file(state_file).clock(clock.clone()).timezone("UTC").build().await?;
    println!("  it is {}", clock.now().format("%A, %H:%M"));
    scheduler.start().await?;
    Ok(scheduler)
}

/// What the stopped scheduler leaves.
fn print_files(folder: &Path) -> Result<()> {
    let mut names = Vec::new();
    for file in std::fs::read_dir(folder)? {
        names.push(file?.file_name().to_string_lossy().into_owned());
    }
    names.sort();
    println!("  files: {}", names.join(", "));
    Ok(())
}
