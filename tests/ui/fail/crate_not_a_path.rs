//! `crate` is a path.

#![allow(unused)]

use fastscheduler::*;

#[every(10, seconds, crate = "fastscheduler")]
async fn quoted() {}

#[every(10, seconds, crate = fastscheduler)]
#[every(20, seconds, crate = ::fastscheduler)]
async fn two() {}

fn main() {}
