//! Texts that are no length of time.

#![allow(unused)]

use fastscheduler::*;

#[every("1x")]
async fn odd_unit() {}

#[every("90")]
async fn no_unit() {}

#[every("")]
async fn empty() {}

#[every("1h 30m", minutes)]
async fn two_units() {}

#[once("tomorrow")]
async fn some_day() {}

fn main() {}
