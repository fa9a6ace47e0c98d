//! A job scheduler: annotate functions, and they run on time.
#![doc = include_str!("../docs/overview.md")]

#[doc(hidden)]
#[path = "private.rs"]
pub mod __private;
mod clock;
mod engine;
mod job;
pub mod prelude;
pub mod queue;
mod registry;
pub mod schedule;
mod scheduler;
pub mod storage;
#[cfg(feature = "testing")]
pub mod testing;
#[cfg(feature = "web")]
pub mod web;

pub use clock::{Clock, SystemClock, Timer};
pub use engine::{
    Durations, Event, Events, FunctionMetrics, HeldThread, JobMetrics, LateReason, Metrics, Problem,
    ProblemCode, ProblemMetrics, RunningAttempt, SlotLimit, SlotUsage, StoreFailure,
};
pub use fastscheduler_macros::*;
pub use job::{
    AfterFailure, Attention, Backoff, CatchUp, ClosedSchedule, DeadLetter, Declared, FunctionKey,
    FunctionStatistics, IntoJobId, Job, JobDefinition, JobId, JobRevision, JobStatus, Lane, Name, OpenFire,
    Overlap, Policy, Progress, Ratio, RemovedJob, RescheduleCause, Rewind, Run, RunId, RunStatus, SkipReason,
    Skipped, Source, Statistics, Tombstone, Trigger, backoff,
};
pub use registry::{
    Args, ArgumentError, Arguments, BlockingJobClosure, ClosureReturn, Failure, FromCall, Function,
    JobClosure, JobContext, Kwargs, Parameter, ParameterSource, Permanent, RegistryError, RetryError, State,
    State as JobState, StateType, TryBlockingJobClosure, TryClosureReturn, TryJobClosure,
};
pub use scheduler::{
    Activity, BehindJob, BulkAction, BulkOutcome, BulkTarget, DeadLetterTarget, DeclaredAt, FailingJob,
    Instance, IntoRunId, JobNow, JobPart, JobTotals, JobUpdate, LateJob, NewJob, NextJob, NotRun, Overview,
    PlannedJob, RefusedJob, RefusedRun, RetryOutcome, RunTotals, Scheduler, SchedulerBuilder, SchedulerError,
    Status, Timeline, TimelineQuery, run,
};
pub use storage::{
    DeadLetterGroup, DeadLetterPage, DeadLetterQuery, HistoryQuery, JobCounts, JobOrder, JobPage, JobQuery,
};

/// Keeps library crates with jobs from being dropped by the linker.
///
/// A crate that the program never names is not linked, and its jobs are not
/// found. Each name given here is used. One that is not among the dependencies
/// in Cargo.toml is an error that says so.
///
/// # Examples
///
/// ```
/// // In a program this names crates of jobs: `include_jobs!(my_jobs, more_jobs);`
/// fastscheduler::include_jobs!(serde_json);
/// ```
#[macro_export]
macro_rules! include_jobs {
    ($($library:ident),+ $(,)?) => {
        $crate::__include_jobs! { $($library),+ }
    };
}

#[cfg(all(doctest, feature = "testing"))]
#[doc = include_str!("../../README.md")]
struct Readme;
