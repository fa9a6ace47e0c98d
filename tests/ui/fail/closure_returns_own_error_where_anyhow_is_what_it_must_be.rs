//! `run` takes `anyhow::Result`, so that `Ok(())` infers.

use std::io;

use fastscheduler::prelude::*;

fn main() {
    let _ = once(1).run("read", async || std::fs::read("report"));
    let _ = once(1).run_blocking("copy", || Err::<(), _>(io::Error::other("full")));
}
