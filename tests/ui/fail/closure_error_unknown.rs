//! Nothing says of what type the error is.

use fastscheduler::prelude::*;

fn main() {
    let _ = once(1).try_run("nothing", async || Ok(()));
}
