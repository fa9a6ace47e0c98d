//! Updating a job: what is named changes, and the rest stays.

use std::sync::Arc;
use std::time::Duration;

use chrono_tz::Tz;
use serde::Serialize;
use serde_json::{Map, Value};

use super::add::{check_name, check_size};
use super::control::job_id;
use super::edit::{Edit, Fires};
use super::new_job::{read_args, read_kwargs, read_length};
use super::{Scheduler, SchedulerError};
use crate::job::{CatchUp, IntoJobId, Job, JobDefinition, Name, Overlap, SkipReason};
use crate::registry::Arguments;
use crate::schedule::kind::Kind;
use crate::schedule::{
    Fold, Gap, IntoZone, OptionalAmount, ScheduleBuilder, ScheduleDefinition, ScheduleSpec,
};

/// What is to change of a job. What is not named stays as it is.
///
/// # Examples
///
/// ```
/// use fastscheduler::prelude::*;
/// use fastscheduler::storage::MemoryStorage;
/// use fastscheduler::JobUpdate;
///
/// # tokio::runtime::Runtime::new()?.block_on(async {
/// let scheduler = Scheduler::builder().storage(MemoryStorage::default()).build().await?;
/// let id = scheduler.add(daily().at("09:00").tz("Asia/Tokyo").run("report", || async {})).await?;
/// scheduler.update_job(&id, JobUpdate::new().schedule(daily().at("10:30")).retries(5)).await?;
/// let job = scheduler.job(&id).await?.unwrap();
/// assert_eq!(job.definition().schedule.to_string(), "Daily at 10:30 (Asia/Tokyo)");
/// assert_eq!((job.max_retries(), job.revision()), (5, 2));
/// # anyhow::Ok(()) })?;
/// # anyhow::Ok(())
/// ```
#[derive(Debug, Default)]
#[must_use = "an update changes nothing until it is given to `update_job`"]
pub struct JobUpdate {
    schedule: Option<ScheduleDefinition>,
    zone: Option<NewZone>,
    gap: Option<Gap>,
    fold: Option<Fold>,
    name: Option<String>,
    group: Option<String>,
    args: Option<Vec<Value>>,
    kwargs: Option<Map<String, Value>>,
    retries: Option<u32>,
    timeout: Option<Length>,
    jitter: Option<Length>,
    catch_up: Option<CatchUp>,
    overlap: Option<Overlap>,
    is_enabled: Option<bool>,
    if_revision: Option<u64>,
    /// The first mistake that a setting made.
    mistake: Option<SchedulerError>,
}

/// A length of time that a job is to have, or to have no more.
#[derive(Debug, Clone, Copy)]
struct Length(Option<Duration>);

impl Length {
    fn read(setting: &'static str, length: impl Into<OptionalAmount>) -> Result<Self, SchedulerError> {
        let OptionalAmount(length) = length.into();
        length.map(|length| read_length(setting, length)).transpose().map(Self)
    }
}

/// The zone that a job is to have.
#[derive(Debug, Clone, Copy)]
enum NewZone {
    Its(Tz),
    Schedulers,
}

impl JobUpdate {
    /// An update that changes nothing yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// When it is due from now on. Its zone, `gap` and `fold` stay unless they
    /// are named, here or in the schedule. A delay counts from the update, and
    /// so does an interval that is another one than before.
    pub fn schedule<K: Kind>(self, schedule: ScheduleBuilder<K>) -> Self {
        self.take(schedule.definition(), |update, schedule| update.schedule = Some(schedule))
    }

    /// The zone of its local times: an IANA name or a [`Tz`].
    pub fn tz(self, zone: impl IntoZone) -> Self {
        self.take(zone.into_zone(), |update, zone| update.zone = Some(NewZone::Its(zone)))
    }

    /// Its local times are in the scheduler's zone, whatever that is.
    pub fn default_zone(mut self) -> Self {
        self.zone = Some(NewZone::Schedulers);
        self
    }

    /// Whether it fires; `false` pauses it, and `true` resumes it as
    /// [`resume_job`](Scheduler::resume_job) does.
    pub fn enabled(mut self, is_enabled: bool) -> Self {
        self.is_enabled = Some(is_enabled);
        self
    }

