//! A job has to end.

use fastscheduler::prelude::*;

#[every(10, seconds)]
fn endless() -> ! {
    loop {}
}

fn main() {}
