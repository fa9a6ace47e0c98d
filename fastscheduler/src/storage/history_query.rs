//! Which runs of the history are asked for.

use chrono::{DateTime, Utc};

use super::text::SoughtText;
use crate::job::{JobId, Run, RunId, RunStatus, SkipReason, Trigger};

/// Which runs of the history are asked for.
///
/// # Examples
///
/// Page after page from the newest run on:
///
/// ```
/// use fastscheduler::prelude::*;
/// use fastscheduler::storage::MemoryStorage;
/// use fastscheduler::{HistoryQuery, RunStatus};
///
/// # tokio::runtime::Runtime::new()?.block_on(async {
/// let scheduler = Scheduler::builder().storage(MemoryStorage::default()).build().await?;
/// let mut query = HistoryQuery {
///     statuses: vec![RunStatus::Failed, RunStatus::Missed],
///     text: Some("backup".to_owned()),
///     limit: 50,
///     ..HistoryQuery::default()
/// };
/// loop {
///     let page = scheduler.history(query.clone()).await?;
///     let Some(first) = page.first() else { break };
///     query.before_run = Some(first.run_id);
/// }
/// # anyhow::Ok(()) })?;
/// # anyhow::Ok(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HistoryQuery {
    /// Runs of the function of this name, or of this full name.
    pub function: Option<String>,
    /// Runs of this job.
    pub job: Option<JobId>,
    /// Runs of jobs of this group.
    pub group: Option<String>,
    /// Runs with this text in their job's name, function, group or error, in any case.
    /// The error is as REST shows it: what follows is part of it.
    pub text: Option<String>,
    /// Runs of any of these statuses; of all statuses if there are none.
    pub statuses: Vec<RunStatus>,
    /// Fires that did not run for any of these reasons; all runs if there are none.
    pub reasons: Vec<SkipReason>,
    /// Runs that [came to be](Run::trigger) in any of these ways; in all ways if there
    /// are none.
    pub triggers: Vec<Trigger>,
    /// Runs that reached their status before this instant.
    pub before: Option<DateTime<Utc>>,
    /// Runs that were recorded before this one: the page before a page that begins with
    /// it. None if the history has no record of it. It is for the store, and
    /// [`matches`](Self::matches) takes no notice of it.
    pub before_run: Option<RunId>,
    /// Runs that were recorded after this one: the page after a page that ends with it.
    /// None if the history has no record of it. It is for the store, as
    /// [`before_run`](Self::before_run) is.
    pub after_run: Option<RunId>,
    /// The most runs. The newest are taken, or with [`after_run`](Self::after_run) the
    /// oldest of those after it. 1,000 by default.
    pub limit: usize,
}

impl Default for HistoryQuery {
    fn default() -> Self {
        Self {
            function: None,
            job: None,
            group: None,
            text: None,
            statuses: Vec::new(),
            reasons: Vec::new(),
            triggers: Vec::new(),
            before: None,
            before_run: None,
            after_run: None,
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
        RunFilter::new(self).takes(run)
    }
}

/// Tells the runs that are asked for from many others.
pub(super) struct RunFilter<'a> {
    query: &'a HistoryQuery,
    text: Option<SoughtText>,
}

impl<'a> RunFilter<'a> {
    pub(super) fn new(query: &'a HistoryQuery) -> Self {
        Self { query, text: query.text.as_deref().map(SoughtText::new) }
    }

    pub(super) fn takes(&mut self, run: &Run) -> bool {
        let Self { query, text } = self;
        let is_function = |name: &String| {
            let module = name.strip_suffix(run.function.name());
            module.is_some_and(|module| {
                module.is_empty() || module.strip_suffix("::") == Some(run.function.module())
            })
        };
        let is_reason =
            || run.skipped.as_deref().is_some_and(|skipped| query.reasons.contains(&skipped.reason));
        query.function.as_ref().is_none_or(is_function)
            && query.job.is_none_or(|job| job == run.job_id())
            && query.group.as_ref().is_none_or(|group| run.group == *group)
            && (query.statuses.is_empty() || query.statuses.contains(&run.status))
            && (query.reasons.is_empty() || is_reason())
            && (query.triggers.is_empty() || query.triggers.contains(&run.trigger()))
            && query.before.is_none_or(|before| run.finished_at.is_some_and(|at| at < before))
            && text.as_mut().is_none_or(|text| is_in_run(text, run))
    }
}

/// Whether a text is in the name of a run's job, its function, group or error.
pub(super) fn is_in_run(text: &mut SoughtText, run: &Run) -> bool {
    text.is_in(|place| {
        for text in [&*run.job_name, run.function.name(), run.function.module(), &*run.group] {
            place.add(text);
        }
        if let Some(error) = run.annotated_error() {
            place.add(&error);
        }
    })
}
