//! A value that is too small or too large.

#![allow(unused)]

use fastscheduler::*;

#[every(10, seconds, retries = -1)]
async fn retries() {}

#[every(10, seconds, retries = 4294967296)]
async fn many_retries() {}

#[every(10, seconds, timeout = 0)]
async fn timeout() {}

#[every(10, seconds, timeout = "0s")]
async fn timeout_in_words() {}

#[every(10, seconds, jitter = -0.5)]
async fn jitter() {}

#[every(340282366920938463463374607431768211456, seconds)]
async fn huge() {}

fn main() {}
