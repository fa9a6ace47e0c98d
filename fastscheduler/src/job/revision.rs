//! Changes of what a job is told to do.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use chrono_tz::Tz;
use serde::{Deserialize, Serialize};

use super::{Declared, Job, JobDefinition, JobId, Rewind};

/// A change of what a job is told to do.
///
/// It holds if the job still has the revision that it expects, and the same
/// first fire that is not accounted for; otherwise somebody else was faster.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct JobRevision {
    /// The job.
    pub job: JobId,
    /// The revision that is changed; the new one is one more.
    pub expected_revision: u64,
    /// The first fire that was not accounted for when the change was made.
    pub expected_next_run_at: Option<DateTime<Utc>>,
    /// What it is told to do from now on.
    pub definition: Arc<JobDefinition>,
    /// Whether it is paused from now on.
    pub is_paused: bool,
    /// When it was paused, if it is from now on and that is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub paused_at: Option<DateTime<Utc>>,
    /// The instant from which it has its schedule.
    pub scheduled_since: DateTime<Utc>,
    /// The first fire that is not accounted for, from now on.
    pub next_run_at: Option<DateTime<Utc>>,
    /// What the code says of it.
    pub declared: Option<Arc<Declared>>,
    /// The zone of its times, if its schedule has some and names none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub zone: Option<Tz>,
    /// What it remembers of a time when the clock was ahead.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rewind: Option<Arc<Rewind>>,
}

impl JobRevision {
    /// The change that leaves a job as it is, but for its revision.
    #[must_use]
    pub fn of(job: &Job) -> Self {
        Self {
            job: job.id,
            expected_revision: job.revision,
            expected_next_run_at: job.next_run_at,
            definition: Arc::clone(&job.definition),
            is_paused: job.is_paused,
            paused_at: job.paused_at(),
            scheduled_since: job.scheduled_since,
            next_run_at: job.next_run_at,
            declared: job.declared.clone(),
            zone: job.zone,
            rewind: job.rewind.clone(),
        }
    }

    /// The change that leaves the job paused or not, `now`.
    pub(crate) fn paused(self, is_paused: bool, now: DateTime<Utc>) -> Self {
        let began = (!self.is_paused).then_some(now);
        let paused_at = if is_paused { began.or(self.paused_at) } else { None };
        Self { is_paused, paused_at, ..self }
    }
}
