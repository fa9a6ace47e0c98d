//! A date that does not exist.

#![allow(unused)]

use fastscheduler::*;

#[cron("0 0 30 2 *")]
async fn february() {}

#[cron("0 0 31 4,6,9,11 *")]
async fn short_months() {}

fn main() {}
