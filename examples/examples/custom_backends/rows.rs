//! Rows of text in the order of their keys, and transactions over them.

use std::collections::BTreeMap;

use fastscheduler::storage::StorageError;
use fastscheduler::{JobId, RunId};
use serde::Serialize;
use serde::de::DeserializeOwned;

// Keys are `table/row`. Numbers are padded, so that rows are in their order.
pub(crate) const JOBS: &str = "job/";
pub(crate) const OPEN: &str = "open/";
pub(crate) const TOMBSTONES: &str = "tombstone/";
pub(crate) const RUNS: &str = "run/";
/// The ids of the runs, to know which were recorded.
pub(crate) const RECORDED: &str = "recorded/";
pub(crate) const LETTERS: &str = "letter/";
pub(crate) const TOTALS: &str = "counter/totals";
pub(crate) const NEXT_JOB: &str = "counter/job";
pub(crate) const NEXT_ROW: &str = "counter/row";

pub(crate) type Rows = BTreeMap<String, String>;

/// The key of a row that belongs to a job.
pub(crate) fn job_key(table: &str, job: JobId) -> String {
    numbered(table, job.number())
}

/// The key of a row with a number.
pub(crate) fn numbered(table: &str, number: u64) -> String {
    format!("{table}{number:020}")
}

/// The key of a fire, whatever the attempt.
pub(crate) fn open_key(run: RunId) -> String {
    format!("{}/{}", job_key(OPEN, run.job), RunId { attempt: 0, ..run })
}

/// The key that says whether an attempt was recorded.
pub(crate) fn recorded_key(run: RunId) -> String {
    format!("{RECORDED}{run}")
}

/// Reads rows, and keeps what is written until it is committed. It sees what
/// it has written itself.
pub(crate) struct Transaction<'a> {
    rows: &'a Rows,
    written: Written,
}

/// What a transaction wrote; `None` is a row that was deleted.
#[derive(Default)]
pub(crate) struct Written(BTreeMap<String, Option<String>>);

impl<'a> Transaction<'a> {
    pub(crate) fn new(rows: &'a Rows) -> Self {
        Self { rows, written: Written::default() }
    }

    pub(crate) fn into_written(self) -> Written {
        self.written
    }

    pub(crate) fn get<T: DeserializeOwned>(&self, key: &str) -> Result<Option<T>, StorageError> {
        self.row(key).map(|row| read(row)).transpose()
    }

    pub(crate) fn has(&self, key: &str) -> bool {
        self.row(key).is_some()
    }

    pub(crate) fn put<T: Serialize>(&mut self, key: String, value: &T) -> Result<(), StorageError> {
        let row = serde_json::to_string(value).map_err(|error| StorageError::new("write a row", error))?;
        self.written.0.insert(key, Some(row));
        Ok(())
    }

    pub(crate) fn delete(&mut self, key: String) {
        self.written.0.insert(key, None);
    }

    /// The number of a counter, which is one higher from then on.
    pub(crate) fn count(&mut self, key: &str) -> Result<u64, StorageError> {
        let number = self.get(key)?.unwrap_or(0);
        self.put(key.to_owned(), &(number + 1))?;
        Ok(number)
    }

    /// The keys that begin like that, in their order.
    pub(crate) fn keys(&self, prefix: &str) -> Vec<String> {
        let mut rows: BTreeMap<&String, bool> = BTreeMap::new();
        rows.extend(starting_with(self.rows, prefix).map(|(key, _)| (key, true)));
        rows.extend(starting_with(&self.written.0, prefix).map(|(key, row)| (key, row.is_some())));
        rows.into_iter().filter(|(_, is_there)| *is_there).map(|(key, _)| key.clone()).collect()
    }

    /// The rows of a table with their keys, in the order of these.
    pub(crate) fn pairs<T: DeserializeOwned>(&self, table: &str) -> Result<Vec<(String, T)>, StorageError> {
        let pair = |key: String| Ok(self.get(&key)?.map(|value| (key, value)));
        self.keys(table).into_iter().filter_map(|key| pair(key).transpose()).collect()
    }

    /// The rows of a table, in the order of their keys.
    pub(crate) fn table<T: DeserializeOwned>(&self, table: &str) -> Result<Vec<T>, StorageError> {
        Ok(self.pairs(table)?.into_iter().map(|(_, value)| value).collect())
    }

    fn row(&self, key: &str) -> Option<&String> {
        match self.written.0.get(key) {
            Some(written) => written.as_ref(),
            None => self.rows.get(key),
        }
    }
}

impl Written {
    pub(crate) fn commit(self, rows: &mut Rows) {
        for (key, row) in self.0 {
            match row {
                Some(row) => rows.insert(key, row),
                None => rows.remove(&key),
            };
        }
    }
}

fn read<T: DeserializeOwned>(row: &str) -> Result<T, StorageError> {
    serde_json::from_str(row).map_err(|error| StorageError::new("read a row", error))
}

fn starting_with<'a, T>(
    rows: &'a BTreeMap<String, T>,
    prefix: &'a str,
) -> impl Iterator<Item = (&'a String, &'a T)> {
    rows.range(prefix.to_owned()..).take_while(move |(key, _)| key.starts_with(prefix))
}
