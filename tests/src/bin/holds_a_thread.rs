//! A program with a blocking function that never returns.

use fastscheduler::prelude::*;

#[once("1ms")]
fn holds_a_thread() {
    announce("holding a thread");
    loop {
        std::thread::park();
    }
}

#[every("5ms")]
async fn tick() {}

fn announce(line: &str) {
    use std::io::Write as _;
    let _ = writeln!(std::io::stdout(), "{line}");
}

fn main() -> anyhow::Result<()> {
    fastscheduler::run()
}
