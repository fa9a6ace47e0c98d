//! A day is named once.

#![allow(unused)]

use fastscheduler::*;

#[weekly(monday, friday, monday, at = "10:00")]
async fn twice() {}

#[weekly(weekdays, fri, at = "10:00")]
async fn among_others() {}

fn main() {}
