//! A program with a job that is retried when it fails, and one that is not. With
//! an argument, it has a subscriber, which keeps what it is given.

use fastscheduler::prelude::*;
use fastscheduler_tests::log::Log;

#[once("1ms", retries = 1, retry_delay = "1500ms")]
async fn fails_first() -> anyhow::Result<()> {
    anyhow::bail!("the line is\nbusy")
}

#[once("2ms", retries = 0)]
async fn fails_for_good() -> anyhow::Result<()> {
    announce("failing");
    anyhow::bail!("out of paper")
}

fn announce(line: &str) {
    use std::io::Write as _;
    let _ = writeln!(std::io::stdout(), "{line}");
}

fn main() -> anyhow::Result<()> {
    if std::env::args().len() > 1 {
        tracing::subscriber::set_global_default(Log::default())?;
    }
    fastscheduler::run()
}
