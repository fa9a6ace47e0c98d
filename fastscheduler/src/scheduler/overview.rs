//! The scheduler at a glance: what failed, what is late, what did not run, what is next.

use std::collections::BTreeMap;
use std::time::Duration;

use chrono::{DateTime, Utc};
use chrono_tz::Tz;

use super::{Phase, Scheduler, SchedulerError};
use crate::engine::{HOUR, LateReason, Problem, ProblemCode, Standing};
use crate::job::{Attention, JobId, JobStatus, Name, SkipReason};
use crate::schedule::zone_data_version;

/// The most problems of an overview.
const MOST_PROBLEMS: usize = 10;

/// A scheduler at a glance; see [`Scheduler::overview`].
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Overview {
    /// When this was, by the scheduler's clock.
    pub now: DateTime<Utc>,
    /// The zone of schedules that name none.
    pub timezone: Tz,
    /// The version of the scheduler.
    pub version: &'static str,
    /// The version of the rules of time zones, such as `2026f`.
    pub tzdata: &'static str,
    /// Whether it was started and not stopped.
    pub is_running: bool,
    /// When it was started, if it runs.
    pub started_at: Option<DateTime<Utc>>,
    /// How many jobs there are, and how many want attention.
    pub jobs: JobTotals,
    /// How many attempts there were and are.
    pub runs: RunTotals,
    /// How many dead letters there are.
    pub dead_letters: usize,
    /// At most five of the jobs whose newest attempt failed for good: those that failed
    /// last, the newest first.
    pub failing: Vec<FailingJob>,
    /// At most five of the jobs that are late: the longest first.
    pub late: Vec<LateJob>,
    /// At most five of the jobs that are behind: those with most fires due first.
    pub behind: Vec<BehindJob>,
    /// At most five jobs that are due next, the soonest first. One that is late is not
    /// among them.
    pub next: Vec<NextJob>,
    /// The fires of the last hour that did not run.
    pub not_run: NotRun,
    /// At most ten of the [problems](Scheduler::problems), the worst first.
    pub problems: Vec<Problem>,
}

/// How many jobs there are, and how many of them want attention.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct JobTotals {
    /// All jobs.
    pub total: usize,
    /// By status; a status that no job has is left out.
    pub by_status: BTreeMap<JobStatus, usize>,
    /// Jobs that want attention for [`Attention::Failing`].
    pub failing: usize,
    /// Jobs that want attention for [`Attention::Retrying`].
    pub retrying: usize,
    /// Jobs that want attention for [`Attention::Late`].
    pub late: usize,
    /// Jobs that want attention for [`Attention::Behind`].
    pub behind: usize,
    /// Jobs that want attention for [`Attention::Orphaned`].
    pub orphaned: usize,
    /// Jobs that are paused, whatever their status.
    pub paused: usize,
}

/// How many attempts there were and are.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct RunTotals {
    /// Attempts that have ended, since the store was begun.
    pub total: u64,
    /// Those of them that failed.
    pub failures: u64,
    /// Those of them that were not the first of their fire.
    pub retries: u64,
    /// Attempts that are under way here.
    pub running: usize,
    /// Fires that are due and wait for a slot or for their job, if the queue knows.
    pub waiting: Option<usize>,
}

/// A job whose newest attempt failed, without a retry to come.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct FailingJob {
    /// The job.
    pub job: JobId,
    /// Its name.
    pub name: Name,
    /// When that attempt ended. If its record is gone, when the last attempt started,
    /// as far as that is known.
    pub since: Option<DateTime<Utc>>,
    /// The first line of the error, at most 300 characters; `None` if its record is gone.
    pub error: Option<String>,
}

/// A job with a fire that has been due for over two seconds and has not begun.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct LateJob {
    /// The job.
    pub job: JobId,
    /// Its name.
    pub name: Name,
    /// When the fire was due. If the clock was set back, when it would have been by the
    /// present time of the clock.
    pub since: DateTime<Utc>,
    /// Why it has not begun.
    pub why: LateReason,
}

/// A job with fires that wait for an earlier one, or are to be skipped when that has ended.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct BehindJob {
    /// The job.
    pub job: JobId,
    /// Its name.
    pub name: Name,
    /// How many fires are due, at least.
    pub due: u64,
}

/// A job that is due next.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct NextJob {
    /// The job.
    pub job: JobId,
    /// Its name.
    pub name: Name,
    /// When it is due, by the schedule.
    pub at: DateTime<Utc>,
}

/// Fires that did not run.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct NotRun {
    /// In which time: the last hour, to the minute. The minute that is under way counts
    /// as a whole one.
    pub within: Duration,
    /// How many fires did not run.
    pub total: u64,
    /// By reason; a reason that there was not is left out. Fires of jobs that are paused
    /// or [behind](Attention::Behind) are among them, though they have no record yet.
    pub by_reason: BTreeMap<SkipReason, u64>,
    /// Whether there are more: fires without a record are counted up to a limit.
    pub is_partial: bool,
}

