//! One build shows every mistake, and no other.

#![allow(unused)]

use fastscheduler::*;

#[every(10, secs)]
async fn first() -> u8 {
    1
}

#[monthly(32, at = "8", name = "")]
async fn second(context: JobContext) -> u8 {
    first().await
}

#[hourly(at = ":75", group = 1)]
#[once("never", jitter = "a bit")]
fn third() {}

fn main() {}
