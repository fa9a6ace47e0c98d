//! Names of days and months stand in their own fields, and ranges go upwards.

use fastscheduler::prelude::*;

#[cron("0 9 MON-FRI * *")]
async fn a_field_too_early() {}

#[cron("0 0 * JANFEB *")]
async fn two_names() {}

#[cron("0 22-2 * * *")]
async fn downwards() {}

fn main() {}
