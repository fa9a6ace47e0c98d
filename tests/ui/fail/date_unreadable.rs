//! There is no such date.

#![allow(unused)]

use fastscheduler::*;

#[at("2027-02-29 00:00:00")]
async fn no_leap_year() {}

#[at("25.12.2027")]
async fn other_order() {}

#[at("2027-12-25")]
async fn no_time() {}

#[at("2027-12-25 24:00:00")]
async fn hour() {}

#[at]
async fn none() {}

fn main() {}
