//! What only this process knows of runs: the arguments of those under way, and whose
//! threads are busy still.

use std::collections::HashMap;

use super::shapes::RunShape;
use crate::engine::RunningAttempt;
use crate::job::{DeadLetter, Run, RunId, RunStatus};
use crate::schedule::Zone;
use crate::scheduler::Scheduler;

/// What is known of some runs besides their records.
pub(super) struct RunDetails {
    scheduler: Scheduler,
    under_way: HashMap<RunId, RunningAttempt>,
}

impl RunDetails {
    /// What is known of these runs now.
    pub(super) fn of(scheduler: &Scheduler, runs: &[Run]) -> Self {
        let is_any_under_way = runs.iter().any(|run| run.status == RunStatus::Running);
        let attempts = if is_any_under_way { scheduler.running_attempts() } else { Vec::new() };
        let under_way = attempts.into_iter().map(|attempt| (attempt.run.run_id, attempt)).collect();
        Self { scheduler: scheduler.clone(), under_way }
    }

    /// What a run looks like.
    pub(super) fn shape<'a>(&'a self, run: &'a Run, zone: Zone) -> RunShape<'a> {
        let shape = RunShape::new(run, zone).with_thread(|run| self.scheduler.holds_thread(run));
        match self.under_way.get(&run.run_id).filter(|_| run.status == RunStatus::Running) {
            Some(attempt) => shape.with_arguments(&attempt.definition),
            None => shape,
        }
    }

    /// What several runs look like.
    pub(super) fn shapes<'a>(&'a self, runs: &'a [Run], zone: Zone) -> Vec<RunShape<'a>> {
        runs.iter().map(|run| self.shape(run, zone)).collect()
    }
}

/// What a dead letter looks like: its last run, with the arguments that the letter keeps.
pub(super) fn letter_shape<'a>(scheduler: &Scheduler, letter: &'a DeadLetter, zone: Zone) -> RunShape<'a> {
    let shape = RunShape::new(&letter.run, zone).with_arguments(&letter.definition);
    shape.with_thread(|run| scheduler.holds_thread(run))
}
