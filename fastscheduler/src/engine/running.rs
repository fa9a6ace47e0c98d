//! Attempts that are under way: showing and cancelling them.

use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};

use super::{Durations, Engine, HeldThread, LiveJob, SlotUsage, StoreFailure};
use crate::job::{JobDefinition, JobId, Run, RunId, RunStatus};
use crate::registry::{Cancellation, JobContext};

/// An attempt that is under way.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct RunningAttempt {
    /// Its record so far; it is not in the history yet.
    pub run: Run,
    /// The job as it was when the attempt began, with its arguments.
    pub definition: Arc<JobDefinition>,
    /// When its timeout ends it, if it has one. A function that waits for a thread has
    /// that much longer.
    pub deadline_at: Option<DateTime<Utc>>,
}

impl Engine {
    /// The attempts that are under way, by when they began.
    pub(crate) fn running(&self) -> Vec<RunningAttempt> {
        let jobs = self.table.get_all(self.table.running.all().into_iter());
        let mut running: Vec<_> = jobs.iter().flatten().flat_map(|job| self.running_of(job)).collect();
        running.sort_by_key(|attempt| (attempt.run.started_at, attempt.run.run_id));
        running
    }

    /// The attempts of a job that are under way, by when they began.
    pub(crate) fn running_of(&self, job: &LiveJob) -> Vec<RunningAttempt> {
        let attempt = |(context, since): (JobContext, DateTime<Utc>)| {
            let definition = Arc::clone(context.definition());
            let timeout = definition.policy.timeout.and_then(|timeout| TimeDelta::from_std(timeout).ok());
            let deadline_at = timeout.and_then(|timeout| since.checked_add_signed(timeout));
            RunningAttempt { run: self.record_of(job, &context, since), definition, deadline_at }
        };
        let mut running: Vec<_> = job.activity.running_since().into_iter().map(attempt).collect();
        running.sort_by_key(|attempt| (attempt.run.started_at, attempt.run.run_id));
        running
    }

    /// Whether an attempt has ended, and the thread of its function has not.
    pub(crate) fn holds_thread(&self, run: RunId) -> bool {
        self.held_threads.has(run)
    }

    /// The threads that outlive their attempts, the one that is held longest first.
    pub(crate) fn held_threads(&self) -> Vec<HeldThread> {
        self.held_threads.all()
    }

    /// What may run at once, and how much does.
    pub(crate) fn slot_usage(&self) -> SlotUsage {
        self.slots.usage()
    }

    /// The last failure of the store or the queue.
    pub(crate) fn last_store_failure(&self) -> Option<StoreFailure> {
        self.telemetry.troubles.last()
    }

    /// How late attempts began.
    pub(crate) fn lateness(&self) -> Durations {
        self.pullers.hand_over(&self.telemetry.meter);
        self.telemetry.meter.read().lateness
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
