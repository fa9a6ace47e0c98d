//! Texts that are no length of time.

#![allow(unused)]

use fastscheduler::*;

#[every("1x")]
async fn odd_unit() {}

#[every("90")]
async fn no_unit() {}

#[every("")]
async fn empty() {}

#[every("PT1H")]
async fn of_iso() {}

#[every("1h30")]
async fn last_unit_missing() {}

#[every("1w", timeout = "1:30")]
async fn weeks_and_clock() {}

#[every("1h 30m", minutes)]
async fn two_units() {}

#[once("tomorrow")]
async fn some_day() {}

fn main() {}
