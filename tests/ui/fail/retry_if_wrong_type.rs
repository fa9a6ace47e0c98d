//! The function of `retry_if` takes a reference to the error.

use fastscheduler::prelude::*;

fn takes_another(_: &std::num::ParseIntError) -> bool {
    true
}

fn takes_no_reference(_: std::io::Error) -> bool {
    true
}

fn returns_nothing(_: &std::io::Error) {}

const NOT_A_FUNCTION: bool = true;

#[job(retry_if = takes_another)]
async fn one() -> std::io::Result<()> {
    Ok(())
}

#[job(retry_if = takes_no_reference)]
fn two() -> std::io::Result<()> {
    Ok(())
}

#[job(retry_if = returns_nothing)]
fn three() -> std::io::Result<()> {
    Ok(())
}

#[job(retry_if = NOT_A_FUNCTION)]
fn four() -> std::io::Result<()> {
    Ok(())
}

#[job(retry_if = not_there)]
fn five() -> std::io::Result<()> {
    Ok(())
}

fn main() {}
