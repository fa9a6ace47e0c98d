//! What jobs cost that are not due.

use std::time::{Duration, Instant};

use anyhow::Result;
use chrono::TimeDelta;
use cpu_time::ProcessTime;
use fastscheduler::prelude::*;
use fastscheduler::storage::MemoryStorage;
use fastscheduler::{Clock as _, SystemClock};
use serde::{Deserialize, Serialize};
use tokio::runtime::Runtime;

use crate::child::Task;
use crate::memory;

/// Jobs that are added.
pub(crate) const JOBS: u32 = 100_000;

/// How long the scheduler has to come to rest.
const REST: Duration = Duration::from_millis(500);

/// For how long a scheduler is watched doing nothing.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Idle(pub Duration);

/// What each of many jobs costs, and all of them together.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Footprint {
    /// Bytes of memory that a job takes.
    pub bytes_per_job: u64,
    /// CPU time of adding a job.
    pub cpu_per_add: Duration,
    /// CPU time of the scheduler while nothing is due, in percent of one core.
    pub idle_percent: f64,
}

impl Task for Idle {
    const NAME: &'static str = "footprint";
    type Answer = Footprint;

    fn run(self, runtime: &Runtime) -> Result<Footprint> {
        runtime.block_on(measure(self.0))
    }
}

/// Adds jobs that are due tomorrow to a running scheduler, and lets it be.
#[expect(clippy::disallowed_methods, reason = "it is real time that passes")]
async fn measure(idle: Duration) -> Result<Footprint> {
    let scheduler = Scheduler::builder().storage(MemoryStorage::default()).build().await?;
    scheduler.start().await?;
    let now = SystemClock.now();
    let tomorrow = |job: u32| {
        let anchor = now + TimeDelta::microseconds(job.into());
        every(1).days().starting_at(anchor).call("tick")
    };
    // What is allocated once is not a job's.
    scheduler.add(tomorrow(0)).await?;

    let (memory_before, cpu) = (memory::resident()?, ProcessTime::now());
    for job in 1..=JOBS {
        scheduler.add(tomorrow(job)).await?;
    }
    tokio::time::sleep(REST).await;
    let cpu_per_add = cpu.elapsed() / JOBS;
    let bytes = memory::resident()?.saturating_sub(memory_before);

    let (begin, cpu) = (Instant::now(), ProcessTime::now());
    tokio::time::sleep(idle).await;
    let idle_cpu = cpu.elapsed();
    let idle_percent = idle_cpu.div_duration_f64(begin.elapsed()) * 100.0;
    scheduler.stop().await?;
    Ok(Footprint { bytes_per_job: bytes / u64::from(JOBS), cpu_per_add, idle_percent })
}
