//! Where jobs, their history and their dead letters are kept.
//!
//! Storage is the truth about jobs. A batch of [`Change`]s is applied whole or
//! not at all, and applying it twice changes nothing.

mod error;
mod history_query;
mod in_memory;
mod json;
mod memory;
mod state;

use std::fmt;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use chrono_tz::Tz;
use futures_util::future::{BoxFuture, pending, ready};
use serde::{Deserialize, Serialize};

pub use error::StorageError;
pub use history_query::HistoryQuery;
pub(crate) use json::DEFAULT_STATE_FILE;
pub use json::JsonStorage;
pub use memory::MemoryStorage;

use crate::job::{
    DeadLetter, Entry, Job, JobId, JobRevision, OpenFire, Progress, Run, RunId, Statistics, Tombstone,
};

/// A change to what is kept.
///
/// A fire is *open* from its claim, or from the request for it, until an
/// attempt of it ended for good. A store keeps the open fires, because they are
/// what is to be run again after a crash.
///
/// A fire is *over* when it is not open any more: what
/// [`is_final`](Storage::is_final) answers. Changes that come too late are
/// left out rather than refused, so that one of them does not spoil its batch.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Change {
    /// A job is new. One that is there already is left as it is.
    AddJob(Box<Job>),
    /// The program adds a job again that an earlier process made. It is left out
    /// if the job is gone.
    AddAgain {
        /// The job.
        job: JobId,
        /// When.
        at: DateTime<Utc>,
    },
    /// A job is told something else. It is a conflict if the job is gone or is
    /// not as the change expects it.
    ReviseJob(Box<JobRevision>),
    /// It is a conflict if the job is gone: what its batch says of the job would
    /// be left out, and the rest of the batch must not be made without it.
    RequireJob(JobId),
    /// A job is gone. Of its open fires stays what is
    /// [left of them](OpenFire::outliving), until their ends are recorded. A
    /// declared job may leave a tombstone; one that is gone already leaves none.
    RemoveJob {
        /// The job.
        job: JobId,
        /// What keeps the code's declaration from making it again.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        tombstone: Option<Box<Tombstone>>,
    },
    /// The tombstone of this job is gone, because its declaration changed.
    RemoveTombstone(JobId),
    /// A fire waits to be run, or to be run again; its claim, if there was
    /// one, is over. It is left out if its job is gone, if this very attempt
    /// has ended, or if a later attempt of the fire is open.
    OpenFire(Box<Entry>),
    /// Attempts begin: each fire is open and claimed from now on, and its
    /// job's fires are accounted for. A claim is left out if its fire is over
    /// or a later attempt of it is open.
    ///
    /// A fire that is accounted for before it is claimed is over. In a batch
    /// that skips fires after it, its claim comes first.
    Claim(Vec<Claimed>),
    /// An attempt ended. It counts if its id is new, its fire is not over, and
    /// no later attempt of the fire is open; that of a job that is gone counts
    /// in history and totals.
    EndAttempt(EndedAttempt),
    /// Fires did not run. It counts if its id is new and its job is there: who
    /// removes a job has accounted for all its fires.
    Skip(SkippedFires),
    /// A dead letter is taken out to be run again. It is a conflict if there
    /// is none of that id.
    TakeDeadLetter(RunId),
}

/// An attempt that begins.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Claimed {
    /// The fire, with the number of the attempt.
    pub entry: Entry,
    /// How far the job's fires are accounted for with this one.
    pub progress: Progress,
}

/// An attempt that ended, and what becomes of its fire.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct EndedAttempt {
    /// The record. A store keeps it, and the letter, with how many attempts of
    /// the job have [ended with it](Run::run_count); of a job that is gone, its
    /// open fires know how many [had](crate::job::RemovedJob::run_count).
    pub run: Arc<Run>,
    /// How far the job's fires are accounted for.
    pub progress: Progress,
    /// The attempt that comes next, if the fire has not ended for good: the
    /// fire stays open, unclaimed. Of a job that is gone, there is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retry: Option<Box<Entry>>,
    /// The letter, if the fire failed for good. It is kept if the end counts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dead_letter: Option<Box<DeadLetter>>,
}

/// Fires that did not run.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct SkippedFires {
    /// The record. A store keeps it with how many attempts of the job have
    /// ended.
    pub run: Arc<Run>,
    /// How far the job's fires are accounted for with these.
    pub progress: Progress,
}

