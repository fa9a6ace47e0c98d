//! One execution of a fire, and how it ended.

use std::any::Any;
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};
use tracing::Span;

use super::LiveJob;
use super::threads::Thread;
use crate::job::{
    AfterFailure, CRASHED, DeadLetter, Entry, JobDefinition, OpenFire, Progress, Run, RunId, RunStatus,
    SkipReason, Skipped, panic_text,
};
use crate::queue::Claim;
use crate::registry::{Cancellation, Failure, JobContext, Outcome};
use crate::storage::{Change, EndedAttempt, SkippedFires};

/// What the record says of a fire whose job was cancelled.
const JOB_CANCELLED: &str = "cancelled: the job was cancelled";

/// A fire whose process crashed so often is a dead letter.
const CRASHES: u32 = 3;

/// An attempt that is under way.
#[derive(Debug)]
pub(super) struct Attempt {
    pub(super) claim: Claim,
    pub(super) job: Arc<LiveJob>,
    pub(super) context: JobContext,
    /// What its code runs in, once it begins.
    pub(super) span: Span,
    pub(super) started_at: DateTime<Utc>,
    /// How far the job's fires are accounted for with this one.
    pub(super) progress: Progress,
    /// The first fire that this one does not cover, if it places it.
    pub(super) upcoming: Option<DateTime<Utc>>,
}

/// How an attempt ended.
#[derive(Debug)]
pub(super) enum End {
    /// The function returned, failed, panicked or took too long.
    Outcome(Outcome),
    /// It was cancelled before its function ended.
    Cancelled(Cancellation),
}

/// An attempt that ended, to be recorded and settled.
#[derive(Debug)]
pub(super) struct Ended {
    pub(super) attempt: Attempt,
    pub(super) end: End,
    pub(super) finished_at: DateTime<Utc>,
    /// The thread that a blocking function past its deadline still holds.
    pub(super) thread: Option<Thread>,
}

impl LiveJob {
    /// The end of the attempt before the one that `entry` is to be: its
    /// process ended first.
    pub(super) fn crashed(&self, entry: &Entry, instance: &Arc<str>, now: DateTime<Utc>) -> EndedAttempt {
        let is_over = entry.crashes >= CRASHES;
        let error = if is_over { format!("{CRASHED}, for the {CRASHES}rd time") } else { CRASHED.to_owned() };
        let before = RunId { attempt: entry.attempt - 1, ..entry.run_id() };
        let follows = if is_over { AfterFailure::Crashed } else { AfterFailure::RunAgain };
        let run = record(&self.definition, before, None, now, Err((error, follows)), instance);
        EndedAttempt {
            dead_letter: is_over.then(|| Box::new(self.dead_letter(&run))),
            run: Arc::new(run),
            progress: Progress::unmoved(self.scheduled_since),
            retry: (!is_over).then(|| Box::new(entry.clone())),
        }
    }

    pub(super) fn dead_letter(&self, run: &Run) -> DeadLetter {
        DeadLetter { run: run.clone(), definition: JobDefinition::clone(&self.definition) }
    }

    /// The change that records skipped fires; `next` is the first fire after
    /// them that is not accounted for.
    pub(super) fn skipped(&self, skipped: Skipped, next: Option<&Entry>, now: DateTime<Utc>) -> Change {
        self.skipped_until(skipped, self.progress(next.map(|next| next.scheduled_for)), now)
    }

    /// The change that records the fires that one stands for with its own, if
    /// there are any.
    pub(super) fn covered(&self, entry: &Entry, progress: Progress, now: DateTime<Utc>) -> Option<Change> {
        let in_the_way = self.activity.in_the_way();
        let others = Skipped { in_the_way, ..self.stands_for(entry)? };
        Some(self.skipped_until(others, progress, now))
    }

    /// If that entry stands for other fires with its own, remembers the run that all of
    /// them have waited for.
    pub(super) fn note_in_the_way(&self, next: Option<&Entry>, in_the_way: RunId) {
        if next.is_some_and(|next| next.covers_until > next.scheduled_for) {
            self.activity.note_in_the_way(in_the_way);
        }
    }

    fn skipped_until(&self, skipped: Skipped, progress: Progress, now: DateTime<Utc>) -> Change {
        let run = Arc::new(Run::skipped(self.id, &self.definition, self.rewinds(), skipped, now));
        Change::Skip(SkippedFires { run, progress })
    }
}

/// The end of a fire whose job is gone: of one that is not begun any more, or
/// of the attempt that was under way when its process ended.
pub(super) fn end_without_job(
    definition: &JobDefinition,
    OpenFire { entry, is_claimed, .. }: &OpenFire,
    reason: SkipReason,
    instance: &Arc<str>,
    now: DateTime<Utc>,
) -> Change {
    let (error, follows) = if *is_claimed {
        (format!("{CRASHED}, and its job is gone"), AfterFailure::JobGone)
    } else {
        let why = match reason {
            SkipReason::Orphaned => "cancelled: the code no longer declares the job",
            SkipReason::Rescheduled => "cancelled: the code gives the job another schedule",
            SkipReason::Cancelled | SkipReason::Overlap | SkipReason::Paused | SkipReason::CatchUp => {
                JOB_CANCELLED
            }
        };
        (why.to_owned(), AfterFailure::Cancelled)
    };
    Change::EndAttempt(EndedAttempt {
        run: Arc::new(record(definition, entry.run_id(), None, now, Err((error, follows)), instance)),
        progress: Progress::unmoved(entry.scheduled_for),
        retry: None,
        dead_letter: None,
    })
}

/// The value that an attempt returned, or its error and what follows.
pub(super) type Ending = Result<Option<Arc<str>>, (String, AfterFailure)>;

/// The record of an attempt.
pub(super) fn record(
    definition: &JobDefinition,
    run_id: RunId,
    started_at: Option<DateTime<Utc>>,
    finished_at: DateTime<Utc>,
    ending: Ending,
    instance: &Arc<str>,
) -> Run {
    let (status, result, error, after_failure) = match ending {
        Ok(value) => (RunStatus::Completed, value, None, None),
        Err((error, follows)) => (RunStatus::Failed, None, Some(error), Some(follows)),
    };
    Run {
        run_id,
        job_name: definition.name.clone(),
        function: definition.function.clone(),
        group: definition.group.clone(),
        status,
        run_count: 0,
        started_at,
        finished_at: Some(finished_at),
        result,
        error,
        after_failure,
        instance: Some(Arc::clone(instance)),
        timed_out: false,
        skipped: None,
    }
}

/// The failure of a function that panicked.
pub(super) fn panicked(panic: Box<dyn Any + Send>) -> Failure {
    Failure::new(panic_text(panic))
}

/// The error in the record of an attempt that was cancelled.
pub(super) fn cancelled(why: Cancellation) -> &'static str {
    match why {
        // Not recorded: a timeout ends as the failure of `timed_out`.
        Cancellation::Deadline => "cancelled: it took too long",
        Cancellation::Caller => "cancelled: the run was cancelled",
        Cancellation::NextFire => "cancelled: the next fire came due",
        Cancellation::OtherRun => "cancelled: another run of the job began",
        Cancellation::LostClaim => "cancelled: another instance has its claim",
        // Fires that a stop cuts short run again, unless their job is gone.
        Cancellation::Job | Cancellation::Shutdown => JOB_CANCELLED,
    }
}

/// The failure of a function that took too long.
pub(super) fn timed_out(timeout: Option<Duration>) -> Failure {
    Failure::new(format!("timed out after {:?}", timeout.unwrap_or_default()))
}
