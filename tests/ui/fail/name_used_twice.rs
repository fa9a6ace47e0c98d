//! Jobs of one function have different names.

#![allow(unused)]

use fastscheduler::*;

#[every(10, seconds, name = "x")]
#[every(20, seconds, name = "x")]
async fn twice() {}

fn main() {}
