//! How far the fires of a job are accounted for.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

/// How far the fires of a job are accounted for, by its schedule of that time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Progress {
    /// The instant from which the job had the schedule.
    pub scheduled_since: DateTime<Utc>,
    /// The first fire that is not accounted for; `None` when none is to come.
    pub next_run_at: Option<DateTime<Utc>>,
}

impl Progress {
    /// That of a fire which is not of the schedule: it moves nothing on.
    pub(crate) fn unmoved(scheduled_since: DateTime<Utc>) -> Self {
        Self { scheduled_since, next_run_at: Some(DateTime::<Utc>::MIN_UTC) }
    }
}
