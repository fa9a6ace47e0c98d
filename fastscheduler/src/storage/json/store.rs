//! The state file as a store.

use std::future::ready;

use chrono::{DateTime, Utc};
use chrono_tz::Tz;
use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;

use super::JsonStorage;
use super::ending::Closing;
use super::ledger::Ledger;
use crate::job::{DeadLetter, Job, JobId, OpenFire, Run, RunId, Statistics};
use crate::storage::state::{self, HasState, State};
use crate::storage::{
    Change, Durability, HistoryQuery, JobCounts, JobPage, JobQuery, JobsNow, Limits, Storage, StorageError,
    Stored,
};

impl HasState for JsonStorage {
    fn with_state<T>(&self, work: impl FnOnce(&mut State) -> T) -> T {
        work(&mut self.inner().state)
    }
}

impl Storage for JsonStorage {
    fn write_local_times_in(&self, zone: Tz) {
        self.0.ledger.show_letters_in(zone);
    }

    fn reserve_job_number(&self) -> BoxFuture<'_, Result<u64, StorageError>> {
        // It is not written: nobody knows a number before a job has it.
        self.answer(State::reserve_job_number)
    }

    fn apply<'a>(
        &'a self,
        changes: &'a [Change],
        durability: Durability,
    ) -> BoxFuture<'a, Result<(), StorageError>> {
        Box::pin(self.until_safe(move |ledger| Ok(((), ledger.record(changes, durability)?))))
    }

    fn load(&self) -> BoxFuture<'_, Result<Stored, StorageError>> {
        self.answer(|state| state.load())
    }

    fn jobs(&self) -> BoxFuture<'_, Result<Vec<Job>, StorageError>> {
        Box::pin(state::jobs(self).map(Ok))
    }

    fn visit_jobs<'a>(
        &'a self,
        visit: &'a mut (dyn FnMut(&Job) + Send),
    ) -> BoxFuture<'a, Result<(), StorageError>> {
        Box::pin(state::visit_jobs(self, visit).map(Ok))
    }

    fn job(&self, id: JobId) -> BoxFuture<'_, Result<Option<Job>, StorageError>> {
        self.answer(|state| state.job(id).cloned())
    }

    fn find_jobs<'a>(
        &'a self,
        query: &'a JobQuery,
        now: &'a JobsNow,
    ) -> BoxFuture<'a, Result<JobPage, StorageError>> {
        Box::pin(state::find_jobs(self, query, now).map(Ok))
    }

    fn jobs_by_id<'a>(&'a self, ids: &'a [JobId]) -> BoxFuture<'a, Result<Vec<Option<Job>>, StorageError>> {
        Box::pin(ready(Ok(state::jobs_by_id(self, ids))))
    }

    fn job_counts<'a>(&'a self, now: &'a JobsNow) -> BoxFuture<'a, Result<JobCounts, StorageError>> {
        Box::pin(state::job_counts(self, now).map(Ok))
    }

    fn open_fires(&self, job: JobId) -> BoxFuture<'_, Result<Vec<OpenFire>, StorageError>> {
        self.answer(move |state| state.open_fires(job))
    }

    fn history<'a>(&'a self, query: &'a HistoryQuery) -> BoxFuture<'a, Result<Vec<Run>, StorageError>> {
        self.answer(|state| state.history(query))
    }

    fn run(&self, run: RunId) -> BoxFuture<'_, Result<Option<Run>, StorageError>> {
        self.answer(move |state| state.run(run))
    }

    fn last_run_of_fire(&self, run: RunId) -> BoxFuture<'_, Result<Option<Run>, StorageError>> {
        self.answer(move |state| state.last_run_of_fire(run))
    }

    fn newest_request(&self, job: JobId) -> BoxFuture<'_, Result<Option<DateTime<Utc>>, StorageError>> {
        self.answer(move |state| state.newest_request(job))
    }

    fn dead_letters(&self, limit: usize) -> BoxFuture<'_, Result<Vec<DeadLetter>, StorageError>> {
        self.answer(|state| state.dead_letters(limit))
    }

    fn dead_letter_count(&self) -> BoxFuture<'_, Result<usize, StorageError>> {
        self.answer(|state| state.dead_letter_count())
    }

    fn dead_letter(&self, run: RunId) -> BoxFuture<'_, Result<Option<DeadLetter>, StorageError>> {
        self.answer(|state| state.dead_letter(run).cloned())
    }

    fn clear_dead_letters(&self) -> BoxFuture<'_, Result<usize, StorageError>> {
        Box::pin(self.until_safe(Ledger::clear_dead_letters))
    }

    fn statistics(&self) -> BoxFuture<'_, Result<Statistics, StorageError>> {
        self.answer(|state| state.statistics())
    }

    fn is_final(&self, run: RunId) -> BoxFuture<'_, Result<bool, StorageError>> {
        self.answer(|state| state.is_over(run))
    }

    fn prune(&self, limits: Limits) -> BoxFuture<'_, Result<(), StorageError>> {
        let mut inner = self.inner();
        let pruned = inner.state.prune(limits);
        inner.dropped.add(pruned);
        Box::pin(ready(Ok(())))
    }

    fn check(&self) -> BoxFuture<'_, Result<(), StorageError>> {
        Box::pin(ready(self.inner().check()))
    }

    fn check_changed(&self) -> BoxFuture<'_, ()> {
        Box::pin(self.0.ledger.check_changed.notified())
    }

    fn close(&self) -> BoxFuture<'_, Result<(), StorageError>> {
        let closed = self.0.ledger.close(Closing::Folded);
        Box::pin(async move {
            self.answered(closed).await?;
            self.inner().lost.clone().map_or(Ok(()), |lost| Err(lost.into()))
        })
    }

    fn lost(&self) -> BoxFuture<'_, StorageError> {
        Box::pin(async {
            self.0.ledger.is_lost.cancelled().await;
            self.inner().why_closed()
        })
    }
}
