//! Records of attempts and of fires that did not run.

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

use super::after_failure::was_retried;
use super::error_key::error_key;
use super::is_default::is_default;
use super::{AfterFailure, FunctionKey, JobDefinition, JobId, Name, RunId, Skipped, Trigger};

/// What became of an attempt or a fire.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RunStatus {
    /// The attempt is under way.
    Running,
    /// The function returned without an error.
    Completed,
    /// The function failed, panicked or took too long.
    Failed,
    /// The fire did not run.
    Missed,
}

impl fmt::Display for RunStatus {
    /// The word that it is stored as.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.serialize(f)
    }
}

/// The record of an attempt, or of fires that did not run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Run {
    /// What is unique about it.
    pub run_id: RunId,
    /// The job's name.
    pub job_name: Name,
    /// The function.
    pub function: FunctionKey,
    /// The job's group.
    pub group: Name,
    /// What became of it.
    pub status: RunStatus,
    /// How many attempts of its job had ended with this one; of fires that did
    /// not run, before. The store counts: of a record that it does not have it
    /// is 0.
    #[serde(default, skip_serializing_if = "is_default")]
    pub run_count: u64,
    /// When the attempt started.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub started_at: Option<DateTime<Utc>>,
    /// When it reached its status.
    pub finished_at: Option<DateTime<Utc>>,
    /// The value the function returned, as JSON of at most 4 KiB, nested at most
    /// 128 deep. (By default, `serde_json::from_str` parses at most 127 levels.)
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub result: Option<Arc<str>>,
    /// What went wrong: the error's own text, or what cancelled the attempt.
    ///
    /// In a record of an earlier version, or of the Python program, it may begin
    /// with `Retry 1/3: ` or `Max retries: `. REST shows such a text as it is, and
    /// puts that before the errors of all other records itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
    /// What follows, if the attempt failed; `None` in a record of an earlier
    /// version or of the Python program.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after_failure: Option<AfterFailure>,
    /// The process that ran it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub instance: Option<Arc<str>>,
    /// Whether it was its timeout that ended the attempt. Records of earlier versions
    /// do not say, and have `false`.
    #[serde(default, skip_serializing_if = "is_default")]
    pub timed_out: bool,
    /// Fires that did not run, and why.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub skipped: Option<Box<Skipped>>,
}

impl Run {
    /// The record of fires that did not run, of a job that was rewound so often.
    pub(crate) fn skipped(
        job: JobId,
        definition: &JobDefinition,
        rewinds: u32,
        skipped: Skipped,
        recorded_at: DateTime<Utc>,
    ) -> Self {
        let (trigger, scheduled_for) = match &skipped.closed {
            // The same fires may have been skipped before the job was rewound.
            None => (Trigger::Schedule, skipped.first + TimeDelta::microseconds(rewinds.into())),
            // A fire of a schedule that was closed may be one of its successor too.
            Some(closed) => (Trigger::Manual, closed.until),
        };
        Self {
            run_id: RunId { job, trigger, scheduled_for, attempt: 0 },
            job_name: definition.name.clone(),
            function: definition.function.clone(),
            group: definition.group.clone(),
            status: RunStatus::Missed,
            run_count: 0,
            started_at: None,
            finished_at: Some(recorded_at),
            result: None,
            error: None,
            after_failure: None,
            instance: None,
            timed_out: false,
            skipped: Some(Box::new(skipped)),
        }
    }

    /// The job it belongs to.
    #[must_use]
    pub fn job_id(&self) -> JobId {
        self.run_id.job
    }

    /// Why the fire came to be. Fires that did not run were all of the schedule.
    #[must_use]
    pub fn trigger(&self) -> Trigger {
        // The record of a schedule that ended is named as a fire of its own.
        if self.skipped.is_some() { Trigger::Schedule } else { self.run_id.trigger }
    }

    /// The instant the fire was due by its schedule; the first of several that
    /// were skipped.
    #[must_use]
    pub fn scheduled_for(&self) -> DateTime<Utc> {
        match self.skipped.as_deref() {
            Some(skipped) if skipped.closed.is_none() => skipped.first,
            Some(_) | None => self.run_id.scheduled_for,
        }
    }

    /// Whether the attempt failed and another one at the same fire follows: a
    /// retry, or the attempt after a crash.
    ///
    /// The job may be cancelled before the retry begins. Then a last run says so.
    #[must_use]
    pub fn will_retry(&self) -> bool {
        let is_failed = self.status == RunStatus::Failed;
        // Earlier versions had no more than the text.
        let text = || self.error.as_deref().is_some_and(was_retried);
        is_failed && self.after_failure.map_or_else(text, AfterFailure::will_retry)
    }

    /// Whether the fire has ended for good with this run: it completed, failed
    /// without a retry to come, was cancelled, or did not run at all.
    #[must_use]
    pub fn is_final(&self) -> bool {
        self.status != RunStatus::Running && !self.will_retry()
    }

    /// The error with what follows, as REST and the file of dead letters show it.
    pub(crate) fn annotated_error(&self) -> Option<Cow<'_, str>> {
        let error = self.error.as_deref()?;
        Some(self.after_failure.map_or(Cow::Borrowed(error), |follows| follows.annotate(error)))
    }

    /// How long the attempt took.
    #[must_use]
    pub fn execution_time(&self) -> Option<Duration> {
        (self.finished_at? - self.started_at?).to_std().ok()
    }
}

/// A fire whose last attempt failed, with what is needed to run it again.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct DeadLetter {
    /// The record of the last attempt.
    pub run: Run,
    /// The job as it was.
    pub definition: JobDefinition,
}

impl DeadLetter {
    /// What its error has in common with others that differ only in numbers, quoted
    /// parts, ids and the like: those are left out. At most 300 characters; empty if it
    /// has no error.
    ///
    /// `no user 'anna' after 30 s` becomes `no user '…' after # s`.
    #[must_use]
    pub fn error_key(&self) -> String {
        let error = self.run.error.as_deref().unwrap_or_default();
        // Earlier versions and the Python program put that before it.
        error_key(error.strip_prefix("Max retries: ").unwrap_or(error))
    }
}
