//! Expressions that cannot be read.

#![allow(unused)]

use fastscheduler::*;

#[cron("0 9 * *")]
async fn too_few() {}

#[cron("0 9 * * * * *")]
async fn too_many() {}

#[cron("0 25 * * *")]
async fn out_of_range() {}

#[cron("0 9 * * MOM")]
async fn unknown_day() {}

#[cron("0 9,,10 * * *")]
async fn empty_item() {}

#[cron("")]
async fn empty() {}

fn main() {}
