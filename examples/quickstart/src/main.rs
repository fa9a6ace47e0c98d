use fastscheduler::prelude::*;
#[every(0.5, seconds)]
async fn heartbeat() {
    println!("alive");
}
#[every(1, seconds)]
fn sync_one() -> Result<u32, String> {
    Ok(3)
}
#[every(1, seconds, retries = 1, args("a"), kwargs(n = 3))]
async fn failing(to: String, n: Option<u32>, ctx: JobContext) -> anyhow::Result<()> {
    anyhow::bail!("boom {to} {n:?} {}", ctx.attempt())
}
#[daily(at = "14:30", tz = "America/New_York", timeout = "5m")]
async fn report() {}
fn main() -> anyhow::Result<()> {
    fastscheduler::run()
}
