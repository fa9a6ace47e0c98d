//! Names and values are joined by `=`.

#![allow(unused)]

use fastscheduler::*;

#[daily(at: "10:00")]
async fn colon() {}

#[daily(at "10:00")]
async fn nothing() {}

#[daily(at =)]
async fn no_value() {}

fn main() {}
