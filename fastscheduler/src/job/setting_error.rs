//! What may be wrong with what is said of a job.

use crate::schedule::ScheduleError;

/// What is wrong with a setting. The layer that people use puts it into words.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum SettingError {
    /// A part of the schedule is wrong.
    Schedule(ScheduleError),
    /// A length of time or a number cannot be read, or is out of range.
    Value { setting: &'static str, error: ScheduleError },
    /// The arguments cannot be kept.
    ArgumentShape { which: &'static str, reason: String },
    /// A name or group is empty or too long.
    NameLength { what: &'static str, length: usize },
}
