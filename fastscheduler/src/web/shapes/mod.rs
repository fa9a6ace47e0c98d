//! What requests and answers look like in JSON.
//!
//! A shape is a view of what the scheduler has: it borrows, so that a list of
//! many jobs is written without copying them. Its schema is that of the
//! OpenAPI document.

mod job;
mod schedule;
mod time;

pub(super) use job::{JobAnswer, JobList, JobShape};
pub(super) use schedule::{ConfigShape, ScheduleConfig, ScheduleType};
pub(super) use time::{LocalTime, seconds};

use serde::{Serialize, Serializer};
use utoipa::ToSchema;

/// That something was done.
#[derive(Serialize, ToSchema)]
pub(super) struct Done {
    /// `true`.
    success: bool,
    /// What was done.
    message: String,
}

impl Done {
    pub(super) fn new(message: String) -> Self {
        Self { success: true, message }
    }
}

/// Writes what a person reads of something, as text.
pub(super) fn shown<T: std::fmt::Display, S: Serializer>(
    value: &T,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    serializer.collect_str(value)
}
