//! A job scheduler: annotate functions, and they run on time.

#[doc(hidden)]
#[path = "private.rs"]
pub mod __private;
mod clock;
mod job;
mod registry;
pub mod schedule;

pub use fastscheduler_macros::*;
pub use job::{
    CatchUp, DeadLetter, FunctionKey, FunctionStatistics, IntoJobId, Job, JobDefinition, JobId, JobStatus,
    Overlap, Policy, Run, RunId, RunStatus, SkipReason, Skipped, Source, Statistics, Trigger, backoff,
};
pub use registry::{
    Args, ArgumentError, Failure, FromCall, Function, JobContext, Kwargs, Parameter, Permanent, Registry,
    RegistryError, State,
};