/// All that a scheduler must know when it starts.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Stored {
    /// All jobs, by id.
    pub jobs: Vec<Job>,
    /// The fires that are open, by job, instant and trigger.
    pub open: Vec<OpenFire>,
    /// Declared jobs that do not come back, by id.
    pub tombstones: Vec<Tombstone>,
}

/// How soon a change must be safe.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Durability {
    /// Before the call returns: a caller is told that it succeeded.
    Now,
    /// Within 100 ms.
    Soon,
}

/// How much history is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// The most runs.
    pub max_history: usize,
    /// Runs and dead letters that ended before this instant go. One may stay
    /// as long as another stays that was recorded before it.
    pub history_since: Option<DateTime<Utc>>,
    /// The most dead letters.
    pub max_dead_letters: usize,
}

/// Where jobs, their history and their dead letters are kept.
///
/// The truth about jobs: queues are rebuilt from it. The suite
/// `storage_contract!` of the feature `testing` checks what is promised here.
/// The example `custom_backends` is a whole one to begin from.
///
/// All that is kept can be written by serde, and [`Job`] and [`Statistics`]
/// have the rules for what a change does to them: [`Job::revise`],
/// [`Job::advance`], [`Job::count_attempt`], [`Statistics::count_attempt`].
///
/// A future that is dropped before its end has applied its batch whole or not
/// at all.
pub trait Storage: fmt::Debug + Send + Sync + 'static {
    /// A number for a new job, never given before.
    ///
    /// One that no job was added with may be given again once the store was
    /// closed and opened.
    fn reserve_job_number(&self) -> BoxFuture<'_, Result<u64, StorageError>>;

    /// Applies changes in order, all or none. Applying them twice, one time
    /// right after the other, changes nothing. An empty batch that must be safe
    /// [now](Durability::Now) makes safe what was applied before.
    ///
    /// # Errors
    ///
    /// [`StorageError::Conflict`] as [`Change`] says; [`StorageError::Invalid`] for a
    /// change that can never be stored as it is, however often it is tried.
    fn apply<'a>(
        &'a self,
        changes: &'a [Change],
        durability: Durability,
    ) -> BoxFuture<'a, Result<(), StorageError>>;

    /// All that a scheduler must know when it starts.
    fn load(&self) -> BoxFuture<'_, Result<Stored, StorageError>>;

    /// All jobs, by id.
    fn jobs(&self) -> BoxFuture<'_, Result<Vec<Job>, StorageError>>;

    /// Shows all jobs to `visit`, in no order.
    ///
    /// A store that has them in memory need not copy them for that, as this
    /// does unless it is implemented; `visit` must be short then.
    fn visit_jobs<'a>(
        &'a self,
        visit: &'a mut (dyn FnMut(&Job) + Send),
    ) -> BoxFuture<'a, Result<(), StorageError>> {
        Box::pin(async move {
            self.jobs().await?.iter().for_each(visit);
            Ok(())
        })
    }

    /// One job.
    fn job(&self, id: JobId) -> BoxFuture<'_, Result<Option<Job>, StorageError>>;

    /// The open fires of one job, by instant and trigger.
    ///
    /// One that can be asked for them need not load all there is for that, as
    /// this does unless it is implemented.
    fn open_fires(&self, job: JobId) -> BoxFuture<'_, Result<Vec<OpenFire>, StorageError>> {
        Box::pin(async move {
            let mut open = self.load().await?.open;
            open.retain(|open| open.entry.job == job);
            Ok(open)
        })
    }

    /// The newest runs that are asked for, oldest first: by the order in which
    /// they were recorded.
    fn history<'a>(&'a self, query: &'a HistoryQuery) -> BoxFuture<'a, Result<Vec<Run>, StorageError>>;

    /// The record of this run: from the history, or of its dead letter if the
    /// history has dropped it.
    ///
    /// A store that can look it up need not read the whole history of the job for
    /// that, as this does unless it is implemented.
    fn run(&self, run: RunId) -> BoxFuture<'_, Result<Option<Run>, StorageError>> {
        Box::pin(async move {
            let mut recorded = self.history(&HistoryQuery::all_of(run.job)).await?;
            if let Some(place) = recorded.iter().position(|record| record.run_id == run) {
                return Ok(Some(recorded.swap_remove(place)));
            }
            Ok(self.dead_letter(run).await?.map(|letter| letter.run))
        })
    }

    /// The newest record of an attempt at the fire of this run: from the history,
    /// or of a dead letter if the history has dropped all of them.
    ///
    /// The run may be any attempt at the [same fire](RunId::is_same_fire), recorded
    /// or not. A record of fires that did not run stands for many of them, so it is
    /// returned only for its own id.
    ///
    /// A store that can look it up need not read the whole history of the job for
    /// that, as this does unless it is implemented.
    fn last_run_of_fire(&self, run: RunId) -> BoxFuture<'_, Result<Option<Run>, StorageError>> {
        Box::pin(async move {
            let recorded = self.history(&HistoryQuery::all_of(run.job)).await?;
            if let Some(last) = recorded.into_iter().rfind(|record| is_of_fire(record, run)) {
                return Ok(Some(last));
            }
            let letters = self.dead_letters(usize::MAX).await?;
            Ok(letters.into_iter().map(|letter| letter.run).find(|record| is_of_fire(record, run)))
        })
    }

    /// The newest dead letters, newest first.
    fn dead_letters(&self, limit: usize) -> BoxFuture<'_, Result<Vec<DeadLetter>, StorageError>>;

    /// How many dead letters there are.
    fn dead_letter_count(&self) -> BoxFuture<'_, Result<usize, StorageError>> {
        Box::pin(async move { Ok(self.dead_letters(usize::MAX).await?.len()) })
    }

    /// The dead letter of a run.
    fn dead_letter(&self, run: RunId) -> BoxFuture<'_, Result<Option<DeadLetter>, StorageError>>;

    /// Drops all dead letters, and says how many there were.
    fn clear_dead_letters(&self) -> BoxFuture<'_, Result<usize, StorageError>>;

    /// The totals since the store was begun, whatever was pruned or removed
    /// since; jobs are those there are. When a scheduler was started is not the
    /// store's to know.
    fn statistics(&self) -> BoxFuture<'_, Result<Statistics, StorageError>>;

    /// Whether the fire of this attempt is over: it is not open, and if its
    /// schedule set it off, the job's fires are accounted for beyond it. Those
    /// of a job that is gone are over when they are not open. An instance asks
    /// before it takes over a fire whose claim has run out.
    fn is_final(&self, run: RunId) -> BoxFuture<'_, Result<bool, StorageError>>;

    /// Drops what is beyond the limits: the oldest runs and dead letters, never
    /// jobs, open fires or totals.
    fn prune(&self, limits: Limits) -> BoxFuture<'_, Result<(), StorageError>>;

    /// Whether it can be reached, and takes changes: what a monitor asks now and
    /// then. Without another way to find out, it is asked for its totals.
    ///
    /// # Errors
    ///
    /// Why it cannot.
    fn check(&self) -> BoxFuture<'_, Result<(), StorageError>> {
        Box::pin(async move { self.statistics().await.map(drop) })
    }

    /// Waits until [`check`](Self::check) may return something else than before.
    ///
    /// This is for a store that takes runs which it cannot keep yet, as a state file
    /// does on a full disk: a scheduler asks `check` then, and reports a
    /// [problem](crate::ProblemCode::StoreFailing) as long as that fails. A store that
    /// refuses such changes never returns, which is the default.
    fn check_changed(&self) -> BoxFuture<'_, ()> {
        Box::pin(pending())
    }

    /// Sets the zone of local times that the store writes for people.
    ///
    /// A scheduler calls this with its own zone when it is built. Stores that write
    /// no local times ignore it, which is the default.
    fn write_local_times_in(&self, _zone: Tz) {}

    /// Syncs everything that was applied and releases the store, so that another
    /// process can open it. Reading still works; changes are refused from now on.
    /// Closing it again does nothing.
    ///
    /// The default is for stores that hold nothing open, and does nothing.
    fn close(&self) -> BoxFuture<'_, Result<(), StorageError>> {
        Box::pin(ready(Ok(())))
    }

    /// Waits until somebody else has taken over the store, for good; returns the
    /// error that changes get from then on. A scheduler stops then.
    ///
    /// A store that nobody can take over never returns, which is the default.
    fn lost(&self) -> BoxFuture<'_, StorageError> {
        Box::pin(pending())
    }

    /// Whether other processes may work with the same jobs at the same time.
    fn is_shared(&self) -> bool {
        false
    }
}

/// Whether a record is that of an attempt at the fire of this run, or its own.
fn is_of_fire(record: &Run, run: RunId) -> bool {
    if record.skipped.is_some() { record.run_id == run } else { record.run_id.is_same_fire(run) }
}
