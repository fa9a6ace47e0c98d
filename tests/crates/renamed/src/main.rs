//! A program that knows fastscheduler by other names only.

use clockwork::prelude::{Scheduler, every};
use clockwork::storage::MemoryStorage;

mod facade {
    pub use clockwork as scheduling;
}

#[every(1, hour, crate = clockwork)]
#[clockwork::daily(at = "10:00")]
async fn under_another_name() {}

#[facade::scheduling::cron("0 9 * * *", crate = crate::facade::scheduling)]
fn through_a_facade() {}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let scheduler = Scheduler::builder().storage(MemoryStorage::default()).build().await?;
    for function in scheduler.functions() {
        println!("{}", function.key());
    }
    Ok(())
}
