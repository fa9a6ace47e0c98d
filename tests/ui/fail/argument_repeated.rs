//! Each argument is given once.

#![allow(unused)]

use fastscheduler::*;

#[daily(at = "10:00", at = "11:00")]
async fn time() {}

#[every(10, seconds, retries = 1, name = "x", retries = 2)]
async fn modifier() {}

#[every(10, seconds, no_catch_up, no_catch_up)]
async fn word() {}

#[every(10, seconds, args(1), args(2))]
async fn list(_first: u8, _second: u8) {}

fn main() {}
