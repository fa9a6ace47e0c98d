//! A function of a type cannot be registered.

#![allow(unused)]

use fastscheduler::*;

struct Service;

impl Service {
    #[every(10, seconds)]
    async fn associated() {}
}

fn main() {}
