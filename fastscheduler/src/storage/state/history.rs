//! The records of runs, and questions about them.

use std::collections::VecDeque;
use std::num::NonZeroU32;
use std::ops::Range;
use std::sync::Arc;

use chrono::{DateTime, Utc};

use super::State;
use super::asked::{HasState, PART};
use super::run_ids::RunIds;
use crate::job::{JobId, JobMap, Run, RunId, Trigger};
use crate::storage::HistoryQuery;
use crate::storage::attempts::{from_letters, is_of_fire, requested_at};
use crate::storage::history_query::RunFilter;

/// A record of the history.
#[derive(Clone)]
pub(super) struct Recorded {
    /// As it came: those who listen have it too.
    pub(super) run: Arc<Run>,
    /// How many attempts of the job had ended by then.
    pub(super) run_count: u64,
    /// How many records before this one the job's attempt before it has its own, if it
    /// has one that is not too far away.
    before: Option<NonZeroU32>,
}

impl Recorded {
    pub(super) fn new(run: Arc<Run>, run_count: u64) -> Self {
        Self { run, run_count, before: None }
    }

    pub(super) fn to_run(&self) -> Run {
        Run { run_count: self.run_count, ..Run::clone(&self.run) }
    }
}

/// The records of runs, in the order in which they came.
#[derive(Default, Clone)]
pub(super) struct History {
    records: VecDeque<Recorded>,
    /// The number of each record.
    numbers: RunIds,
    /// The number of the newest attempt of each job that has one. Those before it are
    /// found from there, so that only jobs which have run take memory for this.
    newest_of: JobMap<u64>,
    /// The number of the first one that is left.
    first: u64,
}

impl History {
    pub(super) fn len(&self) -> usize {
        self.records.len()
    }

    pub(super) fn iter(&self) -> impl ExactSizeIterator<Item = &Recorded> + DoubleEndedIterator {
        self.records.iter()
    }

    /// Whether there is a record of this run.
    pub(super) fn has(&self, run: RunId) -> bool {
        self.numbers.get(run).is_some()
    }

    /// Returns whether there is no record of this run yet. If so, the id is reserved
    /// for the record that is [added](Self::add) next.
    pub(super) fn is_new(&mut self, run: RunId) -> bool {
        self.numbers.insert(run, self.first + self.records.len() as u64)
    }

    /// Adds the record whose id was found to be [new](Self::is_new).
    pub(super) fn add(&mut self, mut record: Recorded) {
        if record.run.skipped.is_none() {
            let number = self.first + self.records.len() as u64;
            let before = self.newest_of.insert(record.run.job_id(), number);
            let distance = before.and_then(|before| u32::try_from(number - before).ok());
            record.before = distance.and_then(NonZeroU32::new);
        }
        self.records.push_back(record);
    }

    /// Copies the record of this run, if there is one.
    pub(super) fn copy(&mut self, from: &Self, run: RunId) {
        if let Some(record) = from.get(run)
            && self.is_new(run)
        {
            self.add(record.clone());
        }
    }

    /// Drops so many of the oldest records.
    pub(super) fn drop_oldest(&mut self, count: usize) {
        for recorded in self.records.drain(..count.min(self.records.len())) {
            self.numbers.remove(recorded.run.run_id);
            let job = recorded.run.job_id();
            if self.newest_of.get(&job) == Some(&self.first) {
                self.newest_of.remove(&job);
            }
            self.first += 1;
        }
    }

    fn get(&self, run: RunId) -> Option<&Recorded> {
        self.records.get(self.place(run)?)
    }

    fn place(&self, run: RunId) -> Option<usize> {
        usize::try_from(self.numbers.get(run)? - self.first).ok()
    }

    /// The attempts of a job, from the newest to the oldest.
    fn attempts_of(&self, job: JobId) -> impl Iterator<Item = &Recorded> {
        let newest = self.newest_of.get(&job).and_then(|number| usize::try_from(number - self.first).ok());
        let before = |place: &usize| {
            let distance = self.records.get(*place)?.before?;
            place.checked_sub(usize::try_from(distance.get()).ok()?)
        };
        std::iter::successors(newest, before).filter_map(|place| self.records.get(place))
    }

    /// The attempt of that number at the fire of a run, whether that was made up for or
    /// not.
    fn attempt(&self, run: RunId, attempt: u32) -> Option<&Recorded> {
        let run = RunId { attempt, ..run };
        let in_time = run.trigger.is_of_schedule().then_some([Trigger::Schedule, Trigger::CatchUp]);
        let triggers = in_time.unwrap_or([run.trigger; 2]);
        let recorded = triggers.into_iter().find_map(|trigger| self.get(RunId { trigger, ..run }));
        recorded.filter(|recorded| recorded.run.skipped.is_none())
    }

