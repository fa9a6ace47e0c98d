//! `retry_if` is the function's, not a job's.

use fastscheduler::prelude::*;

fn one(_: &std::io::Error) -> bool {
    true
}

fn two(_: &std::io::Error) -> bool {
    true
}

#[every(1, hour, retry_if = one)]
#[daily(at = "10:00", retry_if = one)]
#[job(retry_if = two)]
fn read() -> std::io::Result<()> {
    Ok(())
}

fn main() {}
