//! There is no object to call it on.

#![allow(unused)]

use fastscheduler::*;

struct Service;

impl Service {
    #[every(10, seconds)]
    async fn by_reference(&self) {}

    #[every(10, seconds)]
    async fn by_value(self) {}

    #[job]
    fn by_box(self: Box<Self>) {}
}

fn main() {}
