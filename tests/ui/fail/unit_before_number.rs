//! The number comes first.

#![allow(unused)]

use fastscheduler::*;

#[every(minute)]
async fn every_minute() {}

#[every(minutes, 5)]
async fn turned_round() {}

fn main() {}
