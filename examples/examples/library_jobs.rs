//! Jobs of a library crate.
//!
//! `cargo run -p fastscheduler-examples --example library_jobs`

#![expect(clippy::print_stdout, reason = "an example prints")]

use anyhow::Result;
use fastscheduler::HistoryQuery;
use fastscheduler::prelude::*;
use fastscheduler::storage::MemoryStorage;

// The program uses nothing of the library, so the linker would drop it, jobs
// and all. This names it.
fastscheduler::include_jobs!(example_jobs);

#[tokio::main]
async fn main() -> Result<()> {
    let scheduler = Scheduler::builder()
        .storage(MemoryStorage::default())
        // With this, a forgotten `include_jobs!` is an error at start.
        .expect_functions(["example_jobs::expire", "example_jobs::warm_up"])
        .build()
        .await?;

    for function in scheduler.functions() {
        println!("function {}: {}", function.key(), function.documentation());
    }
    for job in scheduler.jobs().await? {
        println!("job {}: {}", job.name(), job.definition().schedule);
    }

    // A job of the program's own, which comes after the library's and ends it.
    let stopping = scheduler.clone();
    let end = move || {
        let scheduler = stopping.clone();
        async move { Ok(scheduler.stop().await?) }
    };
    scheduler.add(once(0.5).run("end", end)).await?;

    scheduler.run_until_shutdown().await?;

    for run in scheduler.history(HistoryQuery::default()).await? {
        println!("{} {}", run.function, run.status);
    }
    Ok(())
}
