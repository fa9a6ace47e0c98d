//! There is nothing to run.

#![allow(unused)]

use fastscheduler::*;

trait Tasks {
    #[every(10, seconds)]
    fn run();
}

fn main() {}
