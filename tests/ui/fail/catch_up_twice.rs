//! `no_catch_up` is a `catch_up`.

#![allow(unused)]

use fastscheduler::*;

#[every(10, seconds, catch_up = "all", no_catch_up)]
async fn both() {}

#[every(10, seconds, no_catch_up, catch_up = "all")]
async fn other_order() {}

fn main() {}
