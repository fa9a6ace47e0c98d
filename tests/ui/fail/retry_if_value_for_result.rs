//! A function that returns a value which is no `Result`.

use fastscheduler::prelude::*;

fn is_transient(_: &std::io::Error) -> bool {
    true
}

#[job(retry_if = is_transient)]
async fn number() -> u8 {
    7
}

#[every(1, hour, retry_if = is_transient)]
fn number_blocking() -> u8 {
    7
}

fn main() {}
