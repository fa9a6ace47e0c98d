//! A job needs a value for each parameter.

#![allow(unused)]

use std::collections::HashMap;

use fastscheduler::*;

#[every(10, seconds)]
async fn none(to: String) {}

#[every(10, seconds, args("a"))]
async fn too_few(to: String, count: u8, subject: Option<String>) {}

#[every(10, seconds, kwargs(count = 1))]
async fn by_name(to: String, count: u8) {}

#[daily(at = "10:00", args("a"))]
#[hourly(at = ":30")]
async fn one_of_two(context: JobContext, to: std::string::String) {}

#[every(10, seconds)]
async fn pattern((a, b): (u8, u8)) {}

#[every(10, seconds)]
async fn own_type(mail: Vec<HashMap<String, u8>>) {}

fn main() {}
