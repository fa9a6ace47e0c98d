//! A parameter owns its value.

#![allow(unused)]

use fastscheduler::*;

#[job]
async fn text(to: &str) {}

#[job]
async fn list(ids: &[u32]) {}

#[job]
async fn path(file: &std::path::Path) {}

#[job]
async fn optional(subject: Option<&'static str>) {}

#[every(10, seconds)]
async fn context(context: &JobContext) {}

fn main() {}
