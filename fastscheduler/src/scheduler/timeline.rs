//! What is planned in a span of time: the fires of some jobs, and the load of all.

use chrono::{DateTime, Datelike as _, TimeDelta, Utc};

use super::planned_load::{Load, Work};
use super::{Scheduler, SchedulerError};
use crate::job::{Job, JobId};
use crate::schedule::{ScheduleDefinition, Steps};
use crate::storage::JobQuery;

/// The longest timeline.
const LONGEST: TimeDelta = TimeDelta::days(7);

/// How far back a timeline goes if nothing is said, and how long it is.
const BACK: TimeDelta = TimeDelta::hours(1);
const USUAL: TimeDelta = TimeDelta::hours(7);

/// The most fires of a job that are told one by one.
const ONE_BY_ONE: usize = 60;

/// Fires of a job that do not come at even intervals are counted up to this many.
const COUNTED: u64 = 10_000;

/// How many jobs a timeline has if nothing is said.
const JOBS: usize = 50;

/// Which part of what is planned is asked for.
///
/// # Examples
///
/// See [`Scheduler::timeline`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TimelineQuery {
    /// The first instant; by default 7 hours before `to`, or an hour ago if there is none.
    pub from: Option<DateTime<Utc>>,
    /// The last instant, later than the first by at most 7 days; by default 7 hours after
    /// it.
    pub to: Option<DateTime<Utc>>,
    /// The jobs whose fires are asked for. By default the 50 that are due soonest.
    pub jobs: JobQuery,
}

impl Default for TimelineQuery {
    fn default() -> Self {
        Self { from: None, to: None, jobs: JobQuery { limit: Some(JOBS), ..JobQuery::default() } }
    }
}

/// What is planned in a span of time.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Timeline {
    /// The first instant.
    pub from: DateTime<Utc>,
    /// The last instant.
    pub to: DateTime<Utc>,
    /// How long each step of the load takes: a minute, five or thirty.
    pub step: TimeDelta,
    /// When the first step begins: at a whole multiple of `step` since 1970, so at or
    /// before `from`.
    pub load_from: DateTime<Utc>,
    /// How many fires of all jobs fall into each step, but for those of jobs that are
    /// paused or lack their function. It is at most a minute old.
    pub load: Vec<u64>,
    /// Whether some fires are missing in the load or in the counts of jobs, since it would
    /// have taken too long to look for all of them.
    pub is_partial: bool,
    /// The jobs, in the order that was asked for.
    pub jobs: Vec<PlannedJob>,
    /// How many jobs there are, without the limit.
    pub total: usize,
}

/// The fires of a job that are planned in a span of time.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct PlannedJob {
    /// The job.
    pub job_id: JobId,
    /// Its name.
    pub job_name: String,
    /// Whether it is paused: then it has fires by its schedule, and they do not run.
    pub is_paused: bool,
    /// When it was paused, if it is and that is known.
    pub paused_at: Option<DateTime<Utc>>,
    /// Its schedule, which prints as a sentence.
    pub schedule: ScheduleDefinition,
    /// The first 60 of its fires, in order, by its schedule and without jitter. Those
    /// before it had this schedule are not among them.
    pub fires: Vec<DateTime<Utc>>,
    /// The last of its fires, which may be later than those.
    pub last: Option<DateTime<Utc>>,
    /// How many they are. If they do not come at even intervals, they are counted up to
    /// 10,000, and up to fewer where many jobs have many; `last` is right even where there
    /// are more.
    pub count: u64,
    /// Whether there are no more than `count`.
    pub is_exact: bool,
    /// From one fire to the next, if there are more than 60 and they come at even
    /// intervals.
    pub every: Option<TimeDelta>,
}

