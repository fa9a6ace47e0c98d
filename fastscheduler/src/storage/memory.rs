//! A store that ends with the process: the reference for the others.

use std::collections::{BTreeMap, HashSet, VecDeque};
use std::sync::{Mutex, MutexGuard, PoisonError};

use futures_util::future::{BoxFuture, ready};

use super::{Change, Durability, EndedAttempt, HistoryQuery, Limits, SkippedFires, Storage, StorageError};
use crate::job::{DeadLetter, Job, JobId, Run, RunId, RunStatus, Statistics};

/// A store in memory, which ends with the process.
#[derive(Debug, Default)]
pub struct MemoryStorage(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    jobs: BTreeMap<JobId, Job>,
    next_job: u64,
    history: VecDeque<Run>,
    run_ids: HashSet<RunId>,
    dead_letters: VecDeque<DeadLetter>,
    statistics: Statistics,
}

impl MemoryStorage {
    fn state(&self) -> MutexGuard<'_, State> {
        // Every change is made in one go, so a panic leaves none half-made.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn answer<'a, T: Send + 'a>(
        &'a self,
        read: impl FnOnce(&mut State) -> T,
    ) -> BoxFuture<'a, Result<T, StorageError>> {
        Box::pin(ready(Ok(read(&mut self.state()))))
    }
}

impl Storage for MemoryStorage {
    fn reserve_job_number(&self) -> BoxFuture<'_, Result<u64, StorageError>> {
        self.answer(|state| {
            state.next_job += 1;
            state.next_job - 1
        })
    }

    fn apply<'a>(
        &'a self,
        changes: &'a [Change],
        _durability: Durability,
    ) -> BoxFuture<'a, Result<(), StorageError>> {
        self.answer(|state| {
            for change in changes {
                state.apply(change);
            }
        })
    }

    fn jobs(&self) -> BoxFuture<'_, Result<Vec<Job>, StorageError>> {
        self.answer(|state| state.jobs.values().cloned().collect())
    }

    fn job(&self, id: JobId) -> BoxFuture<'_, Result<Option<Job>, StorageError>> {
        self.answer(|state| state.jobs.get(&id).cloned())
    }

    fn history<'a>(&'a self, query: &'a HistoryQuery) -> BoxFuture<'a, Result<Vec<Run>, StorageError>> {
        self.answer(|state| {
            let newest = state.history.iter().rev().filter(|run| query.matches(run)).take(query.limit);
            let mut runs: Vec<Run> = newest.cloned().collect();
            runs.reverse();
            runs
        })
    }

    fn dead_letters(&self, limit: usize) -> BoxFuture<'_, Result<Vec<DeadLetter>, StorageError>> {
        self.answer(|state| state.dead_letters.iter().rev().take(limit).cloned().collect())
    }

    fn statistics(&self) -> BoxFuture<'_, Result<Statistics, StorageError>> {
        self.answer(|state| Statistics { active_jobs: state.jobs.len(), ..state.statistics.clone() })
    }

    fn is_final(&self, run: RunId) -> BoxFuture<'_, Result<bool, StorageError>> {
        self.answer(|state| {
            let is_same_fire = |known: &&Run| RunId { attempt: run.attempt, ..known.run_id } == run;
            let is_end = |known: &Run| known.status != RunStatus::Failed;
            state.history.iter().rev().filter(is_same_fire).any(is_end)
                || state.dead_letters.iter().map(|letter| &letter.run).any(|known| is_same_fire(&known))
        })
    }

    fn prune(&self, limits: Limits) -> BoxFuture<'_, Result<(), StorageError>> {
        self.answer(|state| state.prune(limits))
    }
}

impl State {
    fn apply(&mut self, change: &Change) {
        match change {
            Change::PutJob(job) => {
                self.next_job = self.next_job.max(job.id().number() + 1);
                self.jobs.insert(job.id(), Job::clone(job));
            }
            Change::RemoveJob(id) => {
                self.jobs.remove(id);
            }
            Change::EndAttempt(ended) => self.end_attempt(ended),
            Change::Skip(skipped) => self.skip(skipped),
        }
    }

    fn end_attempt(&mut self, ended: &EndedAttempt) {
        let run = &ended.run;
        if !self.run_ids.insert(run.run_id) {
            return;
        }
        if let Some(job) = self.jobs.get_mut(&run.job_id()) {
            job.count_attempt(run);
            job.next_run_at = ended.next_run_at;
            job.retry_count = ended.retry_count;
        }
        self.statistics.count_attempt(run);
        self.history.push_back(run.clone());
        self.dead_letters.extend(ended.dead_letter.clone());
    }

    fn skip(&mut self, skipped: &SkippedFires) {
        let run = &skipped.run;
        if !self.run_ids.insert(run.run_id) {
            return;
        }
        if let Some(job) = self.jobs.get_mut(&run.job_id()) {
            job.next_run_at = skipped.next_run_at;
        }
        self.history.push_back(run.clone());
    }

    fn prune(&mut self, limits: Limits) {
        let is_old = |run: &Run| limits.history_since.is_some_and(|since| run.finished_at < Some(since));
        while self.history.len() > limits.max_history || self.history.front().is_some_and(is_old) {
            if let Some(run) = self.history.pop_front() {
                self.run_ids.remove(&run.run_id);
            }
        }
        let surplus = self.dead_letters.len().saturating_sub(limits.max_dead_letters);
        self.dead_letters.drain(..surplus);
    }
}
