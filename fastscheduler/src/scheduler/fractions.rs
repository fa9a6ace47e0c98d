//! Dates that an earlier version stored without their fraction of a second.
//!
//! It ran `#[at("2026-11-23T00:01:00.900Z")]` at the whole second, and stored it
//! so. The code still says the same, so such a job is neither another one nor new.

use std::sync::Arc;

use chrono::{DateTime, Utc};

use super::add::redeclared;
use super::edit::{Edit, Fires};
use super::{Scheduler, SchedulerError};
use crate::job::{Declared, Job, JobDefinition, RescheduleCause};
use crate::schedule::{ScheduleDefinition, ScheduleSpec};

/// Whether a stored schedule is the declared one without its fraction of a second.
pub(super) fn has_lost_fraction(stored: &ScheduleDefinition, declared: &ScheduleDefinition) -> bool {
    let (ScheduleSpec::At { at: old }, ScheduleSpec::At { at: new }) = (&stored.spec, &declared.spec) else {
        return false;
    };
    let ScheduleDefinition { zone, gap, fold, .. } = declared;
    let mut whole = *new;
    whole.micros = 0;
    new.micros != 0 && *old == whole && (stored.zone, stored.gap, stored.fold) == (*zone, *gap, *fold)
}

/// What was stored of a declaration, with the fraction that the code gives it.
pub(super) fn with_fraction(stored: &Declared, declared: &Declared) -> Option<Declared> {
    let definition = of_schedule(&stored.definition, &declared.definition.schedule)?;
    Some(Declared { definition, ..stored.clone() })
}

impl Scheduler {
    /// The edit that what the code says makes of a job, if it says something else
    /// than when it was last asked. A date that lost its fraction gets it back, unless
    /// the date has come due or was changed at run time.
    pub(super) fn redeclared(
        &self,
        job: &Job,
        declared: &Arc<Declared>,
        now: DateTime<Utc>,
    ) -> Result<Option<Edit>, SchedulerError> {
        let Some(before) = job.declared().and_then(|before| with_fraction(before, declared)) else {
            return Ok(redeclared(job, declared));
        };
        let with_fraction = of_schedule(&job.definition, &declared.definition.schedule);
        let has_fraction = with_fraction.is_some();
        let mut mended = job.clone();
        mended.definition = with_fraction.unwrap_or(mended.definition);
        mended.declared = Some(Arc::new(before));
        let same = || Edit { declared: Some(Arc::clone(declared)), ..Edit::of(&mended) };
        let mut edit = redeclared(&mended, declared).unwrap_or_else(same);
        if has_fraction {
            let schedule = &edit.definition.schedule;
            let is_to_come =
                job.next_run_at.is_some() && self.compile(schedule, now)?.next_after(now).is_some();
            if is_to_come {
                edit.fires = Fires::Renew(RescheduleCause::Schedule);
            } else {
                // Its fire is the one of the whole second, which may have begun already.
                let schedule = job.definition.schedule.clone();
                let definition = JobDefinition::clone(&edit.definition);
                edit.definition = Arc::new(JobDefinition { schedule, ..definition });
            }
        }
        Ok(Some(edit))
    }
}

fn of_schedule(stored: &JobDefinition, declared: &ScheduleDefinition) -> Option<Arc<JobDefinition>> {
    has_lost_fraction(&stored.schedule, declared)
        .then(|| Arc::new(JobDefinition { schedule: declared.clone(), ..stored.clone() }))
}
