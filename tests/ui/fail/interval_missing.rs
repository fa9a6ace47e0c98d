//! An interval that is not there.

#![allow(unused)]

use fastscheduler::*;

#[every]
async fn bare() {}

#[every()]
async fn empty() {}

#[every(name = "x")]
async fn only_modifiers() {}

fn main() {}
