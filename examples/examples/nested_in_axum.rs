//! A scheduler within an axum application that has routes, state and a graceful
//! shutdown of its own.
//!
//! `cargo run -p fastscheduler-examples --example nested_in_axum`

#![expect(clippy::print_stdout, reason = "an example prints")]
#![expect(clippy::needless_pass_by_value, reason = "a job function owns what it takes")]

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use anyhow::Result;
use axum::Router;
use axum::extract::State as Extracted;
use axum::routing::get;
use fastscheduler::prelude::*;
use fastscheduler::storage::MemoryStorage;
use tokio::net::TcpListener;
use tokio::time::timeout;

/// What the application and its jobs work with.
#[derive(Clone, Default)]
struct Visits(Arc<AtomicU64>);

/// Says how many visitors there were so far.
#[every(10, seconds)]
fn report(visits: State<Visits>) -> u64 {
    visits.0.0.load(Ordering::Relaxed)
}

async fn home(Extracted(visits): Extracted<Visits>) -> String {
    format!("You are visitor {}.\n", visits.0.fetch_add(1, Ordering::Relaxed) + 1)
}

#[tokio::main]
async fn main() -> Result<()> {
    let visits = Visits::default();
    let scheduler =
        Scheduler::builder().storage(MemoryStorage::default()).state(visits.clone()).build().await?;

    let application = Router::new()
        .route("/", get(home))
        .with_state(visits)
        // The page is at `/admin/jobs` and at `/admin/jobs/`.
        .nest_service("/admin/jobs", fastscheduler::web::router(&scheduler));
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?;

    // The server ends with the scheduler, which ends streams of events first.
    let server = axum::serve(listener, application).with_graceful_shutdown(scheduler.stopping());
    let server = tokio::spawn(server.into_future());
    let announced = async { println!("http://{address}/admin/jobs/") };
    // Until SIGINT or SIGTERM, which are handled before anybody is told the address.
    let (ended, ()) = tokio::join!(biased; scheduler.run_until_shutdown(), announced);
    ended?;
    // A client that sends its request slowly must not hold up the end.
    match timeout(Duration::from_secs(5), server).await {
        Ok(ended) => ended??,
        Err(_) => println!("leaving requests behind that did not end in time"),
    }
    println!("stopped");
    Ok(())
}
