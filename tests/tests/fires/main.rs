//! What becomes of fires: each runs, or has a record of why it did not.

mod accounting;
mod attention;
mod clock_changes;
mod clock_steps;
mod endings;
mod logs;
mod missed;
mod overlap;
mod scenarios;
mod set_back;
mod shutdown;
mod timeouts;

use fastscheduler::{JobContext, State, job};
use fastscheduler_tests::Script;

#[job]
async fn work(script: State<Script>, context: JobContext) -> anyhow::Result<()> {
    script.act(context).await
}

#[job]
fn block(script: State<Script>, context: JobContext) -> anyhow::Result<()> {
    script.block(context)
}
