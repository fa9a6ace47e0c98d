//! Waits before retries that are none, and numbers that change them and cannot.

#![allow(unused)]

use fastscheduler::*;

#[every(10, seconds, retry_delay = "soon", retry_max_delay = -1)]
async fn waits() {}

#[every(10, seconds, retry_delay = "0.1ms", retry_max_delay = "200 years")]
async fn lengths() {}

#[every(10, seconds, retry_factor = 0.5, retry_jitter = 1.5)]
async fn numbers() {}

#[every(10, seconds, retry_factor = "2", retry_jitter = true)]
async fn no_numbers() {}

#[every(10, seconds, retry_delays = 5)]
async fn misspelled() {}

fn main() {}
