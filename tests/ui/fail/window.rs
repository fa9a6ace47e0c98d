//! First and last dates that are none, or that no fire lies between.

#![allow(unused)]

use fastscheduler::*;

#[daily(at = "09:00", from = "2027-02-29", until = "tomorrow")]
async fn no_dates() {}

#[daily(at = "09:00", from = 20270101)]
async fn no_text() {}

#[daily(at = "09:00", from = "2027-06-30 18:00:00", until = "2027-06-30 17:59")]
async fn the_wrong_way_round() {}

#[every(10, seconds, from = "2027-07-01", until = "2027-06-30")]
async fn days_the_wrong_way_round() {}

#[once(60, from = "2027-01-01")]
async fn one_time() {}

#[at("2027-12-25 00:00:00", until = "2027-12-31")]
async fn one_date() {}

fn main() {}
