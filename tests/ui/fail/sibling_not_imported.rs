//! An attribute has to be in scope, also below another.

#![allow(unused)]

use fastscheduler::every;

#[every(10, seconds)]
#[daily(at = "10:00")]
async fn twice() {}

fn main() {}
