//! There is no such time of day.

#![allow(unused)]

use fastscheduler::*;

#[daily(at = "24:00")]
async fn hour() {}

#[daily(at = "12:60")]
async fn minute() {}

#[weekly(monday, at = "12:30:61")]
async fn second() {}

#[monthly(1, at = "noon")]
async fn word() {}

#[daily(at = "2pm")]
async fn twelve_hours() {}

fn main() {}
