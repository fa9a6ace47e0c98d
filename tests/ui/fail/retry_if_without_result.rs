//! A function that returns no `Result` has no error to look at.

use fastscheduler::prelude::*;

fn is_transient(_: &std::io::Error) -> bool {
    true
}

#[job(retry_if = is_transient)]
async fn returns_nothing() {}

#[every(1, hour, retry_if = is_transient)]
fn returns_unit() -> () {}

fn main() {}
