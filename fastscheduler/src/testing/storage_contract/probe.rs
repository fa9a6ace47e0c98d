//! A store under test, and what it looks like from outside.

use std::sync::Arc;

use chrono::{DateTime, Utc};

use crate::job::{DeadLetter, Job, JobId, JobRevision, OpenFire, Run, RunId, RunStatus, Statistics};
use crate::storage::{
    Change, DeadLetterGroup, DeadLetterPage, DeadLetterQuery, Durability, HistoryQuery, JobCounts, JobPage,
    JobQuery, JobsNow, Limits, Storage, StorageError, Stored,
};

/// A store under test. Its failures are those of the test.
#[derive(Debug)]
pub(super) struct Probe<S>(Arc<S>);

/// All that can be read from a store.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Snapshot {
    pub(super) stored: Stored,
    pub(super) history: Vec<Run>,
    pub(super) letters: Vec<DeadLetter>,
    pub(super) statistics: Statistics,
}

impl<S> Clone for Probe<S> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<S: Storage> Probe<S> {
    pub(super) async fn of(make: impl AsyncFn() -> S) -> Self {
        let probe = Self(Arc::new(make().await));
        let stored = probe.load().await;
        assert_eq!(
            stored,
            Stored::default(),
            "the suite needs a new store for each test; this one is in use"
        );
        probe
    }

    /// A store that these changes were made to.
    pub(super) async fn with(make: impl AsyncFn() -> S, changes: &[Change]) -> Self {
        let probe = Self::of(make).await;
        probe.apply(changes).await;
        probe
    }

    pub(super) async fn try_apply(&self, changes: &[Change]) -> Result<(), StorageError> {
        self.0.apply(changes, Durability::Now).await
    }

    #[track_caller]
    pub(super) fn apply(&self, changes: &[Change]) -> impl Future<Output = ()> {
        let caller = std::panic::Location::caller();
        async move {
            if let Err(error) = self.try_apply(changes).await {
                panic!("at {caller}: `apply` failed: {error}; the changes were {changes:#?}");
            }
        }
    }

    /// The changes conflict, and change nothing.
    pub(super) async fn refuses(&self, changes: &[Change], why: &str) {
        let before = self.snapshot().await;
        let answer = self.try_apply(changes).await;
        assert!(matches!(answer, Err(StorageError::Conflict(_))), "{why}: no conflict but {answer:?}");
        assert_eq!(self.snapshot().await, before, "{why}: a batch that was refused changed something");
    }

    /// The changes are accepted, and change nothing.
    pub(super) async fn leaves_out(&self, changes: &[Change], why: &str) {
        let before = self.snapshot().await;
        self.apply(changes).await;
        assert_eq!(self.snapshot().await, before, "{why}: it should have been left out");
    }

    pub(super) async fn reserve(&self) -> u64 {
        self.0.reserve_job_number().await.expect("a job number is given")
    }

    pub(super) async fn load(&self) -> Stored {
        self.0.load().await.expect("the store is loaded")
    }

    pub(super) async fn jobs(&self) -> Vec<Job> {
        self.0.jobs().await.expect("jobs are read")
    }

    pub(super) async fn find_job(&self, id: JobId) -> Option<Job> {
        self.0.job(id).await.expect("a job is read")
    }

    /// A job that must be there, as it is now.
    pub(super) async fn job(&self, job: &Job) -> Job {
        self.find_job(job.id()).await.unwrap_or_else(|| panic!("{} is there", job.id()))
    }

    pub(super) async fn open(&self) -> Vec<OpenFire> {
        self.load().await.open
    }

    pub(super) async fn open_of(&self, job: JobId) -> Vec<OpenFire> {
        self.0.open_fires(job).await.expect("the open fires of a job are read")
    }

    /// The open fires: the next attempt of each, and whether it was claimed.
    pub(super) async fn open_attempts(&self) -> Vec<(RunId, bool)> {
        self.open().await.iter().map(|fire| (fire.entry.run_id(), fire.is_claimed)).collect()
    }

