//! What runs: jobs, their policy and the records of their runs.
//!
//! Plain data and pure rules. Nothing here knows how a job is stored, claimed
//! or executed; instants are given, never read.

mod definition;
mod function_key;
mod id;
mod lane;
mod policy;
mod record;
mod run;
mod statistics;

pub use definition::JobDefinition;
pub use function_key::FunctionKey;
pub use id::{IntoJobId, JobId};
pub use lane::Lane;
pub use policy::{CatchUp, Overlap, Policy, backoff};
pub use record::{Job, JobStatus, Source};
pub use run::{DeadLetter, Run, RunId, RunStatus, SkipReason, Skipped, Trigger};
pub use statistics::{FunctionStatistics, Statistics};

/// The group of a job that names none.
pub(crate) const DEFAULT_GROUP: &str = "default";

/// The longest name of a job, group or key, in characters.
pub(crate) const NAME_LENGTH_LIMIT: usize = 200;

/// The largest arguments of a job, as JSON, in bytes.
pub(crate) const ARGUMENTS_SIZE_LIMIT: usize = 256 * 1024;
