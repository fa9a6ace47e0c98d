//! What a job is doing and is about to do.

use chrono::{DateTime, TimeDelta, Utc};

use super::Scheduler;
use crate::engine::{LiveJob, RunningAttempt};
use crate::job::{Job, Skipped};

/// What a job is doing and is about to do at one moment, as far as this process knows.
///
/// # Examples
///
/// ```
/// use fastscheduler::prelude::*;
/// use fastscheduler::storage::MemoryStorage;
///
/// # tokio::runtime::Runtime::new()?.block_on(async {
/// let scheduler = Scheduler::builder().storage(MemoryStorage::default()).build().await?;
/// let id = scheduler.add(every(1).hours().run("tidy", || async {})).await?;
/// let job = scheduler.job(id).await?.expect("it was added");
///
/// let now = scheduler.job_now(&job);
/// assert!(now.running.is_empty());
/// assert_eq!((now.fires_due, now.next_attempt_at, now.declared_at), (0, None, None));
/// # anyhow::Ok(()) })?;
/// # anyhow::Ok(())
/// ```
#[derive(Debug, Clone, Default, PartialEq)]
#[non_exhaustive]
pub struct JobNow {
    /// Its attempts that are under way, by when they began.
    pub running: Vec<RunningAttempt>,
    /// When the retry that waits is due; `None` if none waits, or while the job is
    /// paused, which holds it.
    pub next_attempt_at: Option<DateTime<Utc>>,
    /// How many of its fires are due and neither begun nor recorded as skipped. Their
    /// number grows while the job is paused or busy. They are counted up to 10,000 by
    /// [`Scheduler::job_now`], and up to 100 by [`Scheduler::job_now_of_many`].
    pub fires_due: u64,
    /// Where the attribute stands that declares it, if one does in this program.
    pub declared_at: Option<DeclaredAt>,
}

/// Where an attribute stands in the source.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct DeclaredAt {
    /// The file, as the compiler names it.
    pub file: &'static str,
    /// The line of the attribute's first argument.
    pub line: u32,
}

/// So many fires that are due are counted of a job that is one of many: a list may have a
/// thousand jobs of each second that are paused.
const COUNTED_OF_MANY: u64 = 100;

impl Scheduler {
    /// What a job is doing and is about to do now.
    ///
    /// For a list of jobs, use [`job_now_of_many`](Self::job_now_of_many).
    #[must_use]
    pub fn job_now(&self, job: &Job) -> JobNow {
        self.job_now_with(job, Skipped::COUNTED)
    }

    /// The same of a job that is one of many: its [`fires_due`](JobNow::fires_due) are
    /// counted up to 100 only, so that a long list takes no long time.
    #[must_use]
    pub fn job_now_of_many(&self, job: &Job) -> JobNow {
        self.job_now_with(job, COUNTED_OF_MANY)
    }

    fn job_now_with(&self, job: &Job, most_due: u64) -> JobNow {
        let live = self.0.engine.table.get(job.id());
        JobNow {
            running: live.as_ref().map_or_else(Vec::new, |live| self.0.engine.running_of(live)),
            next_attempt_at: live.filter(|_| !job.is_paused()).and_then(|live| next_retry_at(&live)),
            fires_due: self.fires_due(job, most_due),
            declared_at: self.declared_at(job),
        }
    }

    fn fires_due(&self, job: &Job, most: u64) -> u64 {
        let now = self.now();
        let Some(first) = job.unaccounted_from().filter(|first| *first <= now) else { return 0 };
        if let Some(live) = self.0.engine.table.get(job.id()) {
            return live.due_from(first, now, most + 1).min(most);
        }
        // Its function is not there, but its schedule goes on.
        let before = first - TimeDelta::microseconds(1);
        let schedule = self.timetable_of(job).ok();
        let due = schedule.and_then(|schedule| schedule.count_between(before, now, most));
        due.map_or(0, |due| due.count.min(most))
    }

    fn declared_at(&self, job: &Job) -> Option<DeclaredAt> {
        let declared = job.declared().filter(|_| self.is_declared(job))?;
        let function = self.registry().get(job.function()).cloned()?;
        let declaration = function.declarations().get(usize::try_from(declared.position).ok()?)?;
        Some(DeclaredAt { file: function.file(), line: declaration.place.line })
    }
}

fn next_retry_at(job: &LiveJob) -> Option<DateTime<Utc>> {
    let retries = job.activity.not_begun().into_iter().filter(|entry| entry.attempt > 1);
    retries.map(|retry| retry.due_at).min()
}
