//! A number alone is not a length of time.

#![allow(unused)]

use fastscheduler::*;

#[every(10)]
async fn whole() {}

#[every(0.5, name = "often")]
async fn fraction() {}

fn main() {}
