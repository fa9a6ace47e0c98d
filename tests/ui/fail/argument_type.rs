//! A value of the wrong type.

#![allow(unused)]

use fastscheduler::*;

#[every(10, seconds, name = 5)]
async fn name() {}

#[every(10, seconds, retries = "3")]
async fn retries() {}

#[every(10, seconds, enabled = "false")]
async fn enabled() {}

#[every(10, seconds, timeout = true)]
async fn timeout() {}

#[every(10, seconds, timeout = Duration::from_secs(5))]
async fn expression() {}

#[every(10, seconds, catch_up = false)]
async fn catch_up() {}

#[every(INTERVAL, seconds)]
async fn interval() {}

#[every(2 * 30, seconds)]
async fn product() {}

#[every(true, seconds)]
async fn truth() {}

fn main() {}
