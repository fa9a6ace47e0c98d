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
    #[serde(with = "per_function")]
    pub per_function: BTreeMap<FunctionKey, FunctionStatistics>,
}

impl Statistics {
    /// Takes over how an attempt ended. Stores call this once for each run.
    pub fn count_attempt(&mut self, run: &Run) {
        let failed = run.status == RunStatus::Failed;
        self.total_runs = self.total_runs.saturating_add(1);
        self.total_failures = self.total_failures.saturating_add(failed.into());
        self.total_retries = self.total_retries.saturating_add((run.run_id.attempt > 1).into());
        self.per_function.entry(run.function.clone()).or_default().count(failed);
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

impl FunctionStatistics {
    /// Takes over how an attempt ended.
    pub(crate) fn count(&mut self, failed: bool) {
        self.completed = self.completed.saturating_add((!failed).into());
        self.failed = self.failed.saturating_add(failed.into());
    }
}

/// A list, since the keys of a JSON object are texts and a function's is not.
mod per_function {
    use std::collections::BTreeMap;

    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    use super::{FunctionKey, FunctionStatistics};

    #[derive(Serialize, Deserialize)]
    struct Row<F> {
        function: F,
        #[serde(flatten)]
        statistics: FunctionStatistics,
    }

    pub(super) fn serialize<S: Serializer>(
        functions: &BTreeMap<FunctionKey, FunctionStatistics>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(functions.iter().map(|(function, of)| Row { function, statistics: *of }))
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<BTreeMap<FunctionKey, FunctionStatistics>, D::Error> {
        let rows = Vec::<Row<FunctionKey>>::deserialize(deserializer)?;
        Ok(rows.into_iter().map(|row| (row.function, row.statistics)).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn totals_come_back_from_json_as_they_were() {
        let of_function = FunctionStatistics { completed: 2, failed: 1 };
        let keys = [FunctionKey::parse("app::send"), FunctionKey::new("closure", "a::b")];
        let per_function = keys.into_iter().map(|key| (key, of_function)).collect();
        let statistics =
            Statistics { total_runs: 6, total_failures: 2, per_function, ..Statistics::default() };
        let json = serde_json::to_string(&statistics).unwrap();
        assert_eq!(serde_json::from_str::<Statistics>(&json).unwrap(), statistics, "{json}");
    }
}
