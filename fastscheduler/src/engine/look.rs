//! Looking at all jobs, for whoever asks which of them want attention.
//!
//! One look answers everybody for a second, and none is taken while nobody asks.

use std::collections::HashSet;
use std::sync::Arc;

use chrono::{DateTime, Utc};

use super::late::LateReason;
use super::minutes::{MINUTES, Minute, first_minute};
use super::standing::{Failing, Judge, Moment, Standing, Suspect};
use super::{Engine, ProblemCode};
use crate::job::{Job, JobId, JobMap, Lane, Run, RunStatus};
use crate::storage::{HistoryQuery, JobsNow, StorageError};

/// So many minutes are an hour.
pub(crate) const HOUR: usize = 60;

/// The most characters of an error that are shown.
const SHOWN_OF_ERROR: usize = 300;

/// So many runs of the history are counted at a time.
const PAGE: usize = 1_000;

impl Engine {
    /// Which jobs want attention, as of less than a second ago.
    pub(crate) async fn standing(&self) -> Result<Arc<Standing>, StorageError> {
        self.standings.get(&**self.clock, async |before| self.look(before).await).await
    }

    async fn look(&self, before: Option<&Standing>) -> Result<Standing, StorageError> {
        let now = self.clock.now();
        let hour_began_at = first_minute(HOUR, now);
        // Before the look at the jobs: fires of one that is resumed meanwhile get a record,
        // and are not to be counted twice.
        let recorded = self.telemetry.minutes.missed(HOUR, now);
        let mut judge = Judge::new(Moment { now, held_back: self.clock.held_back(), hour_began_at });
        let orphans = self.table.orphans();
        let jobs_now = JobsNow::new(self.table.running.all(), Arc::clone(&orphans));
        let unbegun = self.unbegun.all();
        let mut suspects = JobMap::default();
        let mut look_at = |job: &Job| {
            let status = jobs_now.status(job, unbegun.contains(&job.id));
            suspects.extend(judge.look_at(job, status).map(|suspect| (job.id, suspect)));
        };
        self.storage.visit_jobs(&mut look_at).await?;
        // From here to their return there is no await: a caller that goes away would
        // leave them out for ever.
        let mut ids = self.unbegun.take();
        ids.extend(suspects.keys().copied());
        self.judge_all(&mut judge, ids, |id| suspects.remove(&id), &orphans);
        let mut standing = judge.finish();
        for (reason, count) in recorded {
            *standing.not_run.entry(reason).or_default() += count;
        }
        for failing in &mut standing.failing {
            let known = before.into_iter().flat_map(|before| &before.failing).find(|known| {
                // Or else one whose record is gone would be looked for each second.
                (known.id, known.run_count) == (failing.id, failing.run_count)
            });
            failing.record = match known {
                Some(known) => known.record.clone(),
                None => self.last_failure(failing).await?,
            };
        }
        Ok(standing)
    }

    fn judge_all(
        &self,
        judge: &mut Judge,
        ids: HashSet<JobId>,
        mut suspect_of: impl FnMut(JobId) -> Option<Suspect>,
        orphans: &HashSet<JobId>,
    ) {
        // In order, so that each look counts the fires of the same jobs first.
        let mut ids: Vec<_> = ids.into_iter().collect();
        ids.sort_unstable();
        for id in ids {
            let suspect = suspect_of(id);
            let Some(job) = self.table.get(id) else {
                if let Some(suspect) = suspect.filter(|_| orphans.contains(&id)) {
                    judge.judge_orphan(suspect);
                }
                continue;
            };
            let open = job.open_now();
            if open.is_unbegun() {
                self.unbegun.add(id);
            }
            // Counted after its open fires were read: an attempt that begins in between
            // counts as begun.
            let begun = if open.claimed > 0 { self.table.running.count(id) } else { 0 };
            judge.judge(suspect, &job, &open, begun, |lane| self.why_late(lane));
        }
        for (id, due_at) in self.slots.threads.waits() {
            if let Some(job) = self.table.get(id) {
                judge.add_late(&job, due_at, LateReason::NoThreads);
            }
        }
    }

    /// Why a fire is late that is due by the clock.
    fn why_late(&self, lane: Lane) -> LateReason {
        if !self.lifecycle.is_placing() || self.lifecycle.is_stopping() {
            return LateReason::NotRunning;
        }
        if let Some(error) = self.telemetry.troubles.holding_up() {
            return LateReason::Store { error: Some(error) };
        }
        if lane == Lane::Blocking && self.telemetry.problems.has(ProblemCode::NoThreads) {
            return LateReason::NoThreads;
        }
        match self.slots.reached(lane) {
            Some((limit, slots)) => LateReason::NoSlot { limit, slots },
            None => self.clock.jumped_by().map_or(LateReason::Busy, |by| LateReason::Clock { by }),
        }
    }

    /// When the newest attempt of a failing job ended, and what went wrong.
    async fn last_failure(
        &self,
        failing: &Failing,
    ) -> Result<Option<(DateTime<Utc>, Option<String>)>, StorageError> {
        let newest = self.storage.recent_attempts(&[failing.id], 1).await?.into_iter().flatten().next();
        let failed = newest.filter(|run| run.status == RunStatus::Failed);
        Ok(failed.map(|run| (run.finished_at.unwrap_or_else(|| run.scheduled_for()), first_line(&run))))
    }

    /// The last so many minutes, the present one last.
    pub(crate) fn last_minutes(&self, count: usize, now: DateTime<Utc>) -> Vec<Minute> {
        self.telemetry.minutes.last(count, now)
    }

    /// How many attempts are under way.
    pub(crate) fn running_attempts(&self) -> usize {
        self.table.running.attempts()
    }

    /// How many fires are due and wait for a slot or for their job, if the queue knows.
    pub(crate) async fn waiting_fires(&self) -> Option<usize> {
        // A queue that fails is a problem, which is told; the rest is worth knowing.
        self.queue.depth(self.clock.now()).await.ok().flatten().map(|depth| depth.due)
    }

    /// Counts what the history has of the last day, before anything is added to it.
    pub(crate) async fn recall_minutes(&self) -> Result<(), StorageError> {
        let now = self.clock.now();
        let since = first_minute(MINUTES, now);
        let mut query = HistoryQuery { limit: PAGE, ..HistoryQuery::default() };
        // No more than there may be, whatever a store makes of the pages.
        for _ in 0..=self.setup.capacity.max_history.div_ceil(PAGE) {
            let page = self.storage.history(&query).await?;
            self.telemetry.minutes.count_runs(page.iter(), now);
            let Some(oldest) = page.first().filter(|_| page.len() == PAGE) else { break };
            if oldest.finished_at.is_some_and(|at| at < since) {
                break;
            }
            query.before_run = Some(oldest.run_id);
        }
        Ok(())
    }
}

/// The first line of what went wrong, or as much of it as is shown.
fn first_line(run: &Run) -> Option<String> {
    let line = run.error.as_deref()?.lines().next().unwrap_or_default();
    let shown: String = line.chars().take(SHOWN_OF_ERROR).collect();
    Some(if shown.len() < line.len() { format!("{shown}…") } else { shown })
}
