//! A function is registered under one module.

#![allow(unused)]

use fastscheduler::*;

#[every(10, seconds, module = "a")]
#[every(20, seconds, module = "b")]
async fn twice() {}

fn main() {}