    pub(super) async fn find_jobs(&self, query: &JobQuery, now: &JobsNow) -> JobPage {
        self.0.find_jobs(query, now).await.expect("jobs are found")
    }

    pub(super) async fn job_counts(&self, query: &JobQuery, now: &JobsNow) -> JobCounts {
        self.0.job_counts(query, now).await.expect("jobs are counted")
    }

    pub(super) async fn jobs_by_id(&self, ids: &[JobId]) -> Vec<Option<Job>> {
        self.0.jobs_by_id(ids).await.expect("jobs are read")
    }

    pub(super) async fn newest_request(&self, job: JobId) -> Option<DateTime<Utc>> {
        self.0.newest_request(job).await.expect("the newest request is read")
    }

    pub(super) async fn newest_requests(&self, jobs: &[JobId]) -> Vec<Option<DateTime<Utc>>> {
        self.0.newest_requests(jobs).await.expect("the newest requests are read")
    }

    pub(super) async fn history(&self, query: &HistoryQuery) -> Vec<Run> {
        self.0.history(query).await.expect("the history is read")
    }

    pub(super) async fn runs(&self) -> Vec<Run> {
        self.history(&HistoryQuery { limit: usize::MAX, ..HistoryQuery::default() }).await
    }

    pub(super) async fn run(&self, run: RunId) -> Option<Run> {
        self.0.run(run).await.expect("a run is read")
    }

    pub(super) async fn last_run_of_fire(&self, run: RunId) -> Option<Run> {
        self.0.last_run_of_fire(run).await.expect("the last run of a fire is read")
    }

    pub(super) async fn attempts_of_fire(&self, run: RunId) -> Vec<Run> {
        self.0.attempts_of_fire(run).await.expect("the attempts of a fire are read")
    }

    pub(super) async fn recent_attempts(&self, jobs: &[JobId], limit: usize) -> Vec<Vec<Run>> {
        self.0.recent_attempts(jobs, limit).await.expect("the newest attempts of jobs are read")
    }

    /// What became of the attempts in the history.
    pub(super) async fn outcomes(&self) -> Vec<(RunId, RunStatus)> {
        self.runs().await.iter().map(|run| (run.run_id, run.status)).collect()
    }

    pub(super) async fn letters(&self, limit: usize) -> Vec<DeadLetter> {
        self.0.dead_letters(limit).await.expect("dead letters are read")
    }

    pub(super) async fn letter(&self, run: RunId) -> Option<DeadLetter> {
        self.0.dead_letter(run).await.expect("a dead letter is read")
    }

    pub(super) async fn find_letters(&self, query: &DeadLetterQuery) -> DeadLetterPage {
        self.0.find_dead_letters(query).await.expect("dead letters are found")
    }

    pub(super) async fn letter_groups(&self, query: &DeadLetterQuery) -> Vec<DeadLetterGroup> {
        self.0.dead_letter_groups(query).await.expect("dead letters are grouped")
    }

    pub(super) async fn clear_letters(&self) -> usize {
        self.0.clear_dead_letters().await.expect("dead letters are dropped")
    }

    pub(super) async fn statistics(&self) -> Statistics {
        self.0.statistics().await.expect("the totals are read")
    }

    pub(super) async fn is_final(&self, run: RunId) -> bool {
        self.0.is_final(run).await.expect("whether a fire is over is read")
    }

    pub(super) async fn prune(&self, limits: Limits) {
        self.0.prune(limits).await.expect("the store is pruned");
    }

    pub(super) async fn snapshot(&self) -> Snapshot {
        Snapshot {
            stored: self.load().await,
            history: self.runs().await,
            letters: self.letters(usize::MAX).await,
            statistics: self.statistics().await,
        }
    }
}

/// A change of a job that expects it to be as given, and pauses it.
pub(super) fn pause(job: &Job) -> JobRevision {
    JobRevision { is_paused: true, ..JobRevision::of(job) }
}

pub(super) fn revise(revision: JobRevision) -> Change {
    Change::ReviseJob(Box::new(revision))
}

pub(super) fn remove(job: &Job) -> Change {
    Change::RemoveJob { job: job.id(), tombstone: None }
}
