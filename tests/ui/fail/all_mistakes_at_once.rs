//! One build shows every mistake.

#![allow(unused)]

use fastscheduler::*;

#[daily(at = "25:00", tz = "Europe/Pariss", retires = 3, timeout = "soon", catch_up = "al", args(1, 2))]
#[every(0, seconds, overlap = "wait")]
#[weekly(funday, no_catchup)]
#[cron("0 0 31 2 *")]
async fn report<T>(to: &str, count: u8, (a, b): (u8, u8)) {}

fn main() {}
