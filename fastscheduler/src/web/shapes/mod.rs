//! What requests and answers look like in JSON.
//!
//! A shape is a view of what the scheduler has: it borrows, so that a list of
//! many jobs is written without copying them. Its schema is that of the
//! OpenAPI document.

mod config;
mod instance;
mod job;
mod numbers;
mod overview;
mod request;
mod run;
mod schedule;
mod schedule_type;
pub(super) mod settings;
mod statistics;
mod time;

pub(super) use config::{ConfigShape, shown as schedule_shown};
pub(super) use instance::InstanceList;
pub(super) use job::{JobAnswer, JobList, JobShape};
pub(super) use numbers::{BeginningOfPage, Instant, LAST_SECOND, RunOfPage};
pub(super) use overview::OverviewShape;
pub(super) use request::{ScheduleConfig, WithSchedule};
pub(super) use run::{RunShape, reached_at};
pub(super) use schedule_type::ScheduleType;
pub(super) use settings::SettingsShape;
pub(super) use statistics::StatisticsShape;
pub(super) use time::{LocalTime, UtcTime, seconds};

use serde::{Serialize, Serializer};
use utoipa::ToSchema;

use crate::job::RunId;

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

/// That a run was asked for.
#[derive(Serialize, ToSchema)]
pub(super) struct Triggered {
    #[serde(flatten)]
    done: Done,
    /// The run's first attempt.
    #[schema(value_type = String)]
    run_id: RunId,
}

impl Triggered {
    pub(super) fn new(message: String, run_id: RunId) -> Self {
        Self { done: Done::new(message), run_id }
    }
}

/// Writes what a person reads of something, as text.
pub(super) fn shown<T: std::fmt::Display, S: Serializer>(
    value: &T,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    serializer.collect_str(value)
}
