//! How long it takes to start with many jobs.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use cpu_time::ProcessTime;
use fastscheduler::prelude::*;
use fastscheduler::storage::JsonStorage;
use serde::{Deserialize, Serialize};
use tokio::runtime::Runtime;

use crate::child::Task;
use crate::memory;

/// What is stored.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Stored {
    pub(crate) state_file: PathBuf,
    pub(crate) jobs: u32,
}

/// What a start takes.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub(crate) struct Start {
    /// Until the files are read.
    pub(crate) opened: Duration,
    /// Until the scheduler is built, from the beginning.
    pub(crate) built: Duration,
    /// Until it runs, from the beginning.
    pub(crate) running: Duration,
    /// CPU time of all that.
    pub(crate) cpu: Duration,
    /// Resident memory after it.
    pub(crate) memory: u64,
}

impl Task for Stored {
    const NAME: &'static str = "start";
    type Answer = Start;

    fn run(self, runtime: &Runtime) -> Result<Start> {
        runtime.block_on(measure(self))
    }
}

/// Starts a scheduler on a state file, in a process of its own.
#[expect(clippy::disallowed_methods, reason = "it is real time that passes")]
async fn measure(Stored { state_file, jobs }: Stored) -> Result<Start> {
    let (begin, cpu) = (Instant::now(), ProcessTime::now());
    let storage = JsonStorage::open(&state_file)?;
    let opened = begin.elapsed();
    let scheduler = Scheduler::builder().storage(storage).max_history(10_000).build().await?;
    let built = begin.elapsed();
    scheduler.start().await?;
    let running = begin.elapsed();
    let (cpu, memory) = (cpu.elapsed(), memory::resident()?);
    let found = scheduler.jobs().await?.len();
    ensure!(found == jobs as usize, "{found} jobs of {jobs} were found");
    scheduler.stop().await?;
    Ok(Start { opened, built, running, cpu, memory })
}
