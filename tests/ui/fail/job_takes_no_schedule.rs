//! `job` registers and does nothing else.

#![allow(unused)]

use fastscheduler::*;

#[job(retries = 3)]
async fn modifier() {}

#[job(name = "x", no_catch_up)]
async fn more() {}

#[job(10, seconds)]
async fn schedule() {}

#[job(modul = "x")]
async fn misspelt() {}

#[job(at = "10:00")]
async fn time() {}

fn main() {}
