//! The first program: a few jobs that run until Ctrl-C.
//!
//! `cargo run -p quickstart`

#![expect(clippy::print_stdout, reason = "an example prints")]
#![expect(clippy::unused_async, reason = "a job as short as these waits for nothing")]

use fastscheduler::prelude::*;

/// The shortest job: an async function and how often it runs.
#[every(1, second)]
async fn heartbeat() {
    println!("alive");
}

/// A function that is not async runs on a thread that may block. What it
/// returns is kept with the run.
#[every("2s", name = "count files")]
fn count_files() -> std::io::Result<usize> {
    let files = std::fs::read_dir(".")?.count();
    println!("{files} files here");
    Ok(files)
}

/// A job may take arguments; these are checked when the program is compiled.
#[once("1500ms", args("newcomer"))]
async fn greet(name: String) {
    println!("hello, {name}");
}

/// A failure is retried after 2, 4, 8 … seconds; here at most once.
#[once(2, seconds, retries = 1)]
async fn fetch(context: JobContext) -> anyhow::Result<()> {
    anyhow::ensure!(context.attempt() > 1, "the line is busy");
    println!("fetched at the second attempt");
    Ok(())
}

/// Half past two in New York, in summer and in winter, and at most five minutes.
#[daily(at = "14:30", tz = "America/New_York", timeout = "5m")]
async fn report() {
    println!("the day's report");
}

fn main() -> anyhow::Result<()> {
    fastscheduler::run()
}
