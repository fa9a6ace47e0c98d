//! A program with a job that runs time and again, and one whose date is over. With
//! an argument, it has a subscriber, which prints what it is given.

use fastscheduler::prelude::*;
use fastscheduler_tests::log::Log;

#[every("20ms")]
async fn tick() {}

#[at("2020-02-02 00:00:00")]
async fn long_ago() {}

fn main() -> anyhow::Result<()> {
    if std::env::args().len() > 1 {
        tracing::subscriber::set_global_default(Log::printed())?;
    }
    fastscheduler::run()
}
