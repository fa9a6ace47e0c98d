//! The scheduler calls no unsafe function.

#![allow(unused)]

use fastscheduler::*;

#[every(10, seconds)]
unsafe fn dangerous() {}

fn main() {}