    /// What a nominal time does that clocks going forward leave out.
    pub fn gap(mut self, gap: Gap) -> Self {
        self.gap = Some(gap);
        self
    }

    /// What a nominal time does that clocks going back repeat.
    pub fn fold(mut self, fold: Fold) -> Self {
        self.fold = Some(fold);
        self
    }

    /// The name people know it by; 1 to 200 characters.
    pub fn name(mut self, name: impl Into<String>) -> Self {
        self.name = Some(name.into());
        self
    }

    /// The group it belongs to; 1 to 200 characters.
    pub fn group(mut self, group: impl Into<String>) -> Self {
        self.group = Some(group.into());
        self
    }

    /// All its positional arguments: an array or a tuple.
    pub fn args(self, args: impl Serialize) -> Self {
        self.take(read_args(args), |update, args| update.args = Some(args))
    }

    /// All its keyword arguments: a map or a struct, or pairs of names and values.
    pub fn kwargs(self, kwargs: impl Serialize) -> Self {
        self.take(read_kwargs(kwargs), |update, kwargs| update.kwargs = Some(kwargs))
    }

    /// Attempts after the first that failed.
    pub fn retries(mut self, retries: u32) -> Self {
        self.retries = Some(retries);
        self
    }

    /// The longest an attempt may take: a text such as `5m`, a number of
    /// seconds, or a [`Duration`]; `None` for as long as it likes.
    pub fn timeout(self, timeout: impl Into<OptionalAmount>) -> Self {
        self.take(Length::read("timeout", timeout), |update, timeout| update.timeout = Some(timeout))
    }

    /// Delays each fire by up to this much: a text such as `10s`, a number of
    /// seconds, or a [`Duration`]; `None` not at all.
    pub fn jitter(self, jitter: impl Into<OptionalAmount>) -> Self {
        self.take(Length::read("jitter", jitter), |update, jitter| update.jitter = Some(jitter))
    }

    /// What happens to fires that were missed.
    pub fn catch_up(mut self, catch_up: CatchUp) -> Self {
        self.catch_up = Some(catch_up);
        self
    }

    /// What happens to a fire while the job is still at an earlier one.
    pub fn overlap(mut self, overlap: Overlap) -> Self {
        self.overlap = Some(overlap);
        self
    }

    /// Refuses the update if the job is not at this revision any more.
    pub fn if_revision(mut self, revision: u64) -> Self {
        self.if_revision = Some(revision);
        self
    }

    /// Takes over what was read, or keeps the mistake.
    fn take<T, E: Into<SchedulerError>>(
        mut self,
        read: Result<T, E>,
        take_over: impl FnOnce(&mut Self, T),
    ) -> Self {
        match read {
            Ok(value) => take_over(&mut self, value),
            Err(mistake) => {
                self.mistake.get_or_insert(mistake.into());
            }
        }
        self
    }

    fn is_empty(&self) -> bool {
        self.is_enabled.is_none() && self.keeps_definition()
    }

    fn keeps_definition(&self) -> bool {
        let Self { schedule, zone, gap, fold, name, group, args, kwargs, .. } = self;
        let Self { retries, timeout, jitter, catch_up, overlap, .. } = self;
        schedule.is_none()
            && zone.is_none()
            && gap.is_none()
            && fold.is_none()
            && name.is_none()
            && group.is_none()
            && args.is_none()
            && kwargs.is_none()
            && retries.is_none()
            && timeout.is_none()
            && jitter.is_none()
            && catch_up.is_none()
            && overlap.is_none()
    }

