//! The time is given as `at`.

#![allow(unused)]

use fastscheduler::*;

#[daily("14:30")]
async fn daily_() {}

#[hourly(30)]
async fn hourly_() {}

fn main() {}
