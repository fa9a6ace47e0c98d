//! A parameter is read from JSON.

#![allow(unused)]

use fastscheduler::*;

struct Opaque;

#[job]
async fn value(opaque: Opaque) {
    let _ = opaque;
}

fn main() {}
