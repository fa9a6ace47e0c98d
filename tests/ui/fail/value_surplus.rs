//! Values that no parameter takes.

#![allow(unused)]

use fastscheduler::*;

#[every(10, seconds, args(1))]
async fn none() {}

#[every(10, seconds, args("a", "b", "c"))]
async fn too_many(context: JobContext, to: String) {}

fn main() {}
