//! An open fire of a job.

use chrono::{DateTime, Utc};

use crate::job::{Entry, RunId, Trigger};
use crate::registry::JobContext;

/// A fire that has come due and is not over.
#[derive(Debug)]
pub(super) struct Open {
    pub(super) trigger: Trigger,
    pub(super) scheduled_for: DateTime<Utc>,
    /// When its first attempt was claimed.
    pub(super) since: DateTime<Utc>,
    /// Whether the job's next fire is placed when this one begins or ends.
    pub(super) places_successor: bool,
    pub(super) state: OpenState,
    /// A retry that waits until the previous attempt's thread has ended.
    pub(super) retry: Option<Box<Entry>>,
}

#[derive(Debug)]
pub(super) enum OpenState {
    /// Since when.
    Running(JobContext, DateTime<Utc>),
    Waiting(Box<Entry>),
}

impl Open {
    pub(super) fn is(&self, run: RunId) -> bool {
        self.scheduled_for == run.scheduled_for && self.trigger.is_alike(run.trigger)
    }

    pub(super) fn is_running(&self) -> bool {
        matches!(self.state, OpenState::Running(..))
    }

    /// Whether a caller asked for it, and it has not begun. Between its attempts
    /// nothing is under way, and that may be for an hour, or until a resume.
    pub(super) fn is_asked_for(&self) -> bool {
        let has_not_begun = matches!(&self.state, OpenState::Waiting(entry) if entry.attempt == 1);
        has_not_begun && !self.trigger.is_of_schedule()
    }
}
