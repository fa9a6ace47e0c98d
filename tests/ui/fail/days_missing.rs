//! A weekly schedule needs days.

#![allow(unused)]

use fastscheduler::*;

#[weekly(at = "10:00")]
async fn weekly_() {}

#[weekly]
async fn bare() {}

fn main() {}
