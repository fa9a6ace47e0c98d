//! Which jobs are asked for.

use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;

use chrono::{DateTime, Utc};

use crate::job::{Attention, Attentions, Doing, Job, JobId, JobMap, JobStatus};

/// Which jobs are asked for, in which order, and how many of them.
///
/// # Examples
///
/// ```
/// use fastscheduler::prelude::*;
/// use fastscheduler::storage::MemoryStorage;
/// use fastscheduler::{JobOrder, JobQuery};
///
/// # tokio::runtime::Runtime::new()?.block_on(async {
/// let scheduler = Scheduler::builder().storage(MemoryStorage::default()).build().await?;
/// for minutes in [30, 10, 20] {
///     let name = format!("in {minutes}");
///     scheduler.add(once(minutes * 60).group("mail").run(name, || async {})).await?;
/// }
/// let query = JobQuery { groups: vec!["mail".to_owned()], limit: Some(2), ..JobQuery::default() };
/// let page = scheduler.find_jobs(&query).await?;
/// assert_eq!(page.total, 3);
/// assert_eq!(page.jobs.iter().map(|job| job.name()).collect::<Vec<_>>(), ["in 10", "in 20"]);
///
/// let query = JobQuery { text: Some("30".to_owned()), order: JobOrder::Name, ..JobQuery::default() };
/// assert_eq!(scheduler.find_jobs(&query).await?.total, 1);
/// # anyhow::Ok(()) })?;
/// # anyhow::Ok(())
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct JobQuery {
    /// Jobs of any of these groups; of all groups if there are none.
    pub groups: Vec<String>,
    /// Jobs with this text in their id, name, group or function, in any case.
    pub text: Option<String>,
    /// Jobs of any of these statuses; of all statuses if there are none.
    pub statuses: Vec<JobStatus>,
    /// Jobs that want attention for any of these; all jobs if there is none.
    pub attention: Vec<Attention>,
    /// What comes first.
    pub order: JobOrder,
    /// The other way round.
    pub is_descending: bool,
    /// How many of the first are left out.
    ///
    /// To read page after page, order by [`JobOrder::Id`] or [`JobOrder::Name`]. A job
    /// that fires moves in the orders by its runs or failures, so a page may skip
    /// jobs or repeat them.
    pub offset: usize,
    /// The most jobs; `None` for all.
    pub limit: Option<usize>,
}

/// What comes first of several jobs; the older one where they are the same.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum JobOrder {
    /// The one that is due soonest; those that are not due come last.
    #[default]
    NextRun,
    /// The one that was made first.
    Id,
    /// The name, by its letters.
    Name,
    /// The group, by its letters.
    Group,
    /// The one that ran longest ago; those that never ran come last.
    LastRun,
    /// The one with the fewest runs.
    RunCount,
    /// The one with the fewest failures.
    FailureCount,
    /// What wants attention, by its most urgent [`Attention`]; then all others. By their
    /// names where that is the same.
    Attention,
    /// The status, in the order of [`JobStatus`].
    Status,
    /// How the last attempt ended: completed, then failed; those that never ran come last.
    LastStatus,
}

impl JobQuery {
    /// Whether the answer depends on what jobs are doing now.
    pub(super) fn asks_for_status(&self) -> bool {
        !self.statuses.is_empty() || self.order == JobOrder::Status
    }

    /// Whether the answer depends on what jobs want attention for, which
    /// [`JobsNow::with_attention`] says.
    pub(crate) fn asks_for_attention(&self) -> bool {
        !self.attention.is_empty() || self.order == JobOrder::Attention
    }
}

/// Some of the jobs that were asked for.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct JobPage {
    /// The jobs, in the order that was asked for.
    pub jobs: Vec<Job>,
    /// How many there are, without the limit.
    pub total: usize,
}

/// What a scheduler knows of its jobs that no store does: which of them run here,
/// which lack their function, and which want attention.
///
/// # Examples
///
/// ```
/// use std::sync::Arc;
///
/// use fastscheduler::storage::{JobsNow, MemoryStorage, Storage};
/// use fastscheduler::{JobQuery, JobStatus};
///
/// # tokio::runtime::Builder::new_current_thread().build()?.block_on(async {
/// let storage = MemoryStorage::default();
/// let query = JobQuery { statuses: vec![JobStatus::Running], ..JobQuery::default() };
/// assert_eq!(storage.find_jobs(&query, &JobsNow::default()).await?.total, 0);
/// # anyhow::Ok(()) })?;
/// # anyhow::Ok(())
/// ```
#[derive(Debug, Clone, Default)]
pub struct JobsNow {
    running: HashSet<JobId>,
    orphaned: Arc<HashSet<JobId>>,
    attention: Arc<JobMap<Attentions>>,
}

impl JobsNow {
    /// These jobs have an attempt under way, and those lack their function.
    #[must_use]
    pub fn new(running: impl IntoIterator<Item = JobId>, orphaned: Arc<HashSet<JobId>>) -> Self {
        Self { running: running.into_iter().collect(), orphaned, attention: Arc::default() }
    }

    /// The same with all that jobs want attention for. A query that asks for none of it
    /// may be answered without.
    #[must_use]
    pub fn with_attention(self, attention: impl IntoIterator<Item = (JobId, Attention)>) -> Self {
        let mut of_jobs = JobMap::<Attentions>::default();
        attention.into_iter().for_each(|(job, why)| of_jobs.entry(job).or_default().add(why));
        self.with_attentions(Arc::new(of_jobs))
    }

    pub(crate) fn with_attentions(self, attention: Arc<JobMap<Attentions>>) -> Self {
        Self { attention, ..self }
    }

    /// What a job wants attention for, the most urgent first.
    pub fn attention(&self, job: JobId) -> impl Iterator<Item = Attention> {
        self.attention.get(&job).copied().unwrap_or_default().iter()
    }

    /// The jobs with an attempt under way, in no order.
    pub fn running(&self) -> impl Iterator<Item = JobId> {
        self.running.iter().copied()
    }

    /// The jobs whose function is not there, in no order.
    pub fn orphaned(&self) -> impl Iterator<Item = JobId> {
        self.orphaned.iter().copied()
    }

    /// The status of a stored job; `has_open_fires` is whether the store has open
    /// fires of it.
    #[must_use]
    pub fn status(&self, job: &Job, has_open_fires: bool) -> JobStatus {
        let doing = if self.running.contains(&job.id) {
            Doing::Running
        } else if has_open_fires {
            Doing::Waiting
        } else {
            Doing::Nothing
        };
        job.status_as(doing, self.orphaned.contains(&job.id))
    }

    /// When a stored job is due next: never, if it is paused or lacks its function.
    #[must_use]
    pub fn next_run_at(&self, job: &Job) -> Option<DateTime<Utc>> {
        job.next_run_at().filter(|_| !self.orphaned.contains(&job.id))
    }
}

/// How many jobs there are of each kind. A status that no job has is left out, and
/// so is a group without jobs.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct JobCounts {
    /// By status.
    pub by_status: BTreeMap<JobStatus, usize>,
    /// By group, and there by status.
    pub by_group: BTreeMap<String, BTreeMap<JobStatus, usize>>,
}

impl JobCounts {
    /// Counts one more job.
    pub(super) fn add(&mut self, job: &Job, status: JobStatus) {
        *self.by_status.entry(status).or_default() += 1;
        // Most groups are there, and then the name need not be cloned.
        let of_group = match self.by_group.get_mut(job.group()) {
            Some(of_group) => of_group,
            None => self.by_group.entry(job.group().to_owned()).or_default(),
        };
        *of_group.entry(status).or_default() += 1;
    }
}
