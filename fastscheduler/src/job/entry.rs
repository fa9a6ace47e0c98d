//! Fires on their way from due to done.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::is_default::is_default;
use super::{FunctionKey, Job, JobDefinition, JobId, Lane, RunId, Trigger};

/// What an entry is to its job.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EntryKind {
    /// The job's next fire; there is at most one.
    Next,
    /// A fire that was claimed: under way, or between two attempts.
    Fire,
    /// A fire of its own, asked for by a caller.
    Manual,
}

/// A fire in the queue.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// What it is to its job.
    pub kind: EntryKind,
    /// The job.
    pub job: JobId,
    /// Why the fire came to be.
    pub trigger: Trigger,
    /// The instant it is due by its schedule; with job and trigger, its identity.
    pub scheduled_for: DateTime<Utc>,
    /// When it may be claimed: later than `scheduled_for` by jitter or back-off.
    pub due_at: DateTime<Utc>,
    /// The attempt that is next, from 1.
    pub attempt: u32,
    /// How many of its attempts ended with their process.
    #[serde(default, skip_serializing_if = "is_default")]
    pub crashes: u32,
    /// Fires of the schedule up to this one are accounted for by this entry.
    pub covers_until: DateTime<Utc>,
    /// Fires up to this one were missed and are made up for, one after another.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub catch_up_until: Option<DateTime<Utc>>,
    /// Whether the last of those was merely late, not missed: it runs after the
    /// others, as a fire of the schedule.
    #[serde(default, skip_serializing_if = "is_default")]
    pub is_last_late: bool,
    /// The job's revision; the queue refuses entries of an older one.
    pub revision: u64,
    /// Whether it waits while another fire of the job is open.
    pub is_exclusive: bool,
    /// Where its function runs.
    pub lane: Lane,
    /// The function, since an instance claims only those it has.
    pub function: FunctionKey,
}

impl Entry {
    /// The id of the attempt that is next.
    #[must_use]
    pub fn run_id(&self) -> RunId {
        RunId {
            job: self.job,
            trigger: self.trigger,
            scheduled_for: self.scheduled_for,
            attempt: self.attempt,
        }
    }

    /// Whether it is of the same fire. One of the schedule is the same whether
    /// it is in time or made up for.
    #[must_use]
    pub fn is_same_fire(&self, other: &Self) -> bool {
        self.run_id().is_same_fire(other.run_id())
    }

    /// The same entry, due no later than `now`: it was due when it was claimed,
    /// but the clock may have been set back since.
    pub(crate) fn due_by(&self, now: DateTime<Utc>) -> Self {
        Self { due_at: self.due_at.min(now), ..self.clone() }
    }

    /// How many of its attempts were retries of one that failed.
    #[must_use]
    pub fn retries(&self) -> u32 {
        self.attempt.saturating_sub(1 + self.crashes)
    }
}

/// What is left of a job that was removed, for the records to come.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RemovedJob {
    /// What it was.
    pub definition: Arc<JobDefinition>,
    /// How many of its attempts have ended.
    pub run_count: u64,
}

impl RemovedJob {
    fn of(job: &Job) -> Self {
        Self { definition: Arc::clone(&job.definition), run_count: job.run_count }
    }
}

/// A fire that has begun and has not ended, as a store keeps it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct OpenFire {
    /// The fire, with the attempt that is under way or comes next.
    pub entry: Entry,
    /// Whether an attempt was begun; if its process is gone, it crashed.
    pub is_claimed: bool,
    /// What its job was, if that was removed: what became of the fire is to be
    /// recorded still.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub removed: Option<RemovedJob>,
}

impl OpenFire {
    /// A fire that waits for its attempt.
    #[must_use]
    pub fn waiting(entry: Entry) -> Self {
        Self { entry, is_claimed: false, removed: None }
    }

    /// A fire whose attempt was begun.
    #[must_use]
    pub fn claimed(entry: Entry) -> Self {
        Self { entry, is_claimed: true, removed: None }
    }

    /// Whether it is the fire of this attempt, or of another attempt at it.
    #[must_use]
    pub fn is_of(&self, run: RunId) -> bool {
        RunId { attempt: run.attempt, ..self.entry.run_id() } == run
    }

    /// Whether it waits for a retry, and so has the record of the attempt before.
    #[must_use]
    pub fn has_record(&self) -> bool {
        !self.is_claimed && self.entry.attempt > 1
    }

    /// What is left of it when its job is removed: all that [has no
    /// record](Self::has_record).
    #[must_use]
    pub fn outliving(self, job: &Job) -> Option<Self> {
        (!self.has_record()).then(|| Self { removed: Some(RemovedJob::of(job)), ..self })
    }
}
