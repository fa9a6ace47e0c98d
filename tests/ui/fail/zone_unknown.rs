//! Zones that do not exist, with the nearest that does.

#![allow(unused)]

use fastscheduler::*;

#[daily(at = "10:00", tz = "Europe/Lodnon")]
async fn misspelt() {}

#[daily(at = "10:00", tz = "europe/london")]
async fn lower_case() {}

#[daily(at = "10:00", tz = "Tokyo")]
async fn city() {}

#[daily(at = "10:00", tz = "Europe/Nowhere_At_All")]
async fn unknown() {}

#[daily(at = "10:00", tz = "+01:00")]
async fn offset() {}

#[daily(at = "10:00", tz = "GMT+5")]
async fn offset_from_gmt() {}

#[daily(at = "10:00", tz = "+05:30")]
async fn offset_of_half_an_hour() {}

#[daily(at = "10:00", tz = "EDT")]
async fn abbreviation() {}

#[daily(at = "10:00", tz = "IST")]
async fn abbreviation_of_several() {}

#[daily(at = "10:00", tz = "Eastern Standard Time")]
async fn of_windows() {}

#[daily(at = "10:00", tz = UTC)]
async fn unquoted() {}

fn main() {}
