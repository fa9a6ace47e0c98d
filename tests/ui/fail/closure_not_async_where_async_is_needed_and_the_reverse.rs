//! A closure that blocks is not one that returns a future, and the other way round.

use fastscheduler::prelude::*;

fn main() {
    let _ = once(1).run("prints", || println!("tick"));
    let _ = once(1).run_blocking("awaits", async || println!("tick"));
    let _ = once(1).try_run("reads", || std::fs::read("report"));
}
