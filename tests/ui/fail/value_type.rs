//! A value that the parameter cannot hold.

#![allow(unused)]

use fastscheduler::*;

#[every(10, seconds, args(5, "6"))]
async fn swapped(to: String, count: u8) {}

#[every(10, seconds, args(256, -1), kwargs(share = "half"))]
async fn range(small: u8, natural: u64, share: f64) {}

#[every(10, seconds, kwargs(ids = [1, "2"], urgent = 1))]
async fn nested(ids: Vec<u32>, urgent: Option<bool>) {}

#[every(10, seconds, args(null))]
async fn nothing(to: String) {}

fn main() {}
