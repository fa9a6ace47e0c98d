//! A closure returns nothing or a `Result`; only an annotated function returns a value.

use fastscheduler::prelude::*;

fn main() {
    let _ = once(1).run("counts", async || 5);
}
