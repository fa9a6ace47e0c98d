//! What most programs use: attributes, builders, and the scheduler.
//!
//! An attribute and a builder may share a name, since macros have a namespace
//! of their own. A job function named `daily` hides the builder in its module;
//! `fastscheduler::schedule::daily()` is always there.

pub use crate::registry::{Args, JobContext, Kwargs, Permanent, State, State as JobState};
pub use crate::schedule::kind::builders::*;
pub use crate::scheduler::Scheduler;
pub use fastscheduler_macros::*;
