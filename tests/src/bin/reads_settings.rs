//! A program that takes its settings from the environment, prints its zone, and
//! ends.

use fastscheduler::Scheduler;

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let scheduler = Scheduler::builder().from_environment()?.build().await?;
    println!("{}", scheduler.zone());
    Ok(())
}
