//! How a job is treated when it fails, is late, or is still running.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::Backoff;
use super::is_default::is_default;

/// What happens to fires that were missed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CatchUp {
    /// The latest runs, the others are recorded.
    #[default]
    Once,
    /// The newest hundred run, oldest first; the others are recorded.
    All,
    /// All are recorded, none runs.
    None,
}

/// What happens to a fire that comes due while the job is still at an earlier one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Overlap {
    /// It is recorded and does not run.
    #[default]
    Skip,
    /// The first that came due runs when the earlier one ends; others are recorded.
    Queue,
    /// It runs beside the earlier one.
    Allow,
    /// The earlier one is cancelled and it runs.
    Cancel,
}

/// The settings of a job besides its schedule.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Policy {
    /// Attempts after the first that failed.
    pub max_retries: u32,
    /// The longest an attempt may take.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub timeout: Option<Duration>,
    /// What happens to fires that were missed.
    pub catch_up: CatchUp,
    /// What happens to a fire while the job is still at an earlier one.
    pub overlap: Overlap,
    /// Each fire is delayed by up to this much.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub jitter: Option<Duration>,
    /// How long it waits before a retry.
    #[serde(default, skip_serializing_if = "is_default")]
    pub backoff: Backoff,
}

impl Policy {
    /// Retries of a job that sets none.
    pub const DEFAULT_MAX_RETRIES: u32 = 3;
}

impl Default for Policy {
    fn default() -> Self {
        Self {
            max_retries: Self::DEFAULT_MAX_RETRIES,
            timeout: None,
            catch_up: CatchUp::default(),
            overlap: Overlap::default(),
            jitter: None,
            backoff: Backoff::default(),
        }
    }
}
