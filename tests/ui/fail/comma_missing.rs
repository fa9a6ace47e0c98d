//! Arguments are separated by commas.

#![allow(unused)]

use fastscheduler::*;

#[every(10 seconds)]
async fn interval() {}

#[daily(at = "10:00" tz = "UTC")]
async fn named() {}

#[weekly(monday friday, at = "10:00")]
async fn days() {}

#[every(10,, seconds)]
async fn one_too_many() {}

fn main() {}