    /// The numbers of the records among which a query looks.
    fn span(&self, query: &HistoryQuery) -> Range<u64> {
        let all = self.first..self.first + self.records.len() as u64;
        let after = query.after_run.map_or(Some(all.start), |run| Some(self.numbers.get(run)? + 1));
        let before = query.before_run.map_or(Some(all.end), |run| self.numbers.get(run));
        after.zip(before).map_or(0..0, |(after, before)| after..before)
    }

    /// The records of these numbers that are left.
    fn part(&self, numbers: &Range<u64>) -> impl DoubleEndedIterator<Item = &Recorded> {
        let place = |number: u64| {
            let place = usize::try_from(number.saturating_sub(self.first)).unwrap_or(usize::MAX);
            place.min(self.records.len())
        };
        let (start, end) = (place(numbers.start), place(numbers.end));
        self.records.range(start..end.max(start))
    }
}

/// The runs that a query asks for, the oldest first. Many are looked at in parts.
pub(in crate::storage) async fn history(store: &impl HasState, query: &HistoryQuery) -> Vec<Run> {
    let is_forward = query.after_run.is_some();
    let mut filter = RunFilter::new(query);
    let mut runs = Vec::new();
    let mut left = store.with_state(|state| state.history.span(query));
    while !left.is_empty() && runs.len() < query.limit {
        let part = if is_forward {
            let end = left.end.min(left.start.saturating_add(PART as u64));
            std::mem::replace(&mut left.start, end)..end
        } else {
            let start = left.start.max(left.end.saturating_sub(PART as u64));
            start..std::mem::replace(&mut left.end, start)
        };
        let wanted = query.limit - runs.len();
        store.with_state(|state| {
            let mut take = |recorded: &&Recorded| filter.takes(&recorded.run);
            let part = state.history.part(&part);
            if is_forward {
                runs.extend(part.filter(&mut take).take(wanted).map(Recorded::to_run));
            } else {
                runs.extend(part.rev().filter(&mut take).take(wanted).map(Recorded::to_run));
            }
        });
        tokio::task::yield_now().await;
    }
    if !is_forward {
        runs.reverse();
    }
    runs
}

/// The newest attempts of each of some jobs, the newest last. Many are looked at in parts.
pub(in crate::storage) async fn recent_attempts(
    store: &impl HasState,
    jobs: &[JobId],
    limit: usize,
) -> Vec<Vec<Run>> {
    let mut recent = Vec::with_capacity(jobs.len());
    for part in jobs.chunks((PART / limit.max(1)).max(1)) {
        recent.extend(store.with_state(|state| state.recent_attempts(part, limit)));
        tokio::task::yield_now().await;
    }
    recent
}

impl State {
    pub(in crate::storage) fn run(&self, run: RunId) -> Option<Run> {
        let recorded = self.history.get(run).map(Recorded::to_run);
        recorded.or_else(|| self.dead_letter(run).map(|letter| letter.run.clone()))
    }

    pub(in crate::storage) fn last_run_of_fire(&self, run: RunId) -> Option<Run> {
        let recorded = self.history.iter().rfind(|recorded| is_of_fire(&recorded.run, run));
        let letter = || self.dead_letters.iter().map(|letter| &letter.run).rfind(|of| is_of_fire(of, run));
        recorded.map(Recorded::to_run).or_else(|| letter().cloned())
    }

    pub(in crate::storage) fn attempts_of_fire(&self, run: RunId) -> Vec<Run> {
        let recorded = |attempt: u32| self.history.attempt(run, attempt);
        // They were recorded one after another, and the oldest are dropped first.
        let before = (1..run.attempt).rev().map_while(recorded);
        let mut attempts: Vec<Run> = before.map(Recorded::to_run).collect();
        attempts.reverse();
        attempts.extend((run.attempt..).map_while(recorded).map(Recorded::to_run));
        if attempts.is_empty() {
            let letters = self.dead_letters.iter().map(|letter| &letter.run);
            return from_letters(letters, run);
        }
        attempts
    }

    fn recent_attempts(&self, jobs: &[JobId], limit: usize) -> Vec<Vec<Run>> {
        let of_job = |job: &JobId| {
            let mut runs: Vec<Run> =
                self.history.attempts_of(*job).take(limit).map(Recorded::to_run).collect();
            runs.reverse();
            runs
        };
        jobs.iter().map(of_job).collect()
    }

    pub(in crate::storage) fn newest_requests(&self, jobs: &[JobId]) -> Vec<Option<DateTime<Utc>>> {
        let mut newest: JobMap<Option<DateTime<Utc>>> = jobs.iter().map(|job| (*job, None)).collect();
        let recorded = self.history.iter().map(|recorded| &*recorded.run);
        let letters = self.dead_letters.iter().map(|letter| &letter.run);
        for run in recorded.chain(letters) {
            let job = run.job_id();
            if let Some(newest) = newest.get_mut(&job) {
                *newest = requested_at(run, job).max(*newest);
            }
        }
        jobs.iter().map(|job| newest.get(job).copied().flatten()).collect()
    }
}
