//! A nickname that does not exist.

#![allow(unused)]

use fastscheduler::*;

#[cron("@dayly")]
async fn misspelt() {}

#[cron("@reboot")]
async fn unknown() {}

fn main() {}
