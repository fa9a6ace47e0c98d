//! The runs of a page, with those under way, and which attempt of its job each is.

use std::collections::{HashMap, HashSet};

use chrono::{DateTime, Utc};

use super::error::ApiError;
use super::shapes::reached_at;
use crate::job::{Run, RunId, RunStatus};
use crate::scheduler::{Scheduler, SchedulerError};
use crate::storage::HistoryQuery;

/// Where a page of runs begins or ends.
pub(super) enum Edge {
    /// It ends with the newest run.
    Newest,
    /// It ends just before this run.
    Before(RunId),
    /// It begins just after this run.
    After(RunId),
}

/// Some of the runs that are asked for, the oldest first.
pub(super) struct Page {
    pub(super) runs: Vec<Run>,
    /// Whether there are more of them, on the side that is away from the edge.
    pub(super) has_more: bool,
}

/// The runs at an edge that are asked for.
///
/// Runs are in the order in which they were recorded, and those under way among
/// them by when they started. A run is where a page ends or begins, since many may
/// have ended at one instant.
pub(super) async fn page(scheduler: &Scheduler, query: &HistoryQuery, edge: Edge) -> Result<Page, ApiError> {
    let one_more = HistoryQuery { limit: query.limit + 1, ..query.clone() };
    let mut runs = match edge {
        Edge::Newest => runs(scheduler, &one_more).await?,
        Edge::Before(run) => before(scheduler, &one_more, run).await?,
        Edge::After(run) => after(scheduler, &one_more, run).await?,
    };
    let has_more = runs.len() > query.limit;
    match edge {
        Edge::Newest | Edge::Before(_) => drop_oldest(&mut runs, query.limit),
        Edge::After(_) => runs.truncate(query.limit),
    }
    Ok(Page { runs, has_more })
}

/// The attempts that are under way. One whose thread outlives it has its record.
fn under_way(scheduler: &Scheduler) -> Vec<Run> {
    let mut runs = scheduler.running();
    runs.retain(|run| !scheduler.holds_thread(run.run_id));
    runs
}

/// The newest runs before one that are asked for.
async fn before(scheduler: &Scheduler, query: &HistoryQuery, next: RunId) -> Result<Vec<Run>, ApiError> {
    // Before the records: one that ends meanwhile is in both.
    let under_way = under_way(scheduler);
    let at = at_run(scheduler, next).await?;
    let before_run = if at.is_running { first_after(scheduler, &at.run).await? } else { Some(next) };
    let mut runs = scheduler.history(HistoryQuery { before_run, ..query.clone() }).await?;
    let is_before = |run: &Run| place_in_time(run) < at.place();
    add_under_way(&mut runs, still_under_way(scheduler, under_way, query).filter(is_before));
    drop_oldest(&mut runs, query.limit);
    Ok(all_counted(scheduler, runs).await?)
}

/// The oldest runs after one that are asked for.
async fn after(scheduler: &Scheduler, query: &HistoryQuery, last: RunId) -> Result<Vec<Run>, ApiError> {
    let under_way = under_way(scheduler);
    let at = at_run(scheduler, last).await?;
    let mut runs = Vec::new();
    let after_run = if at.is_running { first_after(scheduler, &at.run).await? } else { Some(last) };
    if let Some(after_run) = after_run {
        if at.is_running {
            // It comes after the run itself.
            runs.extend(scheduler.find_run(after_run).await?.filter(|run| query.matches(run)));
        }
        let after_run = Some(after_run);
        runs.extend(scheduler.history(HistoryQuery { after_run, ..query.clone() }).await?);
    }
    let is_after = |run: &Run| place_in_time(run) > at.place();
    add_under_way(&mut runs, still_under_way(scheduler, under_way, query).filter(is_after));
    runs.truncate(query.limit);
    Ok(all_counted(scheduler, runs).await?)
}

/// A run at which a page ends or begins.
struct At {
    run: Run,
    is_running: bool,
}

impl At {
    /// Where it is among runs that are under way.
    fn place(&self) -> (DateTime<Utc>, Option<RunId>) {
        (reached_at(&self.run), self.is_running.then_some(self.run.run_id))
    }
}

async fn at_run(scheduler: &Scheduler, id: RunId) -> Result<At, ApiError> {
    let run = scheduler.find_run(id).await?.ok_or_else(|| ApiError::unknown_run(&id.to_string()))?;
    let is_running = run.status == RunStatus::Running;
    Ok(At { run, is_running })
}

/// Where a run that is under way is among others.
fn place_in_time(run: &Run) -> (DateTime<Utc>, Option<RunId>) {
    (reached_at(run), Some(run.run_id))
}

/// Those of some runs that have not ended meanwhile and that are asked for: a run that
/// has is among the newest records.
fn still_under_way(scheduler: &Scheduler, runs: Vec<Run>, query: &HistoryQuery) -> impl Iterator<Item = Run> {
    let still: HashSet<RunId> = under_way(scheduler).iter().map(|run| run.run_id).collect();
    runs.into_iter().filter(move |run| still.contains(&run.run_id) && query.matches(run))
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
    let under_way = under_way(scheduler);
    let mut runs = match *query.statuses {
        [RunStatus::Running] => Vec::new(),
        _ => scheduler.history(query.clone()).await?,
    };
    let is_before = |run: &Run| query.before.is_none_or(|before| reached_at(run) < before);
    let without_before = HistoryQuery { before: None, ..query.clone() };
    let ended: HashSet<RunId> = runs.iter().map(|run| run.run_id).collect();
    let under_way = under_way.into_iter().filter(|run| !ended.contains(&run.run_id));
    add_under_way(&mut runs, under_way.filter(|run| without_before.matches(run) && is_before(run)));
    drop_oldest(&mut runs, query.limit);
    all_counted(scheduler, runs).await
}

/// Puts runs that are under way where they belong.
fn add_under_way(runs: &mut Vec<Run>, under_way: impl Iterator<Item = Run>) {
    let mut under_way: Vec<Run> = under_way.collect();
    under_way.sort_by_key(|run| (reached_at(run), run.run_id));
    for run in under_way {
        runs.insert(place_of(&run, runs), run);
    }
}

/// Drops the oldest runs beyond the limit.
fn drop_oldest(runs: &mut Vec<Run>, limit: usize) {
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
