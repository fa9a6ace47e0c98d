//! Benchmarks that print what they measured; see `benches/README.md`.

#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a benchmark prints")]

mod burst;
mod child;
mod dispatch;
mod footprint;
mod goal;
mod json;
mod lateness;
mod memory;
mod raw_loop;
mod rest;
mod scale;
mod scheduled;
mod streams;
mod table;
mod tasks;
mod window;

use std::process::ExitCode;
use std::time::Duration;

use anyhow::Result;

const USAGE: &str = "\
usage: cargo run --release -p fastscheduler-benches -- <benchmark>

benchmarks:
  dispatch [--seconds N]   runs that are due each second, beside a raw tokio loop;
                           N seconds each, 15 by default
  dispatch --burst [--seconds N]
                           the same, but all due on the whole second
  json [--seconds N]       the default store: runs, starts, new jobs and snapshots;
                           N seconds each, 15 by default
  rest [--seconds N]       the REST interface, with a client in another process;
                           N seconds each, at most and by default 5
  streams [--seconds N]    1,000 streams of events beside 100 runs a second
  scale                    starts, statuses and stops with 100,000 jobs";

/// For how long a load is measured unless one asks for less.
const SECONDS: u32 = 15;

fn main() -> Result<ExitCode> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["dispatch"] => measure(dispatch::compare, SECONDS)?,
        ["dispatch", "--seconds", text] if is_count(text) => measure(dispatch::compare, text.parse()?)?,
        ["dispatch", "--burst"] => measure(burst::compare, SECONDS)?,
        ["dispatch", "--burst", "--seconds", text] | ["dispatch", "--seconds", text, "--burst"]
            if is_count(text) =>
        {
            measure(burst::compare, text.parse()?)?;
        }
        ["json"] => measure(json::compare, SECONDS)?,
        ["json", "--seconds", text] if is_count(text) => measure(json::compare, text.parse()?)?,
        ["rest"] => measure(rest::compare, SECONDS)?,
        ["rest", "--seconds", text] if is_count(text) => measure(rest::compare, text.parse()?)?,
        ["streams"] => measure(streams::measure, SECONDS)?,
        ["streams", "--seconds", text] if is_count(text) => measure(streams::measure, text.parse()?)?,
        ["scale"] => measure(scale::compare, SECONDS)?,
        [child::SUBCOMMAND, name, task] => tasks::answer(name, task)?,
        _ => {
            eprintln!("{USAGE}");
            return Ok(ExitCode::from(2));
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn is_count(text: &str) -> bool {
    text.parse::<u32>().is_ok_and(|count| count > 0)
}

fn measure(compare: fn(Duration) -> Result<()>, seconds: u32) -> Result<()> {
    if cfg!(debug_assertions) {
        eprintln!("this was built without `--release`: the figures say little");
    }
    compare(Duration::from_secs(seconds.into()))
}
