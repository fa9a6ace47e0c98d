//! Arguments that do not exist, with the nearest that does.

#![allow(unused)]

use fastscheduler::*;

#[every(10, seconds, timout = "5s")]
async fn misspelt() {}

#[daily(at = "10:00", no_catchup)]
async fn misspelt_word() {}

#[daily(att = "10:00")]
async fn misspelt_time() {}

#[every(10, seconds, priority = 3)]
async fn unknown() {}

#[every(10, seconds, urgent)]
async fn unknown_word() {}

#[cron("0 9 * * *", timezone = "UTC")]
async fn other_name() {}

#[every(10, no_catchup)]
async fn two_mistakes() {}

fn main() {}
