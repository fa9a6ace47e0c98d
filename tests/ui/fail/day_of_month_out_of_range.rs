//! No month has that day.

#![allow(unused)]

use fastscheduler::*;

#[monthly(0, at = "00:00")]
async fn zero() {}

#[monthly(32, at = "00:00")]
async fn too_late() {}

#[monthly(-1, at = "00:00")]
async fn from_the_end() {}

#[monthly("last", at = "00:00")]
async fn quoted() {}

#[monthly(first, at = "00:00")]
async fn word() {}

fn main() {}
