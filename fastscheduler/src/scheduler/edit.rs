//! Changing a job that is there: whole or not at all, whoever else changes it.

use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};

use super::{Scheduler, SchedulerError};
use crate::engine::{Activity, LiveJob};
use crate::job::{
    ClosedSchedule, Declared, Job, JobDefinition, JobId, JobRevision, Progress, RescheduleCause, Rewind, Run,
    SkipReason, Skipped,
};
use crate::registry::Function;
use crate::schedule::{Nature, ScheduleDefinition, ScheduleError, Timetable};
use crate::storage::{Change, Durability, SkippedFires, StorageError};

/// How often a change is tried again when somebody else was faster.
pub(super) const TRIES: usize = 1_000;

/// What a job becomes.
pub(super) struct Edit {
    pub(super) definition: Arc<JobDefinition>,
    pub(super) is_paused: bool,
    pub(super) declared: Option<Arc<Declared>>,
    pub(super) fires: Fires,
}

/// What becomes of its fires.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fires {
    /// They come as before.
    Stay,
    /// Those that are due do not run.
    Skip(SkipReason),
    /// They come by the new schedule from now on.
    Renew(RescheduleCause),
}

/// What an interval counts from that stays the same but for its last date or its
/// zone: what it counted from before, so that it stays on its grid.
fn kept_anchor(job: &Job, after: &ScheduleDefinition) -> Option<DateTime<Utc>> {
    let before = &job.definition.schedule;
    let is_grid = matches!(after.spec.nature(), Nature::Elapsed { anchor: None, .. });
    let is_kept = is_grid && before.spec == after.spec && before.from.is_none() && after.from.is_none();
    is_kept.then(|| job.counts_from())
}

impl Edit {
    /// The job as it is.
    pub(super) fn of(job: &Job) -> Self {
        Self {
            definition: Arc::clone(&job.definition),
            is_paused: job.is_paused,
            declared: job.declared.clone(),
            fires: Fires::Stay,
        }
    }
}

impl Scheduler {
    /// Changes a job as `edit` says, in the store and in the engine. Returns
    /// whether there was anything to change.
    ///
    /// `edit` is asked again if somebody else changed the job meanwhile.
    pub(super) async fn edit(
        &self,
        id: JobId,
        function: Option<&Arc<Function>>,
        edit: impl Fn(&Job) -> Result<Option<Edit>, SchedulerError> + Send + 'static,
    ) -> Result<bool, SchedulerError> {
        let (scheduler, function) = (self.clone(), function.cloned());
        let edited = async move {
            let editing = scheduler.0.engine.edit(id).await?;
            let is_edited = scheduler.edit_alone(id, function.as_ref(), edit).await;
            scheduler.0.engine.end_edits(vec![editing], is_edited).await
        };
        self.0.engine.to_the_end(edited).await
    }

    async fn edit_alone(
        &self,
        id: JobId,
        function: Option<&Arc<Function>>,
        edit: impl Fn(&Job) -> Result<Option<Edit>, SchedulerError>,
    ) -> Result<bool, SchedulerError> {
        let engine = &self.0.engine;
        let mut tries = 0;
        loop {
            let mut job = self.stored(id).await?;
            // The answer to an earlier change may have been lost.
            self.agree(&job, function).await?;
            let Some(edit) = edit(&job)? else {
                // It is as it should be, but perhaps not safe yet.
                engine.apply(&[], Durability::Now).await?;
                return Ok(false);
            };
            let changes = self.revise(&mut job, edit, engine.clock.now())?;
            match engine.apply(&changes, Durability::Now).await {
                Ok(()) => {
                    engine.announce(&changes);
                    engine.prune_if_due().await;
                    self.adopt_stored(id, function).await?;
                    return Ok(true);
                }
                Err(StorageError::Conflict(_)) if tries < TRIES => tries += 1,
                Err(error) => {
                    // Perhaps only the answer was lost.
                    if let Ok(job) = self.stored(id).await
                        && self.agree(&job, function).await?
                    {
                        engine.announce(&changes[..1]);
                    }
                    return Err(error.into());
                }
            }
        }
    }

