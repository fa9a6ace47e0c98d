//! Each run calls a clone of the closure.

use std::sync::atomic::{AtomicU32, Ordering};

use fastscheduler::prelude::*;

fn main() {
    let one = AtomicU32::new(0);
    let _ = once(1).run("counts", async move || drop(one.fetch_add(1, Ordering::Relaxed)));
    let two = AtomicU32::new(0);
    let _ = once(1).run_blocking("counts", move || drop(two.fetch_add(1, Ordering::Relaxed)));
}
