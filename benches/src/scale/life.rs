//! The life of a program with many jobs.

use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use cpu_time::ProcessTime;
use fastscheduler::prelude::*;
use serde::{Deserialize, Serialize};
use tokio::runtime::Runtime;

use super::prepare::{Plan, new_job};
use crate::child::Task;
use crate::memory;

/// A program whose files are as planned.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Lived(pub(crate) Plan);

/// What a part of it takes.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub(crate) struct Took {
    pub(crate) time: Duration,
    /// CPU time of the process, on all cores.
    pub(crate) cpu: Duration,
}

/// What its parts take.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub(crate) struct Life {
    /// Reading the files, and building the scheduler of them.
    pub(crate) build: Took,
    /// Adding each job as the program did in its last life.
    pub(crate) add: Took,
    pub(crate) start: Took,
    /// Printing the status, into a pipe.
    pub(crate) status: Took,
    pub(crate) stop: Took,
    /// Resident memory before the stop.
    pub(crate) memory: u64,
}

impl Life {
    pub(crate) fn in_all(&self) -> Duration {
        [self.build, self.add, self.start, self.status, self.stop].iter().map(|part| part.time).sum()
    }
}

impl Task for Lived {
    const NAME: &'static str = "life";
    type Answer = Life;

    fn run(self, runtime: &Runtime) -> Result<Life> {
        runtime.block_on(live(self.0))
    }
}

/// Builds, adds, starts, prints and stops, in a process of its own.
async fn live(Plan { state_file, jobs, past }: Plan) -> Result<Life> {
    let builder = Scheduler::builder().state_file(&state_file).timezone("UTC");
    let (scheduler, build) = timed(builder.build()).await?;
    let adding = async {
        for number in 0..jobs {
            scheduler.add(new_job(number, past)).await?;
        }
        anyhow::Ok(())
    };
    let ((), add) = timed(adding).await?;
    let ((), start) = timed(scheduler.start()).await?;
    let ((), status) = timed(scheduler.print_status()).await?;
    let memory = memory::resident()?;
    let found = scheduler.jobs().await?.len();
    ensure!(found == jobs as usize, "{found} jobs of {jobs} were found");
    let ((), stop) = timed(scheduler.stop()).await?;
    Ok(Life { build, add, start, status, stop, memory })
}

#[expect(clippy::disallowed_methods, reason = "it is real time that passes")]
async fn timed<T, E>(part: impl Future<Output = Result<T, E>>) -> Result<(T, Took)>
where
    anyhow::Error: From<E>,
{
    let (begin, cpu) = (Instant::now(), ProcessTime::now());
    let done = part.await?;
    Ok((done, Took { time: begin.elapsed(), cpu: cpu.elapsed() }))
}
