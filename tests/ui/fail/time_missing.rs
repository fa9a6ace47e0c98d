//! A calendar schedule needs its time.

#![allow(unused)]

use fastscheduler::*;

#[hourly]
async fn hourly_() {}

#[daily(tz = "UTC")]
async fn daily_() {}

#[weekly(monday)]
async fn weekly_() {}

#[monthly(1)]
async fn monthly_() {}

#[daily(at)]
async fn unfinished() {}

fn main() {}
