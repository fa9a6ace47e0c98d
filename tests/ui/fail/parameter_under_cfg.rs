//! A parameter is there or not.

#![allow(unused)]

use fastscheduler::*;

#[job]
async fn conditional(#[cfg(unix)] to: String) {}

fn main() {}
