//! There is no such minute.

#![allow(unused)]

use fastscheduler::*;

#[hourly(at = ":60")]
async fn minute() {}

#[hourly(at = "half past")]
async fn words() {}

fn main() {}
