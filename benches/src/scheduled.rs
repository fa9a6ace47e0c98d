//! The scheduler, set up as it is used.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use anyhow::{Result, ensure};
use chrono::TimeDelta;
use fastscheduler::prelude::*;
use fastscheduler::{Clock as _, Event, Events, SchedulerBuilder, SystemClock};
use futures_util::stream::{self, StreamExt as _, TryStreamExt as _};

use crate::lateness;
use crate::window::Window;

/// How long the scheduler may take to stop.
const GRACE: Duration = Duration::from_secs(5);

/// What jobs call. The raw loop spawns the same future.
#[job]
pub(crate) async fn tick(context: JobContext) {
    lateness::tick(context.scheduled_for()).await;
}

/// A scheduler under load.
pub(crate) struct Scheduled {
    scheduler: Scheduler,
    skipped: Arc<AtomicU64>,
}

impl Scheduled {
    /// Adds jobs that are due once a second, so many at the same time, and starts.
    pub(crate) async fn start(
        builder: SchedulerBuilder,
        jobs: u32,
        at_once: usize,
        window: Window,
    ) -> Result<Self> {
        let scheduler = builder.max_history(10_000).build().await?;
        stream::iter(window.first_dues(jobs))
            .map(Ok)
            .try_for_each_concurrent(at_once, |first_due| {
                // The first fire is one interval after the anchor.
                let anchor = first_due - TimeDelta::seconds(1);
                let added = scheduler.add(every(1).seconds().starting_at(anchor).call("tick"));
                async { added.await.map(drop) }
            })
            .await?;
        let skipped = Arc::default();
        tokio::spawn(listen(scheduler.subscribe(), window, Arc::clone(&skipped)));
        scheduler.start().await?;
        ensure!(
            SystemClock.now() < window.first_due_at(),
            "adding {jobs} jobs took longer than the time left for it; was this built with `--release`?"
        );
        Ok(Self { scheduler, skipped })
    }

    /// How many fires of the window it recorded as skipped so far.
    pub(crate) fn skipped(&self) -> u64 {
        self.skipped.load(Ordering::Relaxed)
    }

    /// Stops, and says how many fires of the window it recorded as skipped.
    pub(crate) async fn stop(self) -> Result<u64> {
        self.scheduler.stop_within(GRACE).await?;
        let runs = self.scheduler.statistics().await?.total_runs;
        let done = lateness::LATENESS.read().total();
        ensure!(runs >= done, "the statistics know of {runs} runs, but {done} were made");
        Ok(self.skipped.load(Ordering::Relaxed))
    }
}

/// Takes events for as long as there are any, as a dashboard does, and counts
/// the fires of the window that were skipped.
async fn listen(mut events: Events, window: Window, skipped: Arc<AtomicU64>) {
    while let Some(event) = events.next().await {
        if let Event::RunRecorded(run) = event
            && let Some(range) = &run.skipped
        {
            skipped.fetch_add(window.count(range.first, range.count), Ordering::Relaxed);
        }
    }
}
