//! Questions about the records of runs.

use std::sync::Arc;

use super::State;
use crate::job::{Run, RunId};
use crate::storage::{HistoryQuery, is_of_fire};

/// A record of the history.
#[derive(Clone)]
pub(super) struct Recorded {
    /// As it came: those who listen have it too.
    pub(super) run: Arc<Run>,
    /// How many attempts of the job had ended by then.
    pub(super) run_count: u64,
}

impl Recorded {
    pub(super) fn to_run(&self) -> Run {
        Run { run_count: self.run_count, ..Run::clone(&self.run) }
    }
}

impl State {
    pub(in crate::storage) fn history(&self, query: &HistoryQuery) -> Vec<Run> {
        let newest =
            self.history.iter().rev().filter(|recorded| query.matches(&recorded.run)).take(query.limit);
        let mut runs: Vec<Run> = newest.map(Recorded::to_run).collect();
        runs.reverse();
        runs
    }

    pub(in crate::storage) fn run(&self, run: RunId) -> Option<Run> {
        if self.run_ids.contains(run) {
            // Mostly one of the newest is asked for.
            self.history.iter().rfind(|recorded| recorded.run.run_id == run).map(Recorded::to_run)
        } else {
            self.dead_letter(run).map(|letter| letter.run.clone())
        }
    }

    pub(in crate::storage) fn last_run_of_fire(&self, run: RunId) -> Option<Run> {
        let recorded = self.history.iter().rfind(|recorded| is_of_fire(&recorded.run, run));
        let letter = || self.dead_letters.iter().map(|letter| &letter.run).rfind(|of| is_of_fire(of, run));
        recorded.map(Recorded::to_run).or_else(|| letter().cloned())
    }
}
