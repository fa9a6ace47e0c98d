//! Totals over all jobs.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::FunctionKey;

/// Totals over all jobs since the store was begun.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Statistics {
    /// Attempts that ended.
    pub total_runs: u64,
    /// Attempts that failed.
    pub total_failures: u64,
    /// Retries that were made.
    pub total_retries: u64,
    /// When the scheduler was started, if it is running.
    pub started_at: Option<DateTime<Utc>>,
    /// Jobs there are.
    pub active_jobs: usize,
    /// Totals of each function.
    pub per_function: BTreeMap<FunctionKey, FunctionStatistics>,
}

/// Totals of one function.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct FunctionStatistics {
    /// Attempts that succeeded.
    pub completed: u64,
    /// Attempts that failed.
    pub failed: u64,
}
