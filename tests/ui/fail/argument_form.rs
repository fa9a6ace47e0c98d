//! Each argument has one form.

#![allow(unused)]

use fastscheduler::*;

#[every(10, seconds, retries(3))]
async fn parentheses() {}

#[every(10, seconds, retries)]
async fn no_value() {}

#[every(10, seconds, no_catch_up = true)]
async fn value() {}

#[every(10, seconds, args = [1])]
async fn list(_first: u8) {}

#[every(10, seconds, kwargs)]
async fn no_list() {}

fn main() {}
