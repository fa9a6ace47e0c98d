//! A parameter takes one value.

#![allow(unused)]

use fastscheduler::*;

#[every(10, seconds, args("a"), kwargs(to = "b"))]
async fn both(to: String) {}

#[every(10, seconds, kwargs(to = "a", to = "b"))]
async fn by_name(to: String) {}

fn main() {}
