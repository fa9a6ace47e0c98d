//! What runs: jobs, their policy and the records of their runs.
//!
//! Plain data and pure rules. Nothing here knows how a job is stored, claimed
//! or executed; instants are given, never read.

mod after_failure;
mod arguments;
mod attention;
mod backoff;
pub(crate) mod causes;
mod declared;
mod definition;
mod entry;
mod error_key;
mod function_key;
mod id;
mod is_default;
mod lane;
mod name;
pub(crate) mod nesting;
mod one_line;
mod pages;
mod panic_text;
mod policy;
mod progress;
mod recent;
mod record;
mod revision;
mod rewind;
mod run;
mod run_id;
mod setting_error;
pub(crate) mod settings;
mod skipped;
mod source;
mod spread;
mod statistics;

pub use after_failure::AfterFailure;
pub(crate) use after_failure::CRASHED;
pub(crate) use arguments::{are_too_deep, check_arguments};
pub use attention::Attention;
pub(crate) use attention::Attentions;
pub use backoff::{Backoff, Ratio, backoff};
pub use declared::{Declared, Tombstone};
pub use definition::JobDefinition;
pub use entry::{Entry, EntryKind, OpenFire, RemovedJob};
pub use function_key::FunctionKey;
pub use id::{IntoJobId, JobId};
pub(crate) use id::{JobHasher, JobMap, NumberHasher};
pub use lane::Lane;
pub use name::Name;
pub(crate) use one_line::one_line;
pub(crate) use pages::{JobPages, Place};
pub(crate) use panic_text::panic_text;
pub use policy::{CatchUp, Overlap, Policy};
pub use progress::Progress;
pub(crate) use record::Doing;
pub use record::{Job, JobStatus};
pub use revision::JobRevision;
pub use rewind::Rewind;
pub use run::{DeadLetter, Run, RunStatus};
pub use run_id::{RunId, Trigger};
pub use settings::JobSettings;
pub use skipped::{ClosedSchedule, RescheduleCause, SkipReason, Skipped};
pub use source::Source;
pub(crate) use spread::spread;
pub use statistics::{FunctionStatistics, Statistics};

/// The group of a job that names none.
pub(crate) const DEFAULT_GROUP: &str = "default";

/// The longest name of a job, group or key, in characters.
pub(crate) const NAME_LENGTH_LIMIT: usize = 200;

/// How deep the arguments of a job may be nested. Readers of JSON give up at
/// 128, and stored arguments are nested in what they belong to.
pub(crate) const ARGUMENTS_DEPTH_LIMIT: usize = 100;

/// How deep a returned value may be nested. It is kept as text, so its depth
/// does not matter to those who parse the record that contains it.
pub(crate) const RESULT_DEPTH_LIMIT: usize = 128;

/// The largest arguments of a job, as JSON, in bytes.
pub(crate) const ARGUMENTS_SIZE_LIMIT: usize = 256 * 1024;
