//! A length of time is a text.

#![allow(unused)]

use fastscheduler::*;

#[every(10s)]
async fn seconds() {}

#[once(1.5h)]
async fn hours() {}

#[every(10u64, seconds)]
async fn typed() {}

#[daily(at = "10:00", timeout = 5m)]
async fn timeout() {}

fn main() {}
