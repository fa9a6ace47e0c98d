//! A library whose functions are jobs; `examples/library_jobs.rs` links it in.
//!
//! Nothing here is public and nobody calls it: the attributes register it.

#![expect(clippy::print_stdout, reason = "an example prints")]
#![expect(clippy::unused_async, reason = "a job as short as these waits for nothing")]

use fastscheduler::prelude::*;

/// Removes what has expired.
#[every("1h", group = "cache")]
async fn expire() {
    println!("expired entries are gone");
}

/// Fills the cache before the first visitor comes.
#[once(0.1, seconds, group = "cache")]
async fn warm_up() -> u32 {
    println!("the cache is warm");
    42
}
