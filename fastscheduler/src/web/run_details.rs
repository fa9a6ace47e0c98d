//! What only this process knows of runs: the arguments of those under way, and whose
//! threads are busy still.

use std::collections::HashMap;

use super::shapes::RunShape;
use super::state::WebState;
use crate::engine::RunningAttempt;
use crate::job::{Run, RunId, RunStatus};

/// What is known of some runs besides their records.
pub(super) struct RunDetails {
    under_way: HashMap<RunId, RunningAttempt>,
}

impl RunDetails {
    /// What is known of these runs now.
    pub(super) fn of(state: &WebState, runs: &[Run]) -> Self {
        let is_any_under_way = runs.iter().any(|run| run.status == RunStatus::Running);
        let attempts = if is_any_under_way { state.scheduler.running_attempts() } else { Vec::new() };
        Self { under_way: attempts.into_iter().map(|attempt| (attempt.run.run_id, attempt)).collect() }
    }

    /// What a run looks like.
    pub(super) fn shape<'a>(&'a self, state: &WebState, run: &'a Run) -> RunShape<'a> {
        let shape = RunShape::new(run, state.zone).with_thread(|run| state.scheduler.holds_thread(run));
        match self.under_way.get(&run.run_id).filter(|_| run.status == RunStatus::Running) {
            Some(attempt) => shape.with_arguments(&attempt.definition),
            None => shape,
        }
    }

    /// What several runs look like.
    pub(super) fn shapes<'a>(&'a self, state: &WebState, runs: &'a [Run]) -> Vec<RunShape<'a>> {
        runs.iter().map(|run| self.shape(state, run)).collect()
    }
}
