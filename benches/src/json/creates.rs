//! New jobs, each on disk before its caller goes on; beside a loop that only
//! appends and syncs.

use std::fmt;
use std::fs::{File, OpenOptions};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Result, anyhow};
use fastscheduler::prelude::*;
use fastscheduler::storage::JsonStorage;
use futures_util::future::try_join_all;
use serde::{Deserialize, Serialize};
use tokio::runtime::Runtime;
use tokio::sync::{mpsc, oneshot};

use super::{files, syncs};
use crate::child::Task;

/// How many callers there are.
const CALLERS: u32 = 64;

/// Who makes safe what the callers ask for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Side {
    /// A thread that appends lines of this length, and syncs for all who wait.
    Loop {
        line: usize,
    },
    Scheduler,
}

impl fmt::Display for Side {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Loop { .. } => "append and sync",
            Self::Scheduler => "fastscheduler",
        })
    }
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Load {
    pub(crate) side: Side,
    /// A file that is not there yet.
    pub(crate) file: PathBuf,
    pub(crate) length: Duration,
}

/// What was made.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub(crate) struct Creates {
    pub(crate) side: Side,
    pub(crate) created: u64,
    pub(crate) took: Duration,
    pub(crate) syncs: u64,
    /// Bytes of all their lines.
    pub(crate) bytes: u64,
}

impl Creates {
    pub(crate) fn per_second(&self) -> f64 {
        crate::goal::figure(self.created) / self.took.as_secs_f64()
    }

    /// Bytes of a line.
    pub(crate) fn line(&self) -> usize {
        usize::try_from(self.bytes / self.created.max(1)).unwrap_or(usize::MAX)
    }
}

impl Task for Load {
    const NAME: &'static str = "creates";
    type Answer = Creates;

    fn run(self, runtime: &Runtime) -> Result<Creates> {
        runtime.block_on(measure(self))
    }
}

/// Measures one side, in a process of its own.
async fn measure(load: Load) -> Result<Creates> {
    match load.side {
        Side::Scheduler => through_scheduler(load).await,
        Side::Loop { line } => through_loop(load, line).await,
    }
}

async fn through_scheduler(load: Load) -> Result<Creates> {
    syncs::count_all()?;
    // One journal has all their lines.
    let storage = JsonStorage::open(&load.file)?.fold_at(u64::MAX);
    let scheduler = Scheduler::builder().storage(storage).build().await?;
    scheduler.start().await?;
    let before = syncs::counted();
    let (created, took) = repeat(load.length, || async {
        scheduler.add(every(1).days().call("tick")).await?;
        Ok(())
    })
    .await?;
    let syncs = syncs::counted() - before;
    let bytes = files::length(&files::journal(&load.file))?;
    scheduler.stop().await?;
    Ok(Creates { side: load.side, created, took, syncs, bytes })
}

async fn through_loop(load: Load, line: usize) -> Result<Creates> {
    let (sender, waiting) = mpsc::unbounded_channel();
    let file = load.file.clone();
    let syncing = std::thread::spawn(move || append_and_sync(&file, line, waiting));
    let (created, took) = repeat(load.length, || async {
        let (answer, answered) = oneshot::channel();
        sender.send(answer).map_err(|_| anyhow!("the thread has ended"))?;
        Ok(answered.await?)
    })
    .await?;
    drop(sender);
    let syncs = syncing.join().map_err(|_| anyhow!("the thread panicked"))??;
    Ok(Creates { side: load.side, created, took, syncs, bytes: files::length(&load.file)? })
}

/// Appends a line for each who waits, syncs, and tells them; answers how often.
fn append_and_sync(
    path: &Path,
    line: usize,
    mut waiting: mpsc::UnboundedReceiver<oneshot::Sender<()>>,
) -> Result<u64> {
    let mut file: File = OpenOptions::new().append(true).create(true).open(path)?;
    let mut text = vec![b'x'; line];
    text.pop();
    text.push(b'\n');
    let mut syncs = 0;
    let mut answers = Vec::new();
    while waiting.blocking_recv_many(&mut answers, CALLERS as usize) > 0 {
        for _ in &answers {
            file.write_all(&text)?;
        }
        file.sync_data()?;
        syncs += 1;
        for answer in answers.drain(..) {
            // Nobody has gone away.
            let _ = answer.send(());
        }
    }
    Ok(syncs)
}

/// Does something in all callers, one time after another.
#[expect(clippy::disallowed_methods, reason = "it is real time that passes")]
async fn repeat<F>(length: Duration, create: impl Fn() -> F + Sync) -> Result<(u64, Duration)>
where
    F: Future<Output = Result<()>>,
{
    let (created, begin) = (AtomicU64::new(0), Instant::now());
    let caller = || async {
        while begin.elapsed() < length {
            create().await?;
            created.fetch_add(1, Ordering::Relaxed);
        }
        anyhow::Ok(())
    };
    try_join_all((0..CALLERS).map(|_| caller())).await?;
    Ok((created.load(Ordering::Relaxed), begin.elapsed()))
}
