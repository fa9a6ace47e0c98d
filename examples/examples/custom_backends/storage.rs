//! A store in rows of text, in the order of their keys.
//!
//! That is what a key-value database offers. Here the rows are in a map, and a
//! transaction is committed under its lock.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use fastscheduler::storage::{Change, Durability, Limits, Storage, StorageError, Stored};
use fastscheduler::{DeadLetter, HistoryQuery, Job, JobId, OpenFire, Run, RunId, Statistics};
use futures_util::future::BoxFuture;

use crate::rows::{
    JOBS, LETTERS, NEXT_JOB, OPEN, RUNS, Rows, TOMBSTONES, TOTALS, Transaction, job_key, recorded_key,
};

type Answer<'a, T> = BoxFuture<'a, Result<T, StorageError>>;

/// A store in rows of text. Clones are the same store.
#[derive(Debug, Clone, Default)]
pub(crate) struct RowStorage(Arc<Mutex<Rows>>);

impl RowStorage {
    /// How many rows each table has.
    pub(crate) fn table_sizes(&self) -> Vec<(String, usize)> {
        let mut sizes = BTreeMap::new();
        for key in self.rows().keys() {
            let (table, _) = key.split_once('/').unwrap_or((key, ""));
            *sizes.entry(table.to_owned()).or_default() += 1;
        }
        sizes.into_iter().collect()
    }

    fn rows(&self) -> MutexGuard<'_, Rows> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn read<'a, T: Send + 'a>(
        &'a self,
        read: impl FnOnce(&Transaction<'_>) -> Result<T, StorageError> + Send + 'a,
    ) -> Answer<'a, T> {
        Box::pin(async move { read(&Transaction::new(&self.rows())) })
    }

    /// Keeps what a transaction wrote, unless it failed.
    fn write<'a, T: Send + 'a>(
        &'a self,
        write: impl FnOnce(&mut Transaction<'_>) -> Result<T, StorageError> + Send + 'a,
    ) -> Answer<'a, T> {
        // In a future, which does nothing unless it is awaited.
        Box::pin(async move {
            let mut rows = self.rows();
            let mut transaction = Transaction::new(&rows);
            let result = write(&mut transaction)?;
            let written = transaction.into_written();
            written.commit(&mut rows);
            Ok(result)
        })
    }
}

impl Storage for RowStorage {
    fn reserve_job_number(&self) -> Answer<'_, u64> {
        self.write(move |rows| rows.count(NEXT_JOB))
    }

    /// A database would wait for its disk here if the durability is `Now`.
    fn apply<'a>(&'a self, changes: &'a [Change], _: Durability) -> Answer<'a, ()> {
        self.write(move |rows| changes.iter().try_for_each(|change| rows.apply(change)))
    }

    fn load(&self) -> Answer<'_, Stored> {
        self.read(move |rows| {
            let (jobs, mut open) = (rows.table(JOBS)?, rows.table::<OpenFire>(OPEN)?);
            open.sort_by_key(|OpenFire { entry, .. }| (entry.job, entry.scheduled_for, entry.trigger));
            Ok(Stored { jobs, open, tombstones: rows.table(TOMBSTONES)? })
        })
    }

    fn jobs(&self) -> Answer<'_, Vec<Job>> {
        self.read(move |rows| rows.table(JOBS))
    }

    fn job(&self, id: JobId) -> Answer<'_, Option<Job>> {
        self.read(move |rows| rows.get(&job_key(JOBS, id)))
    }

    fn history<'a>(&'a self, query: &'a HistoryQuery) -> Answer<'a, Vec<Run>> {
        self.read(move |rows| {
            let mut runs: Vec<Run> = rows.table(RUNS)?;
            if let Some(before) = query.before_run {
                runs.truncate(runs.iter().position(|run| run.run_id == before).unwrap_or(0));
            }
            if let Some(after) = query.after_run {
                let place = runs.iter().position(|run| run.run_id == after);
                runs.drain(..place.map_or(runs.len(), |place| place + 1));
                runs.retain(|run| query.matches(run));
                runs.truncate(query.limit);
                return Ok(runs);
            }
            runs.retain(|run| query.matches(run));
            Ok(runs.split_off(runs.len().saturating_sub(query.limit)))
        })
    }

    fn dead_letters(&self, limit: usize) -> Answer<'_, Vec<DeadLetter>> {
        self.read(move |rows| Ok(rows.table(LETTERS)?.into_iter().rev().take(limit).collect()))
    }

    fn dead_letter(&self, run: RunId) -> Answer<'_, Option<DeadLetter>> {
        self.read(move |rows| Ok(rows.letter(run)?.map(|(_, letter)| letter)))
    }

    fn clear_dead_letters(&self) -> Answer<'_, usize> {
        self.write(move |rows| Ok(rows.keys(LETTERS).into_iter().map(|key| rows.delete(key)).count()))
    }

    fn statistics(&self) -> Answer<'_, Statistics> {
        self.read(move |rows| {
            let totals = rows.get(TOTALS)?.unwrap_or_default();
            Ok(Statistics { active_jobs: rows.keys(JOBS).len(), ..totals })
        })
    }

    fn is_final(&self, run: RunId) -> Answer<'_, bool> {
        self.read(move |rows| rows.is_over(run))
    }

    fn prune(&self, limits: Limits) -> Answer<'_, ()> {
        let is_old = move |run: &Run| limits.history_since.is_some_and(|since| run.finished_at < Some(since));
        self.write(move |rows| {
            let runs = rows.pairs::<Run>(RUNS)?;
            let surplus = runs.len().saturating_sub(limits.max_history);
            for (index, (key, run)) in runs.into_iter().enumerate() {
                if index < surplus || is_old(&run) {
                    rows.delete(key);
                    rows.delete(recorded_key(run.run_id));
                }
            }
            let letters = rows.pairs::<DeadLetter>(LETTERS)?;
            let surplus = letters.len().saturating_sub(limits.max_dead_letters);
            for (index, (key, letter)) in letters.into_iter().enumerate() {
                if index < surplus || is_old(&letter.run) {
                    rows.delete(key);
                }
            }
            Ok(())
        })
    }
}
