//! A scheduler with jobs of all kinds and writers that change them all the
//! time, made to be killed; `tests/killed` kills it. It writes down what it
//! does, so that what is found in its files afterwards can be compared.
//!
//! `writes_until_killed FOLDER LIFE SEED large|small`: its files are in the
//! folder, and it is the so-manieth process that works with them. A small one
//! has the declared jobs only. SIGTERM stops it in good order.

mod jobs;
mod writers;

use std::path::PathBuf;

use anyhow::Context as _;
use fastscheduler::storage::JsonStorage;
use fastscheduler::{Clock as _, Scheduler, SystemClock};
use fastscheduler_tests::diary::{Diary, Line};
use fastscheduler_tests::last_sync::Notes;

/// Short journals, so that many a kill meets a fold. The store does not fold
/// one that is shorter than its snapshot; the writers see to long ones.
const FOLD_AT: u64 = 64 * 1024;

/// Of so many processes one adds jobs that are there.
const ADDS_AGAIN: u64 = 4;

/// More than all runs and letters of all processes.
const NEVER_PRUNED: usize = 10_000_000;

#[tokio::main(flavor = "multi_thread", worker_threads = 2)]
async fn main() -> anyhow::Result<()> {
    let mut arguments = std::env::args().skip(1);
    let mut argument = || arguments.next().context("usage: writes_until_killed FOLDER LIFE SEED large|small");
    let folder = PathBuf::from(argument()?);
    let (life, seed): (u64, u64) = (argument()?.parse()?, argument()?.parse()?);
    let is_large = argument()? == "large";

    let asked_to_stop = asked_to_stop()?;
    let diary = Diary::open(&folder.join("diary"))?;
    tracing::subscriber::set_global_default(Notes::create(&folder.join("last_sync"))?)?;
    let scheduler = Scheduler::builder()
        .storage(JsonStorage::open(folder.join("state.json"))?.fold_at(FOLD_AT))
        .state(diary.clone())
        .timezone("UTC")
        .quiet(true)
        .max_workers(4)
        .max_history(NEVER_PRUNED)
        .history_retention_days(0)
        .max_dead_letters(NEVER_PRUNED)
        .build()
        .await?;
    scheduler.start().await?;
    diary.write(&Line::Started(SystemClock.now()));
    let has_all = scheduler.jobs().await?.iter().any(|job| job.name() == jobs::FILLING);
    if is_large && (!has_all || life % ADDS_AGAIN == 0) {
        jobs::add_all(&scheduler).await?;
    }
    let mut writers = writers::begin(&scheduler, &diary, life, seed);

    tokio::select! {
        () = asked_to_stop => {}
        ended = writers.join_next() => return ended.context("a writer never ends")??,
    }
    writers.shutdown().await;
    scheduler.stop().await?;
    Ok(())
}

/// Waits for SIGTERM, which ends the process no more from now on.
#[cfg(unix)]
fn asked_to_stop() -> std::io::Result<impl Future<Output = ()>> {
    use tokio::signal::unix::{SignalKind, signal};
    let mut terminate = signal(SignalKind::terminate())?;
    Ok(async move {
        terminate.recv().await;
    })
}

/// Elsewhere nobody asks.
#[cfg(not(unix))]
fn asked_to_stop() -> std::io::Result<impl Future<Output = ()>> {
    Ok(std::future::pending())
}
