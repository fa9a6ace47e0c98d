//! An error that is no `std::error::Error`.

use std::fmt;

use fastscheduler::prelude::*;

struct Shown;

impl fmt::Display for Shown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("shown")
    }
}

fn main() {
    let _ = once(1).try_run("fails", async || Err::<(), _>(Shown));
}
