//! When a job runs.

pub mod text;

pub use text::ScheduleError;
pub(crate) use text::nearest;

/// Placeholder until the schedule layer lands.
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct ScheduleDefinition;

/// What a fixed time does that falls into a gap, when clocks go forward.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Gap {
    /// It runs at the first instant after the gap.
    Next,
    /// It does not run on that day.
    Skip,
    /// It runs later by the length of the gap, as `java.time` does.
    Shift,
}

/// What a fixed time does that occurs twice, when clocks go back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Fold {
    /// It runs on the first pass.
    First,
    /// It runs on the second pass.
    Second,
    /// It runs on both.
    Both,
}
