//! An `async fn` is awaited, a future is not.

#![allow(unused)]

use fastscheduler::*;

#[every(10, seconds)]
fn later() -> impl Future<Output = ()> {
    async {}
}

fn main() {}
