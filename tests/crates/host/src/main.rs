//! Lists the functions of the program, its own and those of a library.

use fastscheduler::prelude::*;
use fastscheduler::storage::MemoryStorage;

fastscheduler::include_jobs!(my_jobs);

#[every(1, hour)]
fn in_the_program() {}

mod never_named {
    #[fastscheduler::every(1, hour)]
    async fn private_in_a_module() {}
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    #[every(1, hour)]
    async fn in_a_body() {}

    let scheduler = Scheduler::builder().storage(MemoryStorage::default()).build().await?;
    for function in scheduler.functions() {
        println!("{}", function.key());
    }
    Ok(())
}
