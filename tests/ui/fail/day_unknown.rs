//! Days are written in full, or with three letters.

#![allow(unused)]

use fastscheduler::*;

#[weekly(mondey, at = "10:00")]
async fn misspelt() {}

#[weekly(weekday, at = "10:00")]
async fn singular() {}

#[weekly(someday, at = "10:00")]
async fn unknown() {}

#[weekly("monday", at = "10:00")]
async fn quoted() {}

#[weekly(1, at = "10:00")]
async fn number() {}

fn main() {}
