//! The runs of a page, with those under way, and which attempt of its job each is.

use std::collections::{HashMap, HashSet};

use super::error::ApiError;
use super::shapes::reached_at;
use crate::job::{JobId, Run, RunId, RunStatus};
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
) -> Result<Vec<(Run, u64)>, ApiError> {
    let Some(next) = next else { return Ok(runs(scheduler, query).await?) };
    // Before the records: one that ends meanwhile is in both.
    let under_way = scheduler.running();
    let recorded = scheduler.history(all()).await?;
    let (end, running_before) = if let Some(place) = recorded.iter().rposition(|run| run.run_id == next) {
        (place, (reached_at(&recorded[place]), None))
    } else {
        let run = under_way.iter().find(|run| run.run_id == next);
        let run = run.ok_or_else(|| ApiError::unknown_run(&next.to_string()))?;
        (place_of(run, &recorded), (reached_at(run), Some(next)))
    };
    let newest = recorded[..end].iter().rev().filter(|run| query.matches(run)).take(query.limit);
    let mut runs: Vec<Run> = newest.cloned().collect();
    runs.reverse();
    let is_before = |run: &Run| (reached_at(run), Some(run.run_id)) < running_before;
    let ordinals = Ordinals::count(scheduler, &recorded).await?;
    let ended: HashSet<RunId> = recorded.iter().map(|run| run.run_id).collect();
    let under_way = under_way.into_iter().filter(|run| !ended.contains(&run.run_id));
    add_under_way(&mut runs, under_way.filter(|run| query.matches(run) && is_before(run)), query.limit);
    Ok(ordinals.with_each(runs))
}

/// The newest runs that are asked for, the oldest of them first.
pub(super) async fn runs(
    scheduler: &Scheduler,
    query: &HistoryQuery,
) -> Result<Vec<(Run, u64)>, SchedulerError> {
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
    let ordinals = if query.status.is_none() && query.before.is_none() {
        Ordinals::count(scheduler, &runs).await?
    } else {
        ordinals(scheduler, &HistoryQuery { status: None, before: None, limit: usize::MAX, ..query.clone() })
            .await?
    };
    Ok(ordinals.with_each(runs))
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

/// All runs there are.
pub(super) fn all() -> HistoryQuery {
    HistoryQuery { limit: usize::MAX, ..HistoryQuery::default() }
}

/// Which attempts of their jobs the runs are that a query asks for.
pub(super) async fn ordinals(
    scheduler: &Scheduler,
    query: &HistoryQuery,
) -> Result<Ordinals, SchedulerError> {
    Ordinals::count(scheduler, &scheduler.history(query.clone()).await?).await
}

/// Which attempt of its job each run is.
///
/// Records do not say, so it is counted back from how many attempts of the job
/// have ended by now; all that ended since must be among the runs for that.
pub(super) struct Ordinals {
    of_runs: HashMap<RunId, u64>,
    /// Attempts that have ended, of jobs that are there.
    ended: HashMap<JobId, u64>,
}

impl Ordinals {
    pub(super) async fn count(scheduler: &Scheduler, runs: &[Run]) -> Result<Self, SchedulerError> {
        let mut ended: HashMap<JobId, u64> = HashMap::new();
        for run in runs {
            let id = run.job_id();
            if !ended.contains_key(&id)
                && let Some(job) = scheduler.job(id).await?
            {
                ended.insert(id, job.run_count());
            }
        }
        let mut left = ended.clone();
        let mut of_runs = HashMap::new();
        for run in runs.iter().rev().filter(|run| is_attempt(run)) {
            if let Some(left) = left.get_mut(&run.job_id()) {
                of_runs.insert(run.run_id, *left);
                *left = left.saturating_sub(1);
            }
        }
        Ok(Self { of_runs, ended })
    }

    fn with_each(&self, runs: Vec<Run>) -> Vec<(Run, u64)> {
        let with_ordinal = |run: Run| {
            let ordinal = self.of(&run);
            (run, ordinal)
        };
        runs.into_iter().map(with_ordinal).collect()
    }

    /// Of a job that is gone it is the attempt of the fire: most are those of
    /// one-time jobs.
    pub(super) fn of(&self, run: &Run) -> u64 {
        let ended = self.ended.get(&run.job_id()).copied();
        let by_fire = u64::from(run.run_id.attempt);
        match run.status {
            RunStatus::Running => ended.map_or(by_fire, |ended| ended + 1),
            RunStatus::Missed => ended.unwrap_or(by_fire),
            RunStatus::Completed | RunStatus::Failed => {
                self.of_runs.get(&run.run_id).copied().unwrap_or(by_fire)
            }
        }
    }
}

fn is_attempt(run: &Run) -> bool {
    matches!(run.status, RunStatus::Completed | RunStatus::Failed)
}
