//! State files with many jobs.

use std::fmt;
use std::time::Duration;

use anyhow::Result;
use chrono::{DateTime, TimeDelta, Utc};
use fastscheduler::prelude::*;
use fastscheduler::storage::{JsonStorage, MemoryStorage};
use fastscheduler::{Clock, JobUpdate, NewJob, SystemClock};
use futures_util::future::BoxFuture;
use futures_util::stream::{self, StreamExt as _, TryStreamExt as _};
use serde::{Deserialize, Serialize};
use tokio::runtime::Runtime;

use crate::child::Task;
use crate::json::prepared::{self, Prepared};

/// As many are changed at a time as share a sync.
const AT_ONCE: usize = 1_000;

/// A state file that is to be made.
pub(crate) type Plan = prepared::Plan<Past>;

/// What has happened to the jobs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Past {
    /// They call a function. The program was stopped, and none is due.
    Stopped,
    /// The same with a closure each.
    Closures,
    /// Each was updated, and the process was gone before that was folded.
    Changed,
    /// The program was stopped for a day, in which each came due 24 times.
    Missed,
}

impl Past {
    pub(crate) const ALL: [Self; 4] = [Self::Stopped, Self::Closures, Self::Changed, Self::Missed];
}

impl fmt::Display for Past {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Stopped => "stopped",
            Self::Closures => "closures",
            Self::Changed => "each changed",
            Self::Missed => "each missed",
        })
    }
}

impl Task for Plan {
    const NAME: &'static str = "prepare-scale";
    type Answer = Prepared;

    fn run(self, runtime: &Runtime) -> Result<Prepared> {
        runtime.block_on(prepare(self))
    }
}

/// Makes a state file, in a process of its own.
async fn prepare(plan: Plan) -> Result<Prepared> {
    let Plan { state_file, jobs, past } = &plan;
    let back = if *past == Past::Missed { TimeDelta::days(1) } else { TimeDelta::zero() };
    let memory = MemoryStorage::default();
    let scheduler =
        Scheduler::builder().storage(memory.clone()).clock(Earlier(back)).timezone("UTC").build().await?;
    for number in 0..*jobs {
        scheduler.add(new_job(number, *past)).await?;
    }
    prepared::write(&memory, state_file).await?;
    if *past == Past::Changed {
        change_all(&plan).await?;
    }
    Prepared::of(state_file)
}

/// Updates each job. The process ends with what is in the files.
async fn change_all(Plan { state_file, .. }: &Plan) -> Result<()> {
    let storage = JsonStorage::open(state_file)?.fold_at(u64::MAX);
    let scheduler = Scheduler::builder().storage(storage).timezone("UTC").build().await?;
    let jobs = scheduler.jobs().await?;
    stream::iter(jobs)
        .map(Ok)
        .try_for_each_concurrent(AT_ONCE, |job| {
            let update = JobUpdate::new().timeout("5m");
            let scheduler = scheduler.clone();
            async move { scheduler.update_job(job.id(), update).await.map(drop) }
        })
        .await?;
    Ok(())
}

/// One of the jobs that the program adds.
pub(crate) fn new_job(number: u32, past: Past) -> NewJob {
    let name = format!("report of customer {number}");
    let group = format!("region {}", number % 20);
    match past {
        Past::Closures => every(1).hours().run(name, || async {}).group(group).into(),
        Past::Stopped | Past::Changed | Past::Missed => {
            every(1).hours().call("tick").name(name).group(group).into()
        }
    }
}

/// The system's clock, set back.
#[derive(Debug)]
struct Earlier(TimeDelta);

impl Clock for Earlier {
    fn now(&self) -> DateTime<Utc> {
        SystemClock.now() - self.0
    }

    fn sleep_until(&self, at: DateTime<Utc>) -> BoxFuture<'static, ()> {
        SystemClock.sleep_until(at + self.0)
    }

    fn sleep(&self, duration: Duration) -> BoxFuture<'static, ()> {
        SystemClock.sleep(duration)
    }
}
