//! A scheduler within an axum application that has routes, state and a graceful
//! shutdown of its own.
//!
//! `cargo run -p fastscheduler-examples --example nested_in_axum`

#![expect(clippy::print_stdout, reason = "an example prints")]
#![expect(clippy::needless_pass_by_value, reason = "a job function owns what it takes")]

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use anyhow::Result;
use axum::Router;
use axum::extract::State as Extracted;
use axum::routing::get;
use fastscheduler::prelude::*;
use fastscheduler::storage::MemoryStorage;
use tokio::net::TcpListener;

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
    scheduler.start().await?;

    let application = Router::new()
        .route("/", get(home))
        .with_state(visits)
        .nest("/admin/jobs", fastscheduler::web::router(&scheduler));
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    println!("http://{}/admin/jobs/", listener.local_addr()?);

    // The scheduler first: streams of events end with it, and the server would
    // wait for them otherwise.
    let stopping = scheduler.clone();
    let shutdown = async move {
        if tokio::signal::ctrl_c().await.is_ok() {
            println!("stopping");
        }
        if let Err(error) = stopping.stop().await {
            println!("not all was written: {error}");
        }
    };
    axum::serve(listener, application).with_graceful_shutdown(shutdown).await?;
    println!("stopped");
    Ok(())
}
