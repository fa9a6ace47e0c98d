//! Names have 1 to 200 characters.

#![allow(unused)]

use fastscheduler::*;

#[every(10, seconds, name = "")]
async fn empty() {}

#[every(10, seconds, group = "  ")]
async fn blank() {}

#[every(10, seconds, module = "")]
async fn no_module() {}

#[every(10, seconds, name = "long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long x")]
async fn long() {}

fn main() {}
