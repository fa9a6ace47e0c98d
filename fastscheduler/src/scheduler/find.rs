//! Asking for jobs: for one, for all, or for some of many without copying all of
//! them.

use std::sync::Arc;

use super::{Scheduler, SchedulerError};
use crate::job::{IntoJobId, Job, Name};
use crate::storage::{JobCounts, JobOrder, JobPage, JobQuery, JobsNow};

impl Scheduler {
    /// All jobs, by id.
    pub async fn jobs(&self) -> Result<Vec<Job>, SchedulerError> {
        let jobs = self.0.engine.storage.jobs().await?;
        Ok(jobs.into_iter().map(|job| self.as_of_now(job)).collect())
    }

    /// The jobs of a group, by id.
    pub async fn jobs_in_group(&self, group: &str) -> Result<Vec<Job>, SchedulerError> {
        let order = JobOrder::Id;
        let query = JobQuery { groups: vec![group.to_owned()], order, ..JobQuery::default() };
        Ok(self.find_jobs(&query).await?.jobs)
    }

    /// One job, or `None` if there is none of that id.
    pub async fn job(&self, id: impl IntoJobId) -> Result<Option<Job>, SchedulerError> {
        let Ok(id) = id.into_job_id() else { return Ok(None) };
        let job = self.0.engine.storage.job(id).await?;
        Ok(job.map(|job| self.as_of_now(job)))
    }

    /// The job of a key, or `None` if no job has that key.
    pub async fn job_by_key(&self, key: &str) -> Result<Option<Job>, SchedulerError> {
        match self.0.engine.table.by_key(&Name::from(key)) {
            Some(id) => self.job(id).await,
            None => Ok(None),
        }
    }

    /// A stored job, with what only the engine knows of it.
    pub(super) fn as_of_now(&self, mut job: Job) -> Job {
        let table = &self.0.engine.table;
        match table.get(job.id) {
            Some(live) => job.doing = live.activity.doing(),
            None => job.is_orphaned = table.is_orphan(job.id),
        }
        job
    }

    /// Some of the jobs: those that a query asks for, in its order.
    pub async fn find_jobs(&self, query: &JobQuery) -> Result<JobPage, SchedulerError> {
        let now = self.jobs_now(query).await?;
        let page = self.0.engine.storage.find_jobs(query, &now).await?;
        let jobs = page.jobs.into_iter().map(|job| self.as_of_now(job)).collect();
        Ok(JobPage { jobs, ..page })
    }

    /// How many jobs there are of each status and in each group.
    pub async fn job_counts(&self) -> Result<JobCounts, SchedulerError> {
        self.count_jobs(&JobQuery::default()).await
    }

    /// How many of the jobs that a query asks for there are of each status and in each
    /// group, whatever its limit is. All jobs are looked at for that.
    ///
    /// # Examples
    ///
    /// ```
    /// use fastscheduler::prelude::*;
    /// use fastscheduler::{JobQuery, JobStatus, storage::MemoryStorage};
    ///
    /// # tokio::runtime::Runtime::new()?.block_on(async {
    /// let scheduler = Scheduler::builder().storage(MemoryStorage::default()).build().await?;
    /// for (name, group) in [("digest", "mail"), ("reminder", "mail"), ("backup", "night")] {
    ///     scheduler.add(every(1).hours().group(group).run(name, || async {})).await?;
    /// }
    /// let query = JobQuery { text: Some("DIGEST".to_owned()), ..JobQuery::default() };
    /// let counts = scheduler.count_jobs(&query).await?;
    /// assert_eq!(counts.by_status[&JobStatus::Scheduled], 1);
    /// assert_eq!(counts.by_group.keys().collect::<Vec<_>>(), ["mail"]);
    /// # anyhow::Ok(()) })?;
    /// # anyhow::Ok(())
    /// ```
    pub async fn count_jobs(&self, query: &JobQuery) -> Result<JobCounts, SchedulerError> {
        let now = self.jobs_now(query).await?;
        Ok(self.0.engine.storage.job_counts(query, &now).await?)
    }

    /// What a query needs to know of jobs and no store does.
    pub(super) async fn jobs_now(&self, query: &JobQuery) -> Result<JobsNow, SchedulerError> {
        let engine = &self.0.engine;
        let now = JobsNow::new(engine.running_jobs(), engine.table.orphans());
        if query.asks_for_attention() {
            return Ok(now.with_attentions(Arc::clone(&engine.standing().await?.attention)));
        }
        Ok(now)
    }
}