    /// Adopts the stored revision of a job if it is newer than the one that the engine
    /// has. Returns whether it was.
    pub(super) async fn agree(
        &self,
        job: &Job,
        function: Option<&Arc<Function>>,
    ) -> Result<bool, SchedulerError> {
        let is_news = self.0.engine.table.get(job.id).is_some_and(|known| known.revision < job.revision);
        if is_news {
            self.adopt_stored(job.id, function).await?;
        }
        Ok(is_news)
    }

    /// A job as the store has it.
    pub(super) async fn stored(&self, id: JobId) -> Result<Job, SchedulerError> {
        let job = self.0.engine.storage.job(id).await?;
        job.ok_or_else(|| SchedulerError::UnknownJob(id.to_string()))
    }

    /// Has the engine adopt the revision of a job that the store has now.
    pub(super) async fn adopt_stored(
        &self,
        id: JobId,
        function: Option<&Arc<Function>>,
    ) -> Result<(), SchedulerError> {
        let engine = &self.0.engine;
        let _held = engine.hold_batches().await;
        // Outcomes may have been recorded since it was read.
        match engine.persist("a changed job", || engine.storage.job(id)).await {
            Some(job) => self.adopt_revision(&job, function).await,
            None => Ok(()),
        }
    }

    /// Revises the job, and returns the changes that make it so in the store.
    pub(super) fn revise(
        &self,
        job: &mut Job,
        edit: Edit,
        now: DateTime<Utc>,
    ) -> Result<Vec<Change>, SchedulerError> {
        let Edit { definition, is_paused, declared, fires } = edit;
        let mut revision =
            JobRevision { definition, declared, ..JobRevision::of(job) }.paused(is_paused, now);
        let skipped = match fires {
            Fires::Stay => None,
            Fires::Skip(reason) => {
                let due = job.next_run_at.filter(|first| *first <= now);
                let schedule = self.timetable_of(job)?;
                let paused_from = job.paused_at().filter(|_| reason == SkipReason::Paused);
                let skipped =
                    due.map(|first| Skipped { paused_from, ..Skipped::range(&schedule, reason, first, now) });
                if let Some(skipped) = &skipped {
                    revision.next_run_at = schedule.next_after(skipped.last);
                }
                skipped
            }
            Fires::Renew(cause) => {
                let since = revision.definition.schedule.counted_from(now).max(self.accounted_until(job)?);
                let anchor = kept_anchor(job, &revision.definition.schedule);
                let schedule = self.compile(&revision.definition.schedule, anchor.unwrap_or(since))?;
                let rewind = job.rewind.as_ref().map(|rewind| rewind.of_new_schedule(since));
                let rewind = match anchor {
                    Some(_) => Some(Rewind { anchor, ..rewind.unwrap_or_default() }),
                    None => rewind,
                };
                let rewind = rewind.map(Arc::new);
                let schedule = match &rewind {
                    Some(rewind) => schedule.without(&rewind.ended),
                    None => schedule,
                };
                revision.rewind = rewind;
                revision.scheduled_since = since;
                revision.zone = self.zone_of(&revision.definition.schedule);
                revision.next_run_at = schedule.next_after(since);
                // One whose last date is over ends; a date that is over is a mistake.
                if revision.next_run_at.is_none() && revision.definition.schedule.until.is_none() {
                    return Err(ScheduleError::Past(revision.definition.schedule.written()).into());
                }
                self.closing(job, SkipReason::Rescheduled, since)?
                    .map(|skipped| Skipped { cause: Some(cause), ..skipped })
            }
        };
        let record = skipped.map(|skipped| {
            let run = Arc::new(Run::skipped(job.id, &job.definition, job.rewinds(), skipped, now));
            let (scheduled_since, next_run_at) = (job.scheduled_since, revision.next_run_at);
            let progress = Progress { scheduled_since, next_run_at };
            Change::Skip(SkippedFires { run, progress })
        });
        job.revise(&revision);
        Ok(std::iter::once(Change::ReviseJob(Box::new(revision))).chain(record).collect())
    }

