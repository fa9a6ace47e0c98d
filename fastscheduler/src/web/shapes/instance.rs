//! Processes that work with the same jobs.

use std::time::Duration;

use serde::Serialize;
use utoipa::ToSchema;

use super::UtcTime;
use super::overview::ProblemShape;
use crate::engine::{Durations, HeldThread, StoreFailure};
use crate::job::{JobId, RunId};
use crate::scheduler::Instance;

/// Processes that work with the same jobs.
#[derive(Serialize, ToSchema)]
pub(in crate::web) struct InstanceList<'a> {
    instances: Vec<InstanceShape<'a>>,
}

/// A process that works with these jobs.
#[derive(Serialize, ToSchema)]
#[schema(as = Instance)]
struct InstanceShape<'a> {
    /// Its name, as in the runs.
    instance: &'a str,
    /// The version of the scheduler.
    version: &'static str,
    /// Whether it claims jobs.
    running: bool,
    /// When it was started.
    #[schema(value_type = Option<String>, format = DateTime)]
    started_at: Option<UtcTime>,
    /// Attempts that are under way in it.
    running_attempts: usize,
    /// Functions that its jobs may run.
    functions: usize,
    /// Attempts that may be under way at once.
    max_concurrency: usize,
    /// Attempts that count towards that: one that has timed out does while its thread is held.
    slots_taken: usize,
    /// Since when fires of async functions have been waiting for a slot.
    #[schema(value_type = Option<String>, format = DateTime)]
    short_since: Option<UtcTime>,
    /// Threads for functions that are not async.
    max_workers: usize,
    /// Attempts that need such a thread.
    busy_threads: usize,
    /// Since when fires of such functions have been waiting for a slot or for a thread.
    #[schema(value_type = Option<String>, format = DateTime)]
    short_of_threads_since: Option<UtcTime>,
    /// Fires that are due and wait for a slot or for their job; null if that is not known.
    waiting: Option<usize>,
    /// Threads that are busy with attempts which have ended, the one that is held longest first.
    held_threads: Vec<HeldThreadShape<'a>>,
    store: StoreShape<'a>,
    /// The zone of schedules that name none.
    timezone: &'static str,
    /// The version of the rules of time zones that it has.
    #[schema(example = "2026f")]
    tzdata: &'static str,
    /// The version of those that the system has; null if it does not say so.
    system_tzdata: Option<&'a str>,
    lateness: LatenessShape,
    /// What an operator should know of it now.
    problems: Vec<ProblemShape<'a>>,
}

/// A thread that is busy with an attempt which has ended.
#[derive(Serialize, ToSchema)]
#[schema(as = HeldThread)]
struct HeldThreadShape<'a> {
    /// The attempt.
    #[schema(value_type = String)]
    run_id: RunId,
    /// Its job, which may be gone.
    #[schema(value_type = String, example = "job_0")]
    job_id: JobId,
    job_name: &'a str,
    /// When the attempt ended.
    #[schema(value_type = String, format = DateTime)]
    since: UtcTime,
}

/// A store.
#[derive(Serialize, ToSchema)]
#[schema(as = Store)]
struct StoreShape<'a> {
    /// `json`, `memory`, or the word of another one.
    kind: &'static str,
    /// Its last failure, or that of the queue, whether it is over or not.
    last_failure: Option<StoreFailureShape<'a>>,
}

/// A failure of the store or the queue.
#[derive(Serialize, ToSchema)]
#[schema(as = StoreFailure)]
struct StoreFailureShape<'a> {
    /// When it was noticed.
    #[schema(value_type = String, format = DateTime)]
    at: UtcTime,
    /// What failed, and why.
    error: &'a str,
}

/// How long after they were due attempts have begun.
#[derive(Serialize, ToSchema)]
#[schema(as = Lateness)]
struct LatenessShape {
    /// How many attempts.
    count: u64,
    /// Half of them were no later than this, in seconds; null if there are none, or if it is
    /// over an hour.
    #[schema(minimum = 0)]
    p50: Option<f64>,
    /// The same of 99 of 100.
    #[schema(minimum = 0)]
    p99: Option<f64>,
}

impl<'a> InstanceList<'a> {
    pub(in crate::web) fn new(instances: &'a [Instance]) -> Self {
        Self { instances: instances.iter().map(InstanceShape::new).collect() }
    }
}

impl<'a> InstanceShape<'a> {
    fn new(instance: &'a Instance) -> Self {
        let slots = instance.slots;
        let last_failure = instance.last_store_failure.as_ref().map(StoreFailureShape::new);
        Self {
            instance: &instance.name,
            version: instance.version,
            running: instance.is_running,
            started_at: instance.started_at.map(UtcTime),
            running_attempts: instance.running_attempts,
            functions: instance.functions,
            max_concurrency: slots.max_concurrency,
            slots_taken: slots.slots_taken,
            short_since: slots.short_since.map(UtcTime),
            max_workers: slots.max_workers,
            busy_threads: slots.busy_threads,
            short_of_threads_since: slots.short_of_threads_since.map(UtcTime),
            waiting: instance.waiting,
            held_threads: instance.held_threads.iter().map(HeldThreadShape::new).collect(),
            store: StoreShape { kind: instance.store, last_failure },
            timezone: instance.timezone.name(),
            tzdata: instance.tzdata,
            system_tzdata: instance.system_tzdata.as_deref(),
            lateness: LatenessShape::new(&instance.lateness),
            problems: instance.problems.iter().map(ProblemShape::new).collect(),
        }
    }
}

impl<'a> HeldThreadShape<'a> {
    fn new(held: &'a HeldThread) -> Self {
        let (run_id, job_id) = (held.run_id, held.run_id.job);
        Self { run_id, job_id, job_name: &held.job_name, since: UtcTime(held.since) }
    }
}

impl<'a> StoreFailureShape<'a> {
    fn new(failure: &'a StoreFailure) -> Self {
        Self { at: UtcTime(failure.at), error: &failure.error }
    }
}

impl LatenessShape {
    fn new(lateness: &Durations) -> Self {
        let within = |of_a_thousand| {
            let bound = lateness.quantile(of_a_thousand).filter(|bound| *bound != Duration::MAX);
            bound.map(|bound| bound.as_secs_f64())
        };
        Self { count: lateness.count(), p50: within(500), p99: within(990) }
    }
}
