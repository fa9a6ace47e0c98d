//! Only functions can be scheduled.

#![allow(unused)]

use fastscheduler::*;

#[every(10, seconds)]
struct Report;

#[daily(at = "10:00")]
enum Kind {}

#[job]
mod jobs {}

#[every(10, seconds)]
#[daily(at = "10:00")]
impl Report {}

#[cron("0 9 * * *")]
const fn fine() {}

#[cron("0 9 * * *")]
const NAME: fn() = fine;

#[at("2027-12-25 00:00:00")]
use std::time::Duration;

fn main() {}
