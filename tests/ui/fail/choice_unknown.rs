//! Words that are none of the choices.

#![allow(unused)]

use fastscheduler::*;

#[every(10, seconds, catch_up = "one")]
async fn misspelt() {}

#[every(10, seconds, catch_up = "latest")]
async fn catch_up() {}

#[every(10, seconds, overlap = "Queue")]
async fn overlap() {}

#[every(10, seconds, gap = "later")]
async fn gap() {}

#[every(10, seconds, fold = "last")]
async fn fold() {}

#[every(10, seconds, overlap = queue)]
async fn unquoted() {}

fn main() {}
