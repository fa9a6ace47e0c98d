//! Which attempts a fire or a job had, for stores without indexes.

use std::collections::{HashMap, VecDeque};

use chrono::{DateTime, Utc};

use super::{HistoryQuery, Storage, StorageError};
use crate::job::{JobId, Run, RunId};

/// The recorded attempts at the fire of a run, from one look at the history of its job.
pub(super) async fn of_fire(store: &(impl Storage + ?Sized), run: RunId) -> Result<Vec<Run>, StorageError> {
    let mut attempts = store.history(&HistoryQuery::all_of(run.job)).await?;
    attempts.retain(|record| is_at_fire(record, run));
    if attempts.is_empty() {
        let letters = store.dead_letters(usize::MAX).await?;
        return Ok(from_letters(letters.iter().map(|letter| &letter.run), run));
    }
    attempts.sort_by_key(|record| record.run_id.attempt);
    Ok(attempts)
}

/// The newest attempts of jobs, from one look at the whole history.
pub(super) async fn newest_of(
    store: &(impl Storage + ?Sized),
    jobs: &[JobId],
    limit: usize,
) -> Result<Vec<Vec<Run>>, StorageError> {
    let all = HistoryQuery { limit: usize::MAX, ..HistoryQuery::default() };
    let mut newest: HashMap<JobId, VecDeque<Run>> = jobs.iter().map(|job| (*job, VecDeque::new())).collect();
    for run in store.history(&all).await?.into_iter().rev().filter(|run| run.skipped.is_none()) {
        if let Some(runs) = newest.get_mut(&run.job_id()).filter(|runs| runs.len() < limit) {
            runs.push_front(run);
        }
    }
    Ok(jobs.iter().map(|job| newest.get(job).into_iter().flatten().cloned().collect()).collect())
}

/// The attempts at the fire of a run that letters have kept.
pub(super) fn from_letters<'a>(letters: impl Iterator<Item = &'a Run>, run: RunId) -> Vec<Run> {
    letters.filter(|record| is_at_fire(record, run)).cloned().collect()
}

/// Whether a record is that of an attempt at the fire of this run.
fn is_at_fire(record: &Run, run: RunId) -> bool {
    record.skipped.is_none() && record.run_id.is_same_fire(run)
}

/// The instant that names a fire of this job which a caller asked for.
pub(super) fn requested_at(run: &Run, job: JobId) -> Option<DateTime<Utc>> {
    let is_request = run.job_id() == job && !run.run_id.trigger.is_of_schedule();
    is_request.then_some(run.run_id.scheduled_for)
}

/// Whether a record is that of an attempt at the fire of this run, or its own.
pub(super) fn is_of_fire(record: &Run, run: RunId) -> bool {
    if record.skipped.is_some() { record.run_id == run } else { record.run_id.is_same_fire(run) }
}
