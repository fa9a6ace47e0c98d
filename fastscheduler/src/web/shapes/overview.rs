//! The scheduler at a glance.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::{Map, Value};
use utoipa::ToSchema;

use super::{UtcTime, seconds};
use crate::engine::{LateReason, Problem, ProblemCode};
use crate::job::{JobId, JobStatus, SkipReason};
use crate::scheduler::{BehindJob, FailingJob, JobTotals, LateJob, NextJob, NotRun, Overview, RunTotals};

/// The scheduler at a glance. Each list has at most five jobs.
#[derive(Serialize, ToSchema)]
#[schema(as = Overview)]
pub(in crate::web) struct OverviewShape<'a> {
    /// When this was.
    #[schema(value_type = String, format = DateTime)]
    now: UtcTime,
    /// The zone of schedules that name none.
    timezone: &'static str,
    /// The version of the scheduler.
    version: &'static str,
    /// The version of the rules of time zones.
    tzdata: &'static str,
    /// Whether it was started and not stopped.
    running: bool,
    /// When it was started.
    #[schema(value_type = Option<String>, format = DateTime)]
    started_at: Option<UtcTime>,
    jobs: JobTotalsShape<'a>,
    runs: RunTotalsShape,
    /// How many dead letters there are.
    dead_letters: usize,
    /// Jobs whose newest attempt failed for good, the newest failure first.
    failing: Vec<FailingShape<'a>>,
    /// Jobs with a fire that has been due for over two seconds and has not begun, the longest first.
    late: Vec<LateShape<'a>>,
    /// Jobs with fires that wait for an earlier one, those with most fires due first.
    behind: Vec<BehindShape<'a>>,
    /// What is due next, the soonest first.
    next: Vec<NextShape<'a>>,
    not_run: NotRunShape<'a>,
    /// What an operator should know now, the worst first; at most ten.
    problems: Vec<ProblemShape<'a>>,
}

/// How many jobs there are, and how many want attention.
#[derive(Serialize, ToSchema)]
#[schema(as = JobTotals)]
struct JobTotalsShape<'a> {
    total: usize,
    /// A status that no job has is left out.
    #[schema(value_type = BTreeMap<String, usize>)]
    by_status: &'a BTreeMap<JobStatus, usize>,
    failing: usize,
    retrying: usize,
    late: usize,
    behind: usize,
    orphaned: usize,
    /// Whatever their status.
    paused: usize,
}

/// How many attempts there were and are.
#[derive(Serialize, ToSchema)]
#[schema(as = RunTotals)]
struct RunTotalsShape {
    /// Attempts that have ended.
    total: u64,
    failures: u64,
    retries: u64,
    /// Attempts that are under way.
    running: usize,
    /// Fires that are due and wait for a slot or for their job; null if that is not known.
    waiting: Option<usize>,
}

/// A job whose newest attempt failed for good.
#[derive(Serialize, ToSchema)]
#[schema(as = FailingJob)]
struct FailingShape<'a> {
    #[schema(value_type = String, example = "job_0")]
    job_id: JobId,
    job_name: &'a str,
    /// When that attempt ended.
    #[schema(value_type = Option<String>, format = DateTime)]
    since: Option<UtcTime>,
    /// The first line of the error.
    error: Option<&'a str>,
}

/// A job that is late.
#[derive(Serialize, ToSchema)]
#[schema(as = LateJob)]
struct LateShape<'a> {
    #[schema(value_type = String, example = "job_0")]
    job_id: JobId,
    job_name: &'a str,
    /// When it was due.
    #[schema(value_type = String, format = DateTime)]
    since: UtcTime,
    why: WhyLate<'a>,
}

/// Why a fire is late.
#[derive(Serialize, ToSchema)]
struct WhyLate<'a> {
    /// `not_running`, `store`, `no_threads`, `no_slot`, `clock` (it was set) or `busy` (none of these).
    #[schema(example = "no_slot")]
    code: &'static str,
    /// Of `no_slot`: the limit that is reached, `max_concurrency` or `max_workers`.
    #[serde(skip_serializing_if = "Option::is_none")]
    limit: Option<&'static str>,
    /// Of `no_slot`: how many slots that is.
    #[serde(skip_serializing_if = "Option::is_none")]
    slots: Option<usize>,
    /// Of `store`: how it fails, unless it has not answered yet.
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<&'a str>,
    /// Of `clock`: by how many seconds it was set, negative if it was set back.
    #[serde(skip_serializing_if = "Option::is_none")]
    by: Option<f64>,
    /// The same as a sentence.
    text: String,
}

/// A job with fires that wait for an earlier one.
#[derive(Serialize, ToSchema)]
#[schema(as = BehindJob)]
struct BehindShape<'a> {
    #[schema(value_type = String, example = "job_0")]
    job_id: JobId,
    job_name: &'a str,
    /// How many fires are due, at least.
    due: u64,
}

