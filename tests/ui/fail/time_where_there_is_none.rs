//! `every`, `cron`, `once` and `at` take no time of day.

#![allow(unused)]

use fastscheduler::*;

#[every(1, days, at = "10:00")]
async fn every_() {}

#[cron("0 9 * * *", at = "10:00")]
async fn cron_() {}

fn main() {}
