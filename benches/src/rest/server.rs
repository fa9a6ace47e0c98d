//! The server, with its store in files.

use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context as _, Result};
use cpu_time::ProcessTime;
use fastscheduler::prelude::*;
use serde::{Deserialize, Serialize};
use tokio::runtime::Runtime;

use super::clients::{Answers, Ask, Requests};
use crate::child::{self, Task};
use crate::memory;

#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Load {
    pub(crate) state_file: PathBuf,
    /// Jobs in it, due tomorrow.
    pub(crate) stored: u32,
    pub(crate) ask: Ask,
    pub(crate) length: Duration,
}

/// What it was like.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub(crate) struct Row {
    pub(crate) stored: u32,
    pub(crate) ask: Ask,
    pub(crate) answers: Answers,
    /// CPU time of the server.
    pub(crate) cpu: Duration,
    /// Resident memory at the end.
    pub(crate) memory: u64,
}

impl Row {
    pub(crate) fn per_second(&self) -> f64 {
        crate::goal::figure(self.answers.count) / self.answers.took.as_secs_f64()
    }
}

impl Task for Load {
    const NAME: &'static str = "rest";
    type Answer = Row;

    fn run(self, runtime: &Runtime) -> Result<Row> {
        runtime.block_on(measure(self))
    }
}

/// Serves, in a process of its own, until the clients have asked for long enough.
async fn measure(load: Load) -> Result<Row> {
    let Load { state_file, stored, ask, length } = load;
    let scheduler = Scheduler::builder().state_file(state_file).http("127.0.0.1:0").build().await?;
    scheduler.start().await?;
    let address = scheduler.http_address().context("it listens")?;
    let requests = Requests { address, ask, stored, length };
    let cpu = ProcessTime::now();
    let answers = tokio::task::spawn_blocking(move || child::ask(&requests)).await??;
    let (cpu, memory) = (cpu.elapsed(), memory::resident()?);
    scheduler.stop().await?;
    Ok(Row { stored, ask, answers, cpu, memory })
}
