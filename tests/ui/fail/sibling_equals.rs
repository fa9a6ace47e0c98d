//! Attributes take parentheses.

#![allow(unused)]

use fastscheduler::*;

#[every(10, seconds)]
#[daily = "10:00"]
async fn twice() {}

fn main() {}
