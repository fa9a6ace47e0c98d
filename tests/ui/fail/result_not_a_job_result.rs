//! What a job returns can be kept, or is an error that can be shown.

#![allow(unused)]

use fastscheduler::*;

struct Opaque;

#[every(10, seconds)]
async fn value() -> Opaque {
    Opaque
}

#[every(10, seconds)]
fn error() -> Result<(), Opaque> {
    Err(Opaque)
}

fn main() {}
