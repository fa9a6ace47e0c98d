//! The time is a text.

#![allow(unused)]

use fastscheduler::*;

#[daily(at = 14)]
async fn number() {}

#[hourly(at = 30)]
async fn minute() {}

#[daily(at = NOON)]
async fn constant() {}

fn main() {}