impl Scheduler {
    /// What a person asks first: what failed, what is late, what did not run, and what
    /// runs next.
    ///
    /// All jobs are looked at for it, at most once a second for all who ask, and not at
    /// all while nobody does. So the answer may be a second old; on a clock that is set by
    /// hand, it never is.
    ///
    /// # Errors
    ///
    /// [`SchedulerError::Storage`] if the store cannot be read.
    ///
    /// # Examples
    ///
    /// ```rust,standalone_crate
    /// use fastscheduler::prelude::*;
    /// use fastscheduler::storage::MemoryStorage;
    ///
    /// # tokio::runtime::Runtime::new()?.block_on(async {
    /// let scheduler = Scheduler::builder().storage(MemoryStorage::default()).build().await?;
    /// scheduler.add(once(60).run("later", || async {})).await?;
    /// let overview = scheduler.overview().await?;
    /// assert_eq!((overview.jobs.total, overview.jobs.failing), (1, 0));
    /// assert_eq!(&*overview.next[0].name, "later");
    /// # anyhow::Ok(()) })?;
    /// # anyhow::Ok(())
    /// ```
    pub async fn overview(&self) -> Result<Overview, SchedulerError> {
        let clock = &**self.0.engine.clock;
        let overview = self.0.overviews.get(clock, async |_| self.look_at_all().await).await?;
        Ok(Overview::clone(&overview))
    }

    async fn look_at_all(&self) -> Result<Overview, SchedulerError> {
        let engine = &self.0.engine;
        let now = engine.clock.now();
        let standing = engine.standing().await?;
        let statistics = self.statistics().await?;
        let started_at = match *self.phase() {
            Phase::Running { since } => Some(since),
            Phase::Built | Phase::Stopped => None,
        };
        Ok(Overview {
            now,
            timezone: self.zone(),
            version: env!("CARGO_PKG_VERSION"),
            tzdata: zone_data_version(),
            is_running: started_at.is_some(),
            started_at,
            jobs: JobTotals::of(&standing),
            runs: RunTotals {
                total: statistics.total_runs,
                failures: statistics.total_failures,
                retries: statistics.total_retries,
                running: engine.running_attempts(),
                waiting: engine.waiting_fires().await,
            },
            dead_letters: self.dead_letter_count().await?,
            failing: failing(&standing),
            late: late(&standing),
            behind: behind(&standing),
            next: next(&standing),
            not_run: NotRun::of(&standing),
            problems: worst(self.problems().await?),
        })
    }
}

impl NotRun {
    fn of(standing: &Standing) -> Self {
        Self {
            within: Duration::from_mins(HOUR as u64),
            total: standing.not_run.values().sum(),
            by_reason: standing.not_run.clone(),
            is_partial: standing.is_partial,
        }
    }
}

impl JobTotals {
    fn of(standing: &Standing) -> Self {
        let count = |why| standing.attention.values().filter(|attention| attention.has(why)).count();
        Self {
            total: standing.total,
            by_status: standing.by_status.clone(),
            failing: count(Attention::Failing),
            retrying: count(Attention::Retrying),
            late: count(Attention::Late),
            behind: count(Attention::Behind),
            orphaned: count(Attention::Orphaned),
            paused: standing.paused,
        }
    }
}

fn failing(standing: &Standing) -> Vec<FailingJob> {
    let shown = standing.failing.iter().cloned().map(|failing| {
        let (since, error) = failing.record.unzip();
        let (since, error) = (since.or(failing.last_run_at), error.flatten());
        FailingJob { job: failing.id, name: failing.name, since, error }
    });
    shown.collect()
}

fn late(standing: &Standing) -> Vec<LateJob> {
    let shown = standing.late.iter().cloned();
    shown.map(|late| LateJob { job: late.id, name: late.name, since: late.since, why: late.why }).collect()
}

fn behind(standing: &Standing) -> Vec<BehindJob> {
    let shown = standing.behind.iter().cloned();
    shown.map(|behind| BehindJob { job: behind.id, name: behind.name, due: behind.due }).collect()
}

fn next(standing: &Standing) -> Vec<NextJob> {
    let shown = standing.next.iter().cloned();
    shown.map(|next| NextJob { job: next.id, name: next.name, at: next.at }).collect()
}

/// The worst problems, the worst first.
fn worst(mut problems: Vec<Problem>) -> Vec<Problem> {
    problems.sort_by_key(|problem| (rank(problem.code), problem.job));
    problems.truncate(MOST_PROBLEMS);
    problems
}

/// How bad a problem is: what stops the scheduler, what holds up jobs, what loses a
/// record, and what a person should know.
fn rank(code: ProblemCode) -> u8 {
    match code {
        ProblemCode::TaskFailed => 0,
        ProblemCode::StoreFailing => 1,
        ProblemCode::NoThreads => 2,
        ProblemCode::RecordRefused => 3,
        ProblemCode::ClockSetBack => 4,
        ProblemCode::StoreDegraded => 5,
        ProblemCode::OutdatedSchedule => 6,
    }
}