    /// The first instant from which a job may have another schedule. It is past
    /// if the clock was not set back: no fire of the new schedule may be one
    /// that was accounted for, and it names the record of the change, so that
    /// no two are the same.
    fn accounted_until(&self, job: &Job) -> Result<DateTime<Utc>, ScheduleError> {
        let schedule = self.timetable_of(job)?;
        let moment = TimeDelta::microseconds(1);
        let until = job.next_run_at.map_or(DateTime::<Utc>::MAX_UTC, |first| first - moment);
        let last = schedule.latest_at_or_before(until, job.scheduled_since);
        // No record of a change has the name yet that the creation would give it.
        let is_first = job.scheduled_since == job.created_at && job.revision == 1;
        let free = if is_first { job.scheduled_since } else { job.scheduled_since + moment };
        Ok(last.unwrap_or(job.scheduled_since).max(free))
    }

    /// The fires that a job's schedule leaves when it ends: those that are due
    /// and did not run, or the next one.
    pub(super) fn closing(
        &self,
        job: &Job,
        reason: SkipReason,
        until: DateTime<Utc>,
    ) -> Result<Option<Skipped>, SchedulerError> {
        let Some(first) = job.next_run_at else { return Ok(None) };
        let schedule = self.timetable_of(job)?;
        let closed = ClosedSchedule { definition: job.whole_schedule(), since: job.scheduled_since, until };
        let cause = (reason == SkipReason::Rescheduled).then_some(RescheduleCause::Schedule);
        Ok(Some(Skipped { closed: Some(closed), cause, ..Skipped::range(&schedule, reason, first, until) }))
    }

    /// The schedule, as of the instant from which a job has it.
    pub(super) fn compile(
        &self,
        definition: &ScheduleDefinition,
        since: DateTime<Utc>,
    ) -> Result<Timetable, ScheduleError> {
        self.0.timetables.compile(definition, since, self.0.zone)
    }

    /// Has the engine adopt a revision of a job. A job whose function is not there
    /// waits for it.
    pub(super) async fn adopt_revision(
        &self,
        job: &Job,
        function: Option<&Arc<Function>>,
    ) -> Result<(), SchedulerError> {
        self.forget_refused_cron(job);
        match self.live(job, function)? {
            Some(live) => {
                if self.0.engine.table.is_orphan(job.id) {
                    self.reopen_of(&live).await?;
                }
                self.0.engine.adopt_revision(live).await;
            }
            None => self.0.engine.table.add_orphan(job),
        }
        Ok(())
    }

    /// The job in the form in which it is executed, if its function is there.
    pub(super) fn live(
        &self,
        job: &Job,
        function: Option<&Arc<Function>>,
    ) -> Result<Option<LiveJob>, SchedulerError> {
        let known = self.0.engine.table.get(job.id);
        let registered = || self.registry().get(job.function()).cloned();
        let of_known = known.as_ref().map(|known| &known.function).filter(|f| f.key() == job.function());
        let Some(function) = function.or(of_known).cloned().or_else(registered) else { return Ok(None) };
        let schedule = self.timetable_of(job)?;
        let activity = known.map_or_else(Activity::default, |known| known.activity.clone());
        // What leaves a tombstone is what the code would make again by itself.
        let declared = job.declared.clone().filter(|_| self.is_declared(job));
        let series = self.0.engine.series_of(&job.definition);
        Ok(Some(LiveJob::new(job, declared, schedule, function, series, activity)))
    }
}
