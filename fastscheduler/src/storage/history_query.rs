//! Which runs of the history are asked for.

use chrono::{DateTime, Utc};

use crate::job::{JobId, Run, RunId, RunStatus};

/// Which runs of the history are asked for.
///
/// # Examples
///
/// ```
/// use fastscheduler::{HistoryQuery, RunStatus};
///
/// let query = HistoryQuery { status: Some(RunStatus::Failed), limit: 10, ..HistoryQuery::default() };
/// assert_eq!(query.function, None);
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HistoryQuery {
    /// Runs of the function of this name, or of this full name.
    pub function: Option<String>,
    /// Runs of this job.
    pub job: Option<JobId>,
    /// Runs of jobs of this group.
    pub group: Option<String>,
    /// Runs of this status.
    pub status: Option<RunStatus>,
    /// Runs that reached their status before this instant.
    pub before: Option<DateTime<Utc>>,
    /// Runs that were recorded before this one: the page before a page that begins with
    /// it. None if the history has no record of it. It is for the store, and
    /// [`matches`](Self::matches) takes no notice of it.
    pub before_run: Option<RunId>,
    /// The most runs; the newest are taken. 1,000 by default.
    pub limit: usize,
}

impl Default for HistoryQuery {
    fn default() -> Self {
        Self {
            function: None,
            job: None,
            group: None,
            status: None,
            before: None,
            before_run: None,
            limit: 1_000,
        }
    }
}

impl HistoryQuery {
    /// All runs of a job.
    pub(crate) fn all_of(job: JobId) -> Self {
        Self { job: Some(job), limit: usize::MAX, ..Self::default() }
    }

    /// Whether a run is asked for.
    #[must_use]
    pub fn matches(&self, run: &Run) -> bool {
        let is_function = |name: &String| {
            let module = name.strip_suffix(run.function.name());
            module.is_some_and(|module| {
                module.is_empty() || module.strip_suffix("::") == Some(run.function.module())
            })
        };
        self.function.as_ref().is_none_or(is_function)
            && self.job.is_none_or(|job| job == run.job_id())
            && self.group.as_ref().is_none_or(|group| run.group == *group)
            && self.status.is_none_or(|status| status == run.status)
            && self.before.is_none_or(|before| run.finished_at.is_some_and(|at| at < before))
    }
}
