//! What is written to a store.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::job::{DeadLetter, Entry, Job, JobId, JobRevision, Progress, Run, RunId, Tombstone};

/// A change to what is kept.
///
/// A fire is *open* from its claim, or from the request for it, until an
/// attempt of it ended for good. A store keeps the open fires, because they are
/// what is to be run again after a crash.
///
/// A fire is *over* when it is not open any more: what
/// [`is_final`](crate::storage::Storage::is_final) answers. Changes that come too late are
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
    /// [left of them](crate::OpenFire::outliving), until their ends are recorded. A
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
