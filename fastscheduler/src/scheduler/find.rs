//! Asking for jobs: for one, for all, or for some of many without copying all of
//! them.

use std::cmp::Ordering;
use std::collections::HashSet;

use chrono::{DateTime, Utc};

use super::{Scheduler, SchedulerError};
use crate::job::{IntoJobId, Job, JobId, JobStatus, Name};

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
/// let query = JobQuery { group: Some("mail".to_owned()), limit: Some(2), ..JobQuery::default() };
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
    /// Jobs of this group.
    pub group: Option<String>,
    /// Jobs with this text in their id, name, group or function, in any case.
    pub text: Option<String>,
    /// Jobs of this status.
    pub status: Option<JobStatus>,
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
}

/// Some of the jobs that were asked for.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct JobPage {
    /// The jobs, in the order that was asked for.
    pub jobs: Vec<Job>,
    /// How many there are, without the limit.
    pub total: usize,
}

impl Scheduler {
    /// All jobs, by id.
    pub async fn jobs(&self) -> Result<Vec<Job>, SchedulerError> {
        let orphans = self.0.engine.table.orphans();
        let jobs = self.0.engine.storage.jobs().await?;
        Ok(jobs.into_iter().map(|job| self.as_of_now(job, &orphans)).collect())
    }

    /// The jobs of a group, by id.
    pub async fn jobs_in_group(&self, group: &str) -> Result<Vec<Job>, SchedulerError> {
        let order = JobOrder::Id;
        let query = JobQuery { group: Some(group.to_owned()), order, ..JobQuery::default() };
        Ok(self.find_jobs(&query).await?.jobs)
    }

    /// One job, or `None` if there is none of that id.
    pub async fn job(&self, id: impl IntoJobId) -> Result<Option<Job>, SchedulerError> {
        let Ok(id) = id.into_job_id() else { return Ok(None) };
        let job = self.0.engine.storage.job(id).await?;
        Ok(job.map(|job| self.as_of_now(job, &self.0.engine.table.orphans())))
    }

    /// The job of a key, or `None` if no job has that key.
    pub async fn job_by_key(&self, key: &str) -> Result<Option<Job>, SchedulerError> {
        match self.0.engine.table.by_key(&Name::from(key)) {
            Some(id) => self.job(id).await,
            None => Ok(None),
        }
    }

    /// A stored job, with what only the engine knows of it.
    pub(super) fn as_of_now(&self, mut job: Job, orphans: &HashSet<JobId>) -> Job {
        if let Some(live) = self.0.engine.table.get(job.id) {
            job.doing = live.activity.doing();
        }
        job.is_orphaned = orphans.contains(&job.id);
        job
    }

    /// Some of the jobs: those that a query asks for, in its order.
    pub async fn find_jobs(&self, query: &JobQuery) -> Result<JobPage, SchedulerError> {
        let orphans = self.0.engine.table.orphans();
        let text = query.text.as_ref().map(|text| text.to_lowercase());
        let mut found = Found::new(query);
        self.0
            .engine
            .storage
            .visit_jobs(&mut |job| {
                if query.group.as_ref().is_none_or(|group| job.group() == group)
                    && text.as_ref().is_none_or(|text| has_text(job, text))
                    && query.status.is_none_or(|status| self.has_status(job, status, &orphans))
                {
                    // An orphan is not due, whatever its schedule says.
                    found.add(job, orphans.contains(&job.id));
                }
            })
            .await?;
        let total = found.total;
        let jobs = found.finish().into_iter().map(|job| self.as_of_now(job, &orphans)).collect();
        Ok(JobPage { jobs, total })
    }

    fn has_status(&self, job: &Job, status: JobStatus, orphans: &HashSet<JobId>) -> bool {
        self.as_of_now(job.clone(), orphans).status() == status
    }
}

fn has_text(job: &Job, text: &str) -> bool {
    let function = job.function();
    let is_in = |whole: &str| whole.to_lowercase().contains(text);
    is_in(job.name())
        || is_in(job.group())
        || is_in(function.name())
        || is_in(function.module())
        || job.id().to_string().contains(text)
}

/// The first of the jobs seen so far.
struct Found<'a> {
    query: &'a JobQuery,
    wanted: usize,
    /// In no order; what is beyond those wanted is dropped now and then.
    kept: Vec<(Key, Job)>,
    /// The last of those wanted, once there were enough: what comes after it
    /// need not be kept.
    last: Option<Key>,
    total: usize,
}

impl<'a> Found<'a> {
    fn new(query: &'a JobQuery) -> Self {
        let wanted = query.limit.map_or(usize::MAX, |limit| limit.saturating_add(query.offset));
        Self { query, wanted, kept: Vec::new(), last: None, total: 0 }
    }

    fn add(&mut self, job: &Job, is_orphan: bool) {
        self.total += 1;
        if self.wanted == 0 {
            return;
        }
        let key = Key::of(job, self.query.order, is_orphan);
        if self.last.as_ref().is_some_and(|last| order(self.query, last, &key).is_lt()) {
            return;
        }
        self.kept.push((key, job.clone()));
        // Twice as many before a cut, so that cuts are few.
        if self.kept.len() >= self.wanted.saturating_mul(2).max(64) {
            self.cut();
        }
    }

    fn cut(&mut self) {
        let query = self.query;
        self.kept.sort_unstable_by(|(a, _), (b, _)| order(query, a, b));
        if self.kept.len() >= self.wanted {
            self.kept.truncate(self.wanted);
            self.last = self.kept.last().map(|(key, _)| key.clone());
        }
    }

    fn finish(mut self) -> Vec<Job> {
        self.cut();
        self.kept.into_iter().skip(self.query.offset).map(|(_, job)| job).collect()
    }
}

fn order(query: &JobQuery, a: &Key, b: &Key) -> Ordering {
    let order = a.cmp(b);
    if query.is_descending { order.reverse() } else { order }
}

/// What jobs are ordered by.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Key {
    Instant(bool, Option<DateTime<Utc>>, JobId),
    Id(JobId),
    Text(Name, JobId),
    Count(u64, JobId),
}

impl Key {
    fn of(job: &Job, order: JobOrder, is_orphan: bool) -> Self {
        let instant = |at: Option<DateTime<Utc>>| Self::Instant(at.is_none(), at, job.id);
        match order {
            JobOrder::NextRun => instant(job.next_run_at().filter(|_| !is_orphan)),
            JobOrder::Id => Self::Id(job.id),
            JobOrder::Name => Self::Text(job.definition.name.clone(), job.id),
            JobOrder::Group => Self::Text(job.definition.group.clone(), job.id),
            JobOrder::LastRun => instant(job.last_run_at),
            JobOrder::RunCount => Self::Count(job.run_count, job.id),
            JobOrder::FailureCount => Self::Count(job.failure_count, job.id),
        }
    }
}
