//! A program that serves its web interface, with settings from the environment, and
//! prints the address.

use fastscheduler::prelude::*;

#[job]
async fn quick() {}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let scheduler = Scheduler::builder().from_environment()?.http("127.0.0.1:0").build().await?;
    scheduler.start().await?;
    if let Some(address) = scheduler.http_address() {
        println!("{address}");
    }
    std::future::pending().await
}
