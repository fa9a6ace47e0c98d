//! A monthly schedule needs a day.

#![allow(unused)]

use fastscheduler::*;

#[monthly(at = "00:00")]
async fn none() {}

#[monthly(1, 15, at = "00:00")]
async fn two() {}

fn main() {}
