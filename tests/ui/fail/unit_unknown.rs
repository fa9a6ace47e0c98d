//! Units are written in full.

#![allow(unused)]

use fastscheduler::*;

#[every(10, secnds)]
async fn misspelt() {}

#[every(10, weeks)]
async fn unknown() {}

#[every(10, "seconds")]
async fn quoted() {}

#[once(5, min)]
async fn short() {}

fn main() {}
