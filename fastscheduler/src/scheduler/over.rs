//! New jobs that are over: their date, or the last date of their schedule, has
//! passed.

use std::sync::Arc;

use chrono::{DateTime, Utc};

use crate::job::{Job, Progress, Run, SkipReason, Skipped, Tombstone};
use crate::schedule::Timetable;
use crate::storage::{Change, SkippedFires};

/// The changes that record a new job that is over, and what to tell an operator.
pub(super) fn recorded_as_over(job: Job, schedule: &Timetable, now: DateTime<Utc>) -> (Vec<Change>, String) {
    let (id, definition) = (job.id, Arc::clone(&job.definition));
    let (name, text) = (&definition.name, definition.schedule.written());
    let note = if definition.schedule.has_window() {
        format!(
            "{id}: `{name}` has the schedule `{text}`, which was already over when this store \
             first saw it; it never runs"
        )
    } else {
        format!(
            "{id}: `{name}` is declared for `{text}`, which had already passed when this store \
             first saw it; it never runs"
        )
    };
    (never_run(job, schedule, now), note)
}

/// The changes that record a job that is over: its fire was missed, or of several
/// the last one, and the job has ended.
fn never_run(mut job: Job, schedule: &Timetable, now: DateTime<Utc>) -> Vec<Change> {
    let id = job.id;
    job.next_run_at = if job.definition.schedule.spec.is_recurring() {
        schedule.latest_at_or_before(now, DateTime::UNIX_EPOCH)
    } else {
        schedule.next_after(DateTime::UNIX_EPOCH)
    };
    let tombstone =
        job.declared.as_deref().map(|declared| Box::new(Tombstone { job: id, declared: declared.clone() }));
    let missed = job.next_run_at.map(|first| {
        let skipped = Skipped::range(schedule, SkipReason::CatchUp, first, now);
        let run = Arc::new(Run::skipped(id, &job.definition, job.rewinds(), skipped, now));
        let progress = Progress { scheduled_since: job.scheduled_since, next_run_at: None };
        Change::Skip(SkippedFires { run, progress })
    });
    let added = Change::AddJob(Box::new(job));
    [added].into_iter().chain(missed).chain([Change::RemoveJob { job: id, tombstone }]).collect()
}
