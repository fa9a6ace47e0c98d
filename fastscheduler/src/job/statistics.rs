//! Totals over all jobs.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::{FunctionKey, Run, RunStatus};

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

impl Statistics {
    /// Takes over how an attempt ended. Stores call this once for each run.
    pub fn count_attempt(&mut self, run: &Run) {
        let failed = run.status == RunStatus::Failed;
        self.total_runs += 1;
        self.total_failures += u64::from(failed);
        self.total_retries += u64::from(run.run_id.attempt > 1);
        let of_function = self.per_function.entry(run.function.clone()).or_default();
        of_function.completed += u64::from(!failed);
        of_function.failed += u64::from(failed);
    }
}

/// Totals of one function.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct FunctionStatistics {
    /// Attempts that succeeded.
    pub completed: u64,
    /// Attempts that failed.
    pub failed: u64,
}
