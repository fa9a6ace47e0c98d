//! Attempts that are under way: showing and cancelling them.

use std::sync::Arc;

use chrono::{DateTime, Utc};

use super::{Engine, LiveJob};
use crate::job::{JobId, Run, RunId, RunStatus};
use crate::registry::{Cancellation, JobContext};

impl Engine {
    /// Records of the attempts that are under way, by when they began.
    pub(crate) fn running(&self) -> Vec<Run> {
        let mut running = Vec::new();
        for job in self.table.get_all(self.table.running.all().into_iter()).into_iter().flatten() {
            let begun = job.activity.running_since();
            running.extend(begun.iter().map(|(context, since)| self.record_of(&job, context, *since)));
        }
        running.sort_by_key(|run| (run.started_at, run.run_id));
        running
    }

    /// The jobs with attempts under way, in no order.
    pub(crate) fn running_jobs(&self) -> Vec<JobId> {
        self.table.running.all()
    }

    fn record_of(&self, job: &LiveJob, context: &JobContext, since: DateTime<Utc>) -> Run {
        Run {
            run_id: context.run_id(),
            job_name: job.definition.name.clone(),
            function: job.definition.function.clone(),
            group: job.definition.group.clone(),
            status: RunStatus::Running,
            run_count: 0,
            started_at: Some(since),
            finished_at: None,
            result: None,
            error: None,
            after_failure: None,
            instance: Some(Arc::clone(&self.setup.instance)),
            timed_out: false,
            skipped: None,
        }
    }

    /// Cancels an attempt, and returns whether that is what ends it. It is not if
    /// the attempt was not running, or something else cancelled it first.
    pub(crate) fn cancel_run(&self, run: RunId) -> bool {
        let Some(job) = self.table.get(run.job) else { return false };
        let context = job.activity.running().into_iter().find(|context| context.run_id() == run);
        context.is_some_and(|context| context.cancel(Cancellation::Caller) == Cancellation::Caller)
    }
}
