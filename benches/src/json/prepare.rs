//! State files as they are found at a start, or under a load.

use std::path::Path;
use std::time::Duration;

use anyhow::Result;
use chrono::{DateTime, TimeDelta, Utc};
use fastscheduler::prelude::*;
use fastscheduler::schedule::ScheduleBuilder;
use fastscheduler::schedule::kind::Kind;
use fastscheduler::storage::MemoryStorage;
use fastscheduler::{Clock as _, JobPart, NewJob, SystemClock};
use serde::{Deserialize, Serialize};
use tokio::runtime::Runtime;

use super::files;
use super::prepared::{self, Prepared};
use crate::child::Task;
use crate::lateness::LATENESS;

/// The time left for adding a job, and for writing it.
const TIME_TO_ADD: Duration = Duration::from_micros(100);

/// The runs that make a history, each second.
const RUNS_EACH_SECOND: u32 = 10_000;

/// How often one looks whether they were made.
const LOOK_EACH: Duration = Duration::from_millis(5);

/// A state file that is to be made.
pub(crate) type Plan = prepared::Plan<Past>;

/// What has happened to the jobs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Past {
    /// Nothing: they are all due tomorrow.
    Waiting,
    /// Of all kinds, half of them intervals that ran once; stopped in good order.
    Stopped,
    /// The same, and the process was gone when the journal was about to be folded.
    Crashed,
}

impl Task for Plan {
    const NAME: &'static str = "prepare";
    type Answer = Prepared;

    fn run(self, runtime: &Runtime) -> Result<Prepared> {
        runtime.block_on(prepare(self))
    }
}

/// Makes a state file, in a process of its own.
async fn prepare(plan: Plan) -> Result<Prepared> {
    let Plan { state_file, jobs, past } = &plan;
    let begin = SystemClock.now() + Duration::from_secs(1) + TIME_TO_ADD * *jobs;
    let runs = match past {
        Past::Waiting => 0,
        Past::Stopped | Past::Crashed => jobs / 2,
    };
    write(state_file, (0..*jobs).map(|job| new_job(job, runs, begin))).await?;
    if *past != Past::Waiting {
        run(state_file, runs.into(), *past).await?;
    }
    Prepared::of(state_file)
}

/// Adds jobs in memory, and writes them to a file.
async fn write(state_file: &Path, jobs: impl Iterator<Item = NewJob>) -> Result<()> {
    let memory = MemoryStorage::default();
    let scheduler = Scheduler::builder().storage(memory.clone()).timezone("UTC").build().await?;
    for job in jobs {
        scheduler.add(job).await?;
    }
    prepared::write(&memory, state_file).await
}

/// Runs jobs until as many runs were made, or the journal is about to be folded.
async fn run(state_file: &Path, runs: u64, past: Past) -> Result<()> {
    // A journal as long as the snapshot is folded.
    let almost_full = files::length(state_file)? / 100 * 95;
    let scheduler = Scheduler::builder().state_file(state_file).max_history(10_000).build().await?;
    scheduler.start().await?;
    let journal = files::journal(state_file);
    let is_almost_full =
        || past == Past::Crashed && files::length(&journal).is_ok_and(|now| now >= almost_full);
    while LATENESS.calls() < runs && !is_almost_full() {
        SystemClock.sleep(LOOK_EACH).await;
    }
    match past {
        // The process ends with what is in the files.
        Past::Crashed => {}
        Past::Waiting | Past::Stopped => scheduler.stop().await?,
    }
    Ok(())
}

/// One of many jobs: the first `runs` are intervals that come due once from
/// `begin` on, and then not for an hour.
fn new_job(job: u32, runs: u32, begin: DateTime<Utc>) -> NewJob {
    let (minute, hour) = (job % 60, job / 60 % 24);
    let time = format!("{hour:02}:{minute:02}");
    if runs == 0 {
        return named(
            every(1).days().starting_at(begin + TimeDelta::microseconds(job.into())).call("tick"),
            job,
        );
    }
    if job < runs {
        let due_at = begin + Duration::from_secs(1) * job / RUNS_EACH_SECOND;
        return named(every(1).hours().starting_at(due_at - TimeDelta::hours(1)).call("tick"), job);
    }
    match job % 5 {
        0 => named(daily().at(&time).call("tick"), job),
        1 => named(weekly().weekdays().at(&time).tz("Europe/Paris").call("tick"), job),
        2 => named(monthly().on(1).at(&time).call("tick"), job),
        3 => named(cron(format!("{minute} {hour} * * MON-FRI")).call("tick"), job),
        _ => named(cron(format!("{minute} */6 * * *")).tz("America/New_York").call("tick"), job),
    }
}

fn named<K: Kind>(job: ScheduleBuilder<K, JobPart>, number: u32) -> NewJob {
    job.name(format!("report of customer {number}")).group(format!("region {}", number % 20)).into()
}
