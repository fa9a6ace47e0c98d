//! A storage and a queue of one's own.
//!
//! `cargo run -p fastscheduler-examples --example custom_backends`
//!
//! The storage keeps jobs and runs as rows of text, as a key-value database
//! does; the queue is a list. The program runs a few jobs on them, restarts,
//! and shows the rows.
//!
//! What a backend must do is written at the traits `Storage` and `Queue`, and
//! each sentence of it is a test that any backend can run:
//!
//! `cargo test -p fastscheduler-examples --example custom_backends`

#![expect(clippy::print_stdout, reason = "an example prints")]

mod changes;
mod queue;
mod rows;
mod storage;

use anyhow::Result;
use fastscheduler::SystemClock;
use fastscheduler::prelude::*;
use tokio::sync::mpsc;

use crate::queue::ListQueue;
use crate::storage::RowStorage;

#[derive(Clone)]
struct Done(mpsc::Sender<String>);

/// Greets somebody.
#[job]
async fn greet(name: String, done: State<Done>) -> Result<usize> {
    done.0.0.send(name.clone()).await?;
    Ok(name.len())
}

#[tokio::main]
async fn main() -> Result<()> {
    let (done, mut is_done) = mpsc::channel(8);
    // The storage is a handle, like a connection: it outlives the schedulers.
    let storage = RowStorage::default();

    let scheduler = build(&storage, &done).await?;
    scheduler.add(every(0.1).seconds().name("often").call("greet").args(["Ada"])).await?;
    scheduler.add(every(0.25).seconds().name("rarely").call("greet").args(["Alan"])).await?;
    let end = run(&scheduler, &mut is_done).await?;

    // Jobs that were added at run time are there again, and go on.
    if end == End::BothGreeted {
        let scheduler = build(&storage, &done).await?;
        for job in scheduler.jobs().await? {
            println!("{} is there again as {}: {}", job.name(), job.id(), job.definition().schedule);
        }
        run(&scheduler, &mut is_done).await?;
    }

    for (table, rows) in storage.table_sizes() {
        println!("{rows:3} rows in {table}");
    }
    Ok(())
}

async fn build(storage: &RowStorage, done: &mpsc::Sender<String>) -> Result<Scheduler> {
    let scheduler = Scheduler::builder()
        .storage(storage.clone())
        // It holds what the storage says is due, and is filled anew at each start.
        .queue(ListQueue::new(SystemClock))
        .state(Done(done.clone()))
        .build()
        .await?;
    Ok(scheduler)
}

/// Why a run of the scheduler ended.
#[derive(PartialEq)]
enum End {
    BothGreeted,
    Signal,
}

/// Runs the scheduler until both were greeted, or until a signal.
async fn run(scheduler: &Scheduler, is_done: &mut mpsc::Receiver<String>) -> Result<End> {
    tokio::select! {
        ended = scheduler.run_until_shutdown() => {
            ended?;
            Ok(End::Signal)
        }
        () = greet_both(is_done) => {
            scheduler.stop().await?;
            Ok(End::BothGreeted)
        }
    }
}

/// Prints whom a job has greeted, until it was each of the two.
async fn greet_both(is_done: &mut mpsc::Receiver<String>) {
    let mut missing = vec!["Ada", "Alan"];
    while let Some(name) = is_done.recv().await {
        println!("hello, {name}");
        missing.retain(|missing| *missing != name);
        if missing.is_empty() {
            break;
        }
    }
}

#[cfg(test)]
mod storage_keeps_its_promises {
    use super::RowStorage;

    fastscheduler::storage_contract!(|| async { RowStorage::default() });
}

#[cfg(test)]
mod queue_keeps_its_promises {
    use fastscheduler::testing::ManualClock;

    use super::ListQueue;

    fastscheduler::queue_contract!(|clock: ManualClock| async move { ListQueue::new(clock) });
}

/// Both together, under a scheduler whose clock is set by hand.
#[cfg(test)]
mod they_work_together {
    use std::time::Duration;

    use fastscheduler::testing::{self, ManualClock};

    use super::*;

    #[tokio::test]
    async fn a_day_is_run_without_a_loss_and_a_restart_goes_on() {
        let clock = ManualClock::new("2026-01-05T00:00:00Z".parse().unwrap());
        let (storage, queue_clock) = (RowStorage::default(), clock.clone());
        let (done, mut is_done) = mpsc::channel(100);
        let mut test = testing::scheduler()
            .clock(clock)
            .configure(move |builder| {
                builder.storage(storage).queue(ListQueue::new(queue_clock)).state(Done(done))
            })
            .start()
            .await
            .unwrap();
        test.add(every(1).hours().call("greet").args(["Ada"])).await.unwrap();
        test.advance(Duration::from_hours(10)).await.unwrap();
        test.restart().await.unwrap();
        test.advance(Duration::from_hours(14)).await.unwrap();
        assert_eq!(test.ran("greet").await.unwrap().completed().len(), 24);
        test.audit().await.unwrap().assert_clean();
        assert_eq!(is_done.recv().await.as_deref(), Some("Ada"));
    }
}
