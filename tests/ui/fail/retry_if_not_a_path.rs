//! `retry_if` names a function.

use fastscheduler::prelude::*;

fn is_transient(error: &std::io::Error) -> bool {
    error.kind() == std::io::ErrorKind::Interrupted
}

#[job(retry_if = "is_transient")]
async fn in_quotes() -> std::io::Result<()> {
    Ok(())
}

#[job(retry_if = |error: &std::io::Error| is_transient(error))]
async fn a_closure() -> std::io::Result<()> {
    Ok(())
}

#[job(retry_if(is_transient))]
async fn in_parentheses() -> std::io::Result<()> {
    Ok(())
}

#[job(retry_if)]
async fn without_a_value() -> std::io::Result<()> {
    Ok(())
}

#[every(1, hour, retry_when = is_transient)]
async fn by_another_name() -> std::io::Result<()> {
    Ok(())
}

fn main() {}
