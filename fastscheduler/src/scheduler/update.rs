//! Updating a job: what is named changes, and the rest stays.

use std::sync::Arc;

use super::control::job_id;
use super::edit::{Edit, Fires};
use super::{Scheduler, SchedulerError};
use crate::job::settings::{SettingError, job_setters};
use crate::job::{IntoJobId, Job, JobDefinition, JobSettings, RescheduleCause, SkipReason, check_arguments};
use crate::registry::Arguments;
use crate::schedule::kind::Kind;
use crate::schedule::{
    Nature, ScheduleBuilder, ScheduleDefinition, ScheduleError, ScheduleSettings, schedule_setters,
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
    settings: JobSettings,
    if_revision: Option<u64>,
}

impl JobUpdate {
    /// An update that changes nothing yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// When it is due from now on. What else may be said of a schedule, such as its
    /// zone, stays unless it is named, here or in the schedule. A delay counts from
    /// the update, and so does an interval that is another one than before.
    pub fn schedule<K: Kind>(mut self, schedule: ScheduleBuilder<K>) -> Self {
        let mut read = None;
        let schedule = schedule.definition().map_err(SettingError::Schedule);
        self.settings.take(schedule, |_, schedule| read = Some(schedule));
        Self { schedule: read.or(self.schedule), ..self }
    }

    job_setters!(Self);
    schedule_setters!();

    /// Refuses the update if the job is not at this revision any more.
    pub fn if_revision(mut self, revision: u64) -> Self {
        self.if_revision = Some(revision);
        self
    }

    /// An update with these settings.
    #[cfg(feature = "web")]
    pub(crate) fn of(settings: JobSettings) -> Self {
        Self { settings, ..Self::default() }
    }

    fn set_job<T>(mut self, read: Result<T, SettingError>, apply: impl FnOnce(&mut JobSettings, T)) -> Self {
        self.settings.take(read, apply);
        self
    }

    fn set_schedule<T>(
        self,
        read: Result<T, ScheduleError>,
        apply: impl FnOnce(&mut ScheduleSettings, T),
    ) -> Self {
        let read = read.map_err(SettingError::Schedule);
        self.set_job(read, |settings, value| apply(&mut settings.schedule, value))
    }

    fn is_empty(&self) -> bool {
        self.settings.enabled.is_none() && self.keeps_definition()
    }

    fn keeps_definition(&self) -> bool {
        self.schedule.is_none() && self.settings.keep_definition()
    }

    /// The definition with what the update names.
    fn applied(&self, before: &JobDefinition) -> JobDefinition {
        let mut after = before.clone();
        if let Some(schedule) = &self.schedule {
            after.schedule.spec = schedule.spec.clone();
            if !schedule.spec.is_recurring() {
                // A window is for what repeats.
                (after.schedule.from, after.schedule.until) = (None, None);
            }
            after.schedule = ScheduleSettings::of(schedule).applied_to(after.schedule);
        }
        self.settings.apply_to(&mut after);
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
        update.settings.check()?;
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
        let is_paused = update.settings.enabled.map_or(job.is_paused, |is_enabled| !is_enabled);
        if update.keeps_definition() && is_paused == job.is_paused {
            return Ok(None);
        }
        let definition = update.applied(&job.definition);
        // What was named was checked, but the rest counts as well.
        check_arguments(&definition.args, &definition.kwargs)?;
        let arguments = Arguments { args: definition.args.clone(), kwargs: definition.kwargs.clone() };
        let live = self.0.engine.table.get(job.id);
        if update.settings.args.is_some() || update.settings.kwargs.is_some() {
            let function = live.ok_or_else(|| self.why_not_live(job))?;
            function.function.check(&arguments).map_err(|error| {
                let function = job.function().clone();
                SchedulerError::Arguments { function, error }
            })?;
        }
        let (before, after) = (&job.definition.schedule, &definition.schedule);
        let is_moved = match after.spec.nature() {
            // Zones do not matter to what is elapsed time.
            Nature::Elapsed { .. } if !before.has_window() && !after.has_window() => {
                after.spec != before.spec
            }
            // The same delay once more is another instant.
            Nature::Counted { .. } => after.spec != before.spec || update.schedule.is_some(),
            Nature::Elapsed { .. } | Nature::Calendar | Nature::Dated(_) => after != before,
        };
        let fires = if is_moved {
            Fires::Renew(RescheduleCause::Schedule)
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
