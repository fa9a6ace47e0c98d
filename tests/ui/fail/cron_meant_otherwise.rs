//! Expressions written for other programs, and ones that cannot mean what they say.

#![allow(unused)]

use fastscheduler::*;

#[cron("@every 90s")]
async fn interval() {}

#[cron("CRON_TZ=Europe/Berlin 0 9 * * *")]
async fn zone() {}

#[cron("0 9 * * MON 2027")]
async fn year() {}

#[cron("0 0 9 ? * MON-FRI *")]
async fn any_year() {}

#[cron("0 0 L-3 * *")]
async fn days_before_the_last() {}

#[cron("0 9 * * monday")]
async fn name_in_full() {}

#[cron("*/90 * * * *")]
async fn step_beyond_the_field() {}

#[cron("0 9 * * FRI-MON")]
async fn downwards() {}

#[cron("0 9 * * MON-FRI#2")]
async fn second_days() {}

#[cron("0 0 ?/2 * *")]
async fn step_of_any() {}

fn main() {}