    /// The definition with what the update names.
    fn applied(&self, before: &JobDefinition) -> JobDefinition {
        let mut after = before.clone();
        if let Some(schedule) = &self.schedule {
            after.schedule.spec = schedule.spec.clone();
        }
        let written = self.schedule.as_ref();
        let was = &before.schedule;
        after.schedule.zone = match self.zone {
            Some(NewZone::Its(zone)) => Some(zone),
            Some(NewZone::Schedulers) => None,
            None => written.and_then(|s| s.zone).or(was.zone),
        };
        after.schedule.gap = self.gap.or(written.and_then(|s| s.gap)).or(was.gap);
        after.schedule.fold = self.fold.or(written.and_then(|s| s.fold)).or(was.fold);
        if let Some(name) = &self.name {
            after.name = Name::from(name.as_str());
        }
        if let Some(group) = &self.group {
            after.group = Name::from(group.as_str());
        }
        after.args = self.args.clone().unwrap_or(after.args);
        after.kwargs = self.kwargs.clone().unwrap_or(after.kwargs);
        let policy = &mut after.policy;
        policy.max_retries = self.retries.unwrap_or(policy.max_retries);
        policy.timeout = self.timeout.map_or(policy.timeout, |Length(timeout)| timeout);
        policy.jitter = self.jitter.map_or(policy.jitter, |Length(jitter)| jitter);
        policy.catch_up = self.catch_up.unwrap_or(policy.catch_up);
        policy.overlap = self.overlap.unwrap_or(policy.overlap);
        after
    }
}

impl Scheduler {
    /// Changes what a job is told to do: all that the update names, or nothing.
    ///
    /// A new schedule moves the next run, counted from now, and is recorded in
    /// the history; so does a new zone, but for intervals and delays. What is
    /// under way goes on as it was begun; a retry that waits runs as the job is
    /// then.
    ///
    /// # Errors
    ///
    /// [`SchedulerError::UnknownJob`] if there is no job of that id, and as
    /// [`add`](Self::add) for any value that is not allowed;
    /// [`SchedulerError::Outdated`] if the job is not at the revision that the
    /// update is for; [`SchedulerError::NothingToUpdate`].
    pub async fn update_job(&self, id: impl IntoJobId, update: JobUpdate) -> Result<(), SchedulerError> {
        let id = job_id(id)?;
        let mut update = update;
        if let Some(mistake) = update.mistake.take() {
            return Err(mistake);
        }
        if update.is_empty() {
            return Err(SchedulerError::NothingToUpdate);
        }
        let scheduler = self.clone();
        self.edit(id, None, move |job| scheduler.updated(job, &update)).await.map(drop)
    }

    fn updated(&self, job: &Job, update: &JobUpdate) -> Result<Option<Edit>, SchedulerError> {
        if update.if_revision.is_some_and(|revision| revision != job.revision) {
            return Err(SchedulerError::Outdated { job: job.id, revision: job.revision });
        }
        let is_paused = update.is_enabled.map_or(job.is_paused, |is_enabled| !is_enabled);
        if update.keeps_definition() && is_paused == job.is_paused {
            return Ok(None);
        }
        let definition = update.applied(&job.definition);
        for (what, text) in [("name", &definition.name), ("group", &definition.group)] {
            check_name(what, text)?;
        }
        let arguments = Arguments { args: definition.args.clone(), kwargs: definition.kwargs.clone() };
        check_size(&arguments)?;
        let live = self.0.engine.table.get(job.id);
        if update.args.is_some() || update.kwargs.is_some() {
            let function = live.ok_or_else(|| self.why_not_live(job))?;
            function.function.check(&arguments).map_err(|error| {
                let function = job.function().clone();
                SchedulerError::Arguments { function, error }
            })?;
        }
        let (before, after) = (&job.definition.schedule, &definition.schedule);
        let is_moved = match after.spec {
            // Zones do not matter to what is elapsed time.
            ScheduleSpec::Every { .. } => after.spec != before.spec,
            // The same delay once more is another instant.
            ScheduleSpec::Once { .. } | ScheduleSpec::Now { .. } => {
                after.spec != before.spec || update.schedule.is_some()
            }
            _ => after != before,
        };
        let fires = if is_moved {
            Fires::Renew(SkipReason::Rescheduled)
        } else if job.is_paused && !is_paused {
            Fires::Skip(SkipReason::Paused)
        } else {
            Fires::Stay
        };
        // An edit leaves what the code said: only if that changes, the code wins.
        let declared = if update.keeps_definition() { job.declared.clone() } else { job.last_declared() };
        Ok(Some(Edit { definition: Arc::new(definition), is_paused, declared, fires }))
    }
}
