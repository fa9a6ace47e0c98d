//! What becomes of a job that fails: retries, errors that no retry can mend,
//! and dead letters.
//!
//! `cargo run -p fastscheduler-examples --example retries_and_dead_letters`
//!
//! The first retry comes after 2 seconds, the next after 4, then 8 and so on.
//! So as not to wait for them, the program runs on a clock that is set by hand;
//! nothing else about it is different from a program in service.

#![expect(clippy::print_stdout, reason = "an example prints")]
#![expect(clippy::unused_async, reason = "a job as short as these waits for nothing")]

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use fastscheduler::prelude::*;
use fastscheduler::testing;

/// A shop that does not answer for now.
#[derive(Clone, Default)]
struct Shop {
    is_open: Arc<AtomicBool>,
}

/// Fails twice, and then succeeds: that takes no more than patience.
#[job]
async fn fetch_prices(context: JobContext) -> Result<u32> {
    ensure!(context.attempt() > 2, "the line is busy");
    Ok(1_250)
}

/// Fails for as long as the shop is closed.
#[job]
async fn order(item: String, count: u32, shop: State<Shop>) -> Result<String> {
    ensure!(shop.is_open.load(Ordering::Relaxed), "the shop is closed");
    Ok(format!("{count} x {item}"))
}

/// Fails once and for all: the mistake is in what it was given.
#[job]
async fn send_mail(to: String) -> Result<()> {
    if !to.contains('@') {
        // `?` works as well, on a `Result` whose error is a `Permanent`.
        return Err(Permanent::new(anyhow::anyhow!("`{to}` is no address")).into());
    }
    Ok(())
}

#[tokio::main]
async fn main() -> Result<()> {
    let shop = Shop::default();
    let is_open = Arc::clone(&shop.is_open);
    let scheduler = testing::scheduler().configure(|builder| builder.state(shop)).start().await?;

    scheduler.add(once(10).call("fetch_prices").name("prices")).await?;
    // Two retries instead of three.
    scheduler.add(once(60).call("order").args(("tea", 3)).name("tea").retries(2)).await?;
    scheduler.add(once(120).call("send_mail").args(["nobody"]).name("mail")).await?;
    scheduler.advance(Duration::from_mins(5)).await?;

    println!("attempts:");
    for run in scheduler.runs().await? {
        let started = run.started_at.context("every attempt has begun")?.format("%T");
        let outcome = run.error.as_deref().or(run.result.as_deref()).unwrap_or("done");
        let follows = run.after_failure.map(|follows| format!("; {follows}")).unwrap_or_default();
        println!("  {started} {} {}: {outcome}{follows}", run.job_name, run.status);
    }

    // What failed for good, newest first, with all that is needed to run it
    // again. It is kept until it is retried, or `max_dead_letters` newer ones
    // have come.
    println!("dead letters:");
    let letters = scheduler.dead_letters(10).await?;
    for letter in &letters {
        let arguments = serde_json::to_string(&letter.definition.args)?;
        println!("  {} {arguments}: {}", letter.definition.name, letter.run.error.as_deref().unwrap_or(""));
    }

    // The cause is mended, and the order is made again. Its job was to run
    // once and is gone, so the letter's own copy of it is what runs.
    is_open.store(true, Ordering::Relaxed);
    let tea = letters.iter().find(|letter| letter.definition.name == "tea").context("tea was not ordered")?;
    let retried = scheduler.retry_dead_letter(&tea.run).await?;
    scheduler.quiet().await?;
    let runs = scheduler.ran("tea").await?;
    let last = runs.last().context("it has run")?;
    println!("retried as {retried}: {} {}", last.status, last.result.as_deref().unwrap_or(""));

    // A letter is taken once: the second attempt to retry it is refused.
    let refused = scheduler.retry_dead_letter(&tea.run).await;
    println!("refused: {}", refused.err().context("it was retried twice")?);

    // The rest is not worth another attempt.
    println!("dropped: {}", scheduler.clear_dead_letters().await?);
    println!("left: {}", scheduler.dead_letters(10).await?.len());
    Ok(())
}
