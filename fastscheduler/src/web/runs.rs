//! The runs of a page, with those under way, and which attempt of its job each is.

use std::collections::{HashMap, HashSet};

use super::error::ApiError;
use super::shapes::reached_at;
use crate::job::{Run, RunId, RunStatus};
use crate::scheduler::{Scheduler, SchedulerError};
use crate::storage::HistoryQuery;

/// The runs that are asked for, the oldest first; those before `next`, if it is given.
///
/// Runs are in the order in which they were recorded, and those under way among
/// them by when they started. A run is where a page ends or begins, since many may
/// have ended at one instant.
pub(super) async fn page(
    scheduler: &Scheduler,
    query: &HistoryQuery,
    next: Option<RunId>,
) -> Result<Vec<Run>, ApiError> {
    let Some(next) = next else { return Ok(runs(scheduler, query).await?) };
    // Before the records: one that ends meanwhile is in both.
    let under_way = scheduler.running();
    let (cursor, running_before) = match scheduler.find_run(next).await? {
        None => return Err(ApiError::unknown_run(&next.to_string())),
        Some(run) if run.status == RunStatus::Running => {
            (first_after(scheduler, &run).await?, (reached_at(&run), Some(next)))
        }
        Some(run) => (Some(next), (reached_at(&run), None)),
    };
    let mut runs = scheduler.history(HistoryQuery { before_run: cursor, ..query.clone() }).await?;
    let is_before = |run: &Run| (reached_at(run), Some(run.run_id)) < running_before;
    // One that has ended meanwhile is among the newest records.
    let still: HashSet<RunId> = scheduler.running().iter().map(|run| run.run_id).collect();
    let under_way = under_way.into_iter().filter(|run| still.contains(&run.run_id));
    add_under_way(&mut runs, under_way.filter(|run| query.matches(run) && is_before(run)), query.limit);
    Ok(all_counted(scheduler, runs).await?)
}

/// The first record that comes after a run which is under way, if there is one.
async fn first_after(scheduler: &Scheduler, run: &Run) -> Result<Option<RunId>, SchedulerError> {
    let mut after = None;
    loop {
        let part = HistoryQuery { before_run: after, ..HistoryQuery::default() };
        let part = scheduler.history(part).await?;
        let place = place_of(run, &part);
        after = part.get(place).map(|run| run.run_id).or(after);
        if place > 0 || part.is_empty() {
            return Ok(after);
        }
    }
}

/// The newest runs that are asked for, the oldest of them first.
pub(super) async fn runs(scheduler: &Scheduler, query: &HistoryQuery) -> Result<Vec<Run>, SchedulerError> {
    let under_way = scheduler.running();
    let mut runs = match query.status {
        Some(RunStatus::Running) => Vec::new(),
        _ => scheduler.history(query.clone()).await?,
    };
    let is_before = |run: &Run| query.before.is_none_or(|before| reached_at(run) < before);
    let without_before = HistoryQuery { before: None, ..query.clone() };
    let ended: HashSet<RunId> = runs.iter().map(|run| run.run_id).collect();
    let under_way = under_way.into_iter().filter(|run| !ended.contains(&run.run_id));
    add_under_way(
        &mut runs,
        under_way.filter(|run| without_before.matches(run) && is_before(run)),
        query.limit,
    );
    all_counted(scheduler, runs).await
}

/// Puts runs that are under way where they belong, and drops the oldest beyond
/// the limit.
fn add_under_way(runs: &mut Vec<Run>, under_way: impl Iterator<Item = Run>, limit: usize) {
    let mut under_way: Vec<Run> = under_way.collect();
    under_way.sort_by_key(|run| (reached_at(run), run.run_id));
    for run in under_way {
        runs.insert(place_of(&run, runs), run);
    }
    runs.drain(..runs.len().saturating_sub(limit));
}

/// Where a run that is under way belongs: after those that were at their status
/// when it started.
fn place_of(run: &Run, runs: &[Run]) -> usize {
    let at = reached_at(run);
    runs.iter().rposition(|other| reached_at(other) <= at).map_or(0, |place| place + 1)
}

/// A record that knows which attempt of its job it is; the store does not
/// count one that is under way.
pub(super) async fn counted(scheduler: &Scheduler, run: Run) -> Result<Run, SchedulerError> {
    if run.status != RunStatus::Running {
        return Ok(run);
    }
    let job = scheduler.job(run.job_id()).await?;
    // Of a job that was cancelled meanwhile, its fire's.
    let run_count = job.map_or(run.run_id.attempt.into(), |job| job.run_count() + 1);
    Ok(Run { run_count, ..run })
}

/// The same of many.
async fn all_counted(scheduler: &Scheduler, runs: Vec<Run>) -> Result<Vec<Run>, SchedulerError> {
    let mut all = Vec::with_capacity(runs.len());
    for run in runs {
        all.push(counted(scheduler, run).await?);
    }
    Ok(all)
}

/// Records that have just been made, each with which attempt of its job it is.
pub(super) async fn just_recorded(scheduler: &Scheduler, runs: Vec<Run>) -> Result<Vec<Run>, SchedulerError> {
    /// Records that others may have made since.
    const MARGIN: usize = 1_000;
    if runs.iter().all(|run| run.status == RunStatus::Running) {
        return all_counted(scheduler, runs).await;
    }
    let query = HistoryQuery { limit: runs.len() + MARGIN, ..HistoryQuery::default() };
    let newest = scheduler.history(query).await?;
    let counts: HashMap<RunId, u64> = newest.iter().map(|run| (run.run_id, run.run_count)).collect();
    let runs = runs.into_iter().map(|run| {
        let run_count = counts.get(&run.run_id).copied().unwrap_or(run.run_count);
        Run { run_count, ..run }
    });
    all_counted(scheduler, runs.collect()).await
}
