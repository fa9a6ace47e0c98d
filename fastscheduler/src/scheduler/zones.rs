//! The zone of times that name none: that of the scheduler, which may have been
//! another one at an earlier start.

use std::borrow::Cow;
use std::collections::BTreeSet;

use chrono::{DateTime, TimeDelta, Utc};
use chrono_tz::Tz;

use super::edit::{Edit, Fires};
use super::{Scheduler, SchedulerError};
use crate::job::{Job, JobId, JobRevision, RescheduleCause, Source, one_line};
use crate::schedule::{ScheduleDefinition, ScheduleError, Timetable, Zone};
use crate::storage::Change;

impl Scheduler {
    /// The zone of a schedule's times, if it has some and names none.
    pub(super) fn zone_of(&self, schedule: &ScheduleDefinition) -> Option<Tz> {
        (schedule.is_of_local_time() && schedule.zone.is_none()).then_some(self.0.zone)
    }

    /// A job's schedule, made ready.
    pub(super) fn timetable_of(&self, job: &Job) -> Result<Timetable, ScheduleError> {
        let is_elsewhere = job.zone.is_some_and(|zone| zone != self.0.zone);
        let schedule = &job.definition.schedule;
        let schedule = if is_elsewhere { Cow::Owned(job.whole_schedule()) } else { Cow::Borrowed(schedule) };
        Ok(job.without_ended(self.compile(&schedule, job.counts_from())?))
    }

    /// Moves stored jobs to this scheduler's zone. For jobs that were in another
    /// one, that is a change of schedule, unless it is the same zone under another
    /// name.
    pub(super) async fn place_in_zone(&self, jobs: &mut [Job]) -> Result<(), SchedulerError> {
        let mut changes = Vec::new();
        let mut moved = Vec::new();
        for job in jobs {
            let zone = self.zone_of(&job.definition.schedule);
            if job.zone == zone || job.next_run_at.is_none() {
                continue;
            }
            let Some(before) = job.zone else {
                changes.push(self.place_first(job, zone)?);
                continue;
            };
            if zone.is_some_and(|zone| Zone::from(zone).is_same_time_as(Zone::from(before))) {
                let revision = JobRevision { zone, ..JobRevision::of(job) };
                job.revise(&revision);
                changes.push(Change::ReviseJob(Box::new(revision)));
                continue;
            }
            let edit = Edit { fires: Fires::Renew(RescheduleCause::Zone), ..Edit::of(job) };
            match self.revise(job, edit, self.0.engine.clock.now()) {
                Ok(revised) => {
                    changes.extend(revised);
                    moved.push((job.id, before, job.next_run_at));
                }
                // A date that is over in this zone, or after all there are, or a window
                // without a fire there: it stays due when it was.
                Err(SchedulerError::Schedule(
                    ScheduleError::Past(_) | ScheduleError::TooLate(_) | ScheduleError::EmptyWindow(_),
                )) => {}
                Err(error) => return Err(error),
            }
        }
        self.store_if_any(&changes).await?;
        self.note_moved(&moved);
        Ok(())
    }

    /// Logs which jobs were rescheduled, and from which zone.
    fn note_moved(&self, moved: &[(JobId, Tz, Option<DateTime<Utc>>)]) {
        let zone = self.0.zone;
        for (job, before, next) in moved {
            let next = next.map(tracing::field::display);
            tracing::info!(%job, %before, %zone, next, "rescheduled the job in the scheduler's zone");
        }
        let zones: BTreeSet<&str> = moved.iter().map(|(_, before, _)| before.name()).collect();
        if !zones.is_empty() {
            let before = zones.into_iter().collect::<Vec<_>>().join(" and ");
            let (were, jobs) = if moved.len() == 1 { ("was", "job") } else { ("were", "jobs") };
            let note = format!(
                "times without a zone are now in {zone}; they were in {before}: {} {jobs} {were} rescheduled",
                moved.len()
            );
            self.note(note);
        }
    }

    /// A job whose zone nobody has known yet, as of a taken over state file: of
    /// that it has the next run as it was written.
    fn place_first(&self, job: &mut Job, zone: Option<Tz>) -> Result<Change, SchedulerError> {
        let mut revision = JobRevision { zone, ..JobRevision::of(job) };
        if job.source == Source::Imported
            && let Some(next) = self.timetable_of(job)?.next_after(job.scheduled_since)
            && let Some(written) = revision.next_run_at.replace(next)
            && (next - written).abs() > TimeDelta::seconds(1)
        {
            let (id, zone) = (job.id, self.0.zone);
            let note =
                format!("{id}: in {zone} it is due at {next} by its schedule; its file says {written}");
            self.note(note);
        }
        job.revise(&revision);
        Ok(Change::ReviseJob(Box::new(revision)))
    }

    /// Adds a note for people, and logs it.
    pub(super) fn note(&self, note: String) {
        tracing::warn!("{}", one_line(&note));
        self.0.notes.add([note]);
    }
}