/// A job that is due next.
#[derive(Serialize, ToSchema)]
#[schema(as = NextJob)]
struct NextShape<'a> {
    #[schema(value_type = String, example = "job_0")]
    job_id: JobId,
    job_name: &'a str,
    /// When it is due.
    #[schema(value_type = String, format = DateTime)]
    at: UtcTime,
}

/// Fires that did not run, those of jobs that are paused or behind included.
#[derive(Serialize, ToSchema)]
#[schema(as = NotRun)]
struct NotRunShape<'a> {
    /// In how many of the last seconds.
    seconds: u64,
    total: u64,
    /// A reason that there was not is left out.
    #[schema(value_type = BTreeMap<String, u64>)]
    by_reason: &'a BTreeMap<SkipReason, u64>,
    /// Whether there are more.
    is_partial: bool,
}

/// Something that an operator should know.
#[derive(Serialize, ToSchema)]
#[schema(as = Problem)]
pub(super) struct ProblemShape<'a> {
    /// What kind of problem it is.
    #[schema(value_type = String, example = "store_failing")]
    code: ProblemCode,
    /// When it began.
    #[schema(value_type = String, format = DateTime)]
    since: UtcTime,
    /// The job that it is about, if it is about one.
    #[schema(value_type = Option<String>)]
    job: Option<JobId>,
    /// The details, which depend on the code.
    #[schema(value_type = Object)]
    values: &'a Map<String, Value>,
    /// The same as a sentence.
    text: String,
}

impl<'a> OverviewShape<'a> {
    pub(in crate::web) fn new(overview: &'a Overview) -> Self {
        Self {
            now: UtcTime(overview.now),
            timezone: overview.timezone.name(),
            version: overview.version,
            tzdata: overview.tzdata,
            running: overview.is_running,
            started_at: overview.started_at.map(UtcTime),
            jobs: JobTotalsShape::new(&overview.jobs),
            runs: RunTotalsShape::new(&overview.runs),
            dead_letters: overview.dead_letters,
            failing: overview.failing.iter().map(FailingShape::new).collect(),
            late: overview.late.iter().map(LateShape::new).collect(),
            behind: overview.behind.iter().map(BehindShape::new).collect(),
            next: overview.next.iter().map(NextShape::new).collect(),
            not_run: NotRunShape::new(&overview.not_run),
            problems: overview.problems.iter().map(ProblemShape::new).collect(),
        }
    }
}

impl<'a> JobTotalsShape<'a> {
    fn new(jobs: &'a JobTotals) -> Self {
        let JobTotals { total, by_status, failing, retrying, late, behind, orphaned, paused } = jobs;
        Self {
            total: *total,
            by_status,
            failing: *failing,
            retrying: *retrying,
            late: *late,
            behind: *behind,
            orphaned: *orphaned,
            paused: *paused,
        }
    }
}

impl RunTotalsShape {
    fn new(runs: &RunTotals) -> Self {
        let RunTotals { total, failures, retries, running, waiting } = *runs;
        Self { total, failures, retries, running, waiting }
    }
}

impl<'a> FailingShape<'a> {
    fn new(of: &'a FailingJob) -> Self {
        let (since, error) = (of.since.map(UtcTime), of.error.as_deref());
        Self { job_id: of.job, job_name: &of.name, since, error }
    }
}

impl<'a> LateShape<'a> {
    fn new(of: &'a LateJob) -> Self {
        Self { job_id: of.job, job_name: &of.name, since: UtcTime(of.since), why: WhyLate::new(&of.why) }
    }
}

impl<'a> WhyLate<'a> {
    fn new(why: &'a LateReason) -> Self {
        let (limit, slots, error) = match why {
            LateReason::NoSlot { limit, slots } => (Some(limit.as_str()), Some(*slots), None),
            LateReason::Store { error } => (None, None, error.as_deref()),
            LateReason::NotRunning | LateReason::NoThreads | LateReason::Clock { .. } | LateReason::Busy => {
                (None, None, None)
            }
        };
        let by = if let LateReason::Clock { by } = why { Some(seconds(*by)) } else { None };
        Self { code: why.as_str(), limit, slots, error, by, text: why.to_string() }
    }
}

impl<'a> BehindShape<'a> {
    fn new(of: &'a BehindJob) -> Self {
        Self { job_id: of.job, job_name: &of.name, due: of.due }
    }
}

impl<'a> NextShape<'a> {
    fn new(of: &'a NextJob) -> Self {
        Self { job_id: of.job, job_name: &of.name, at: UtcTime(of.at) }
    }
}

impl<'a> NotRunShape<'a> {
    fn new(not_run: &'a NotRun) -> Self {
        let NotRun { within, total, by_reason, is_partial } = not_run;
        Self { seconds: within.as_secs(), total: *total, by_reason, is_partial: *is_partial }
    }
}

impl<'a> ProblemShape<'a> {
    pub(super) fn new(problem: &'a Problem) -> Self {
        Self {
            code: problem.code,
            since: UtcTime(problem.since),
            job: problem.job,
            values: &problem.values,
            text: problem.to_string(),
        }
    }
}