impl Scheduler {
    /// What is planned in a span of time, the past included: the fires of some jobs by
    /// their schedules, and how many all jobs have in each step.
    ///
    /// The load is computed once a minute for everybody, and only if somebody asks.
    ///
    /// # Errors
    ///
    /// [`SchedulerError::TimelineSpan`] if it does not end after it begins, or takes more
    /// than 7 days.
    ///
    /// # Examples
    ///
    /// ```rust,standalone_crate
    /// use chrono::TimeDelta;
    /// use fastscheduler::TimelineQuery;
    /// use fastscheduler::prelude::*;
    /// use fastscheduler::storage::MemoryStorage;
    ///
    /// # tokio::runtime::Runtime::new()?.block_on(async {
    /// let scheduler = Scheduler::builder().storage(MemoryStorage::default()).build().await?;
    /// scheduler.add(every(1).hours().run("tidy", || async {})).await?;
    /// scheduler.add(every(1).seconds().run("look", || async {})).await?;
    ///
    /// let timeline = scheduler.timeline(&TimelineQuery::default()).await?;
    /// let [look, tidy] = &timeline.jobs[..] else { panic!("there are two jobs") };
    /// assert_eq!((tidy.count, tidy.fires.len(), tidy.every), (6, 6, None));
    /// assert_eq!((look.fires.len(), look.every), (60, Some(TimeDelta::seconds(1))));
    /// assert!(look.count > 21_000);
    /// # anyhow::Ok(()) })?;
    /// # anyhow::Ok(())
    /// ```
    pub async fn timeline(&self, query: &TimelineQuery) -> Result<Timeline, SchedulerError> {
        let now = self.now();
        let (from, to) = span_of(query, now);
        // Where instants end, there is no room for what comes before and after.
        if to <= from || to - from > LONGEST || from.year() < 0 || to.year() > 9_999 {
            return Err(SchedulerError::TimelineSpan { from, to });
        }
        let step = step_of(to - from);
        let steps = Steps::around(from, to, step);
        let Load { counts, is_partial } = self.planned_load(steps).await;
        let page = self.find_jobs(&query.jobs).await?;
        let mut work = Work::default();
        let mut jobs = Vec::with_capacity(page.jobs.len());
        for job in &page.jobs {
            jobs.push(self.planned_of(job, from, to, &mut work).await?);
        }
        let is_cut = |job: &PlannedJob| !job.is_exact && job.count < COUNTED;
        let is_partial = is_partial || jobs.iter().any(is_cut);
        let (load_from, load, total) = (steps.from, counts.to_vec(), page.total);
        Ok(Timeline { from, to, step, load_from, load, is_partial, jobs, total })
    }

    async fn planned_of(
        &self,
        job: &Job,
        from: DateTime<Utc>,
        to: DateTime<Utc>,
        work: &mut Work,
    ) -> Result<PlannedJob, SchedulerError> {
        let schedule = self.timetable_of(job)?;
        let after = (from - TimeDelta::microseconds(1)).max(job.scheduled_since());
        let period = schedule.period();
        let (mut fires, mut last, mut count, mut is_exact) = (Vec::new(), None, 0, true);
        for fire in schedule.upcoming(after).take_while(|fire| *fire <= to) {
            work.look_for_fire().await;
            last = Some(fire);
            count += 1;
            if fires.len() < ONE_BY_ONE {
                fires.push(fire);
            } else if let Some(range) = period.and_then(|_| schedule.count_between(after, to, COUNTED)) {
                (count, last) = (range.count, Some(range.last));
                break;
            } else if (count >= COUNTED || work.is_too_much())
                && let Some(latest) = schedule.latest_at_or_before(to, fire)
            {
                // The rest is not worth looking at one by one.
                (last, is_exact) = (Some(latest), false);
                break;
            }
        }
        Ok(PlannedJob {
            job_id: job.id(),
            job_name: job.name().to_owned(),
            is_paused: job.is_paused(),
            paused_at: job.paused_at(),
            schedule: job.definition().schedule.clone(),
            every: period.filter(|_| count > ONE_BY_ONE as u64),
            fires,
            last,
            count,
            is_exact,
        })
    }
}

/// The first and the last instant of a timeline.
fn span_of(query: &TimelineQuery, now: DateTime<Utc>) -> (DateTime<Utc>, DateTime<Utc>) {
    let later = |from: DateTime<Utc>| from.checked_add_signed(USUAL).unwrap_or(DateTime::<Utc>::MAX_UTC);
    let earlier = |to: DateTime<Utc>| to.checked_sub_signed(USUAL).unwrap_or(DateTime::<Utc>::MIN_UTC);
    match (query.from, query.to) {
        (Some(from), Some(to)) => (from, to),
        (Some(from), None) => (from, later(from)),
        (None, Some(to)) => (earlier(to), to),
        (None, None) => (now - BACK, later(now - BACK)),
    }
}

/// How long the steps of a timeline are. Each of the usual lengths has an hour of the
/// past besides.
fn step_of(length: TimeDelta) -> TimeDelta {
    if length <= TimeDelta::hours(7) {
        TimeDelta::minutes(1)
    } else if length <= TimeDelta::hours(25) {
        TimeDelta::minutes(5)
    } else {
        TimeDelta::minutes(30)
    }
}
