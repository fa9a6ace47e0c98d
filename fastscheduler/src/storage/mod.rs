//! Where jobs, their history and their dead letters are kept.
//!
//! Storage is the truth about jobs. A batch of [`Change`]s is applied whole or
//! not at all, and applying it twice changes nothing.

mod attempts;
mod change;
mod dead_letter_groups;
mod dead_letter_query;
mod error;
mod found;
mod history_query;
mod in_memory;
mod job_query;
mod json;
mod memory;
mod state;
mod stored;
mod text;

use std::collections::HashSet;
use std::fmt;

use chrono::{DateTime, Utc};
use chrono_tz::Tz;
use futures_util::future::{BoxFuture, pending, ready};

use attempts::{is_of_fire, requested_at};
pub use change::{Change, Claimed, EndedAttempt, SkippedFires};
pub use dead_letter_groups::DeadLetterGroup;
use dead_letter_groups::Grouped;
use dead_letter_query::FoundLetters;
pub use dead_letter_query::{DeadLetterPage, DeadLetterQuery};
pub use error::StorageError;
use found::{Counted, Found};
pub use history_query::HistoryQuery;
pub use job_query::{JobCounts, JobOrder, JobPage, JobQuery, JobsNow};
pub(crate) use json::DEFAULT_STATE_FILE;
pub use json::JsonStorage;
pub use memory::MemoryStorage;
pub use stored::{Durability, Limits, Stored};

use crate::job::{DeadLetter, Job, JobId, OpenFire, Run, RunId, Statistics};

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

    /// Shows all jobs to `visit`, in no order. A job that comes or goes meanwhile may be
    /// left out.
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

    /// The jobs of these ids, in the same order; `None` for one that there is none of.
    ///
    /// A store that can look up many at once need not ask for one after another, as
    /// this does unless it is implemented.
    fn jobs_by_id<'a>(&'a self, ids: &'a [JobId]) -> BoxFuture<'a, Result<Vec<Option<Job>>, StorageError>> {
        Box::pin(async move {
            let mut jobs = Vec::with_capacity(ids.len());
            for id in ids {
                jobs.push(self.job(*id).await?);
            }
            Ok(jobs)
        })
    }

    /// The jobs that a query asks for. Only a scheduler knows which of them run and
    /// which lack their function, so it says so in `now`.
    ///
    /// A store that has indexes need not look at all jobs, as this does unless it is
    /// implemented.
    fn find_jobs<'a>(
        &'a self,
        query: &'a JobQuery,
        now: &'a JobsNow,
    ) -> BoxFuture<'a, Result<JobPage, StorageError>> {
        Box::pin(async move {
            let open =
                if query.asks_for_status() { jobs_with_open_fires(self).await? } else { HashSet::new() };
            let mut found = Found::new(query, now);
            self.visit_jobs(&mut |job| found.look_at(job, || open.contains(&job.id()))).await?;
            let (ids, total) = found.finish();
            let jobs = self.jobs_by_id(&ids).await?.into_iter().flatten().collect();
            Ok(JobPage { jobs, total })
        })
    }

    /// How many of the jobs that a query asks for there are of each kind, whatever its
    /// limit is; see [`find_jobs`](Self::find_jobs) for `now`.
    fn job_counts<'a>(
        &'a self,
        query: &'a JobQuery,
        now: &'a JobsNow,
    ) -> BoxFuture<'a, Result<JobCounts, StorageError>> {
        Box::pin(async move {
            let open = jobs_with_open_fires(self).await?;
            let mut counted = Counted::new(query, now);
            self.visit_jobs(&mut |job| counted.look_at(job, open.contains(&job.id()))).await?;
            Ok(counted.finish())
        })
    }

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

    /// The runs that are asked for, oldest first: by the order in which they were
    /// recorded. Of more than the limit the newest, or with
    /// [`after_run`](HistoryQuery::after_run) the oldest.
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

    /// The recorded attempts at the fire of this run, the first one first: from the
    /// history, or of a dead letter if the history has dropped all of them.
    ///
    /// The run may be any attempt at the [same fire](RunId::is_same_fire), recorded or
    /// about to be. Fires that did not run have no attempts.
    ///
    /// A store that can look them up need not read the whole history of the job for
    /// that, as this does unless it is implemented.
    fn attempts_of_fire(&self, run: RunId) -> BoxFuture<'_, Result<Vec<Run>, StorageError>> {
        Box::pin(attempts::of_fire(self, run))
    }

    /// The newest recorded attempts of each of these jobs, at most `limit` of each, the
    /// newest last. Records of fires that did not run do not count.
    ///
    /// A store that knows where those of a job are need not read the whole history once
    /// for that, as this does unless it is implemented.
    fn recent_attempts<'a>(
        &'a self,
        jobs: &'a [JobId],
        limit: usize,
    ) -> BoxFuture<'a, Result<Vec<Vec<Run>>, StorageError>> {
        Box::pin(attempts::newest_of(self, jobs, limit))
    }

    /// The latest instant that names a recorded fire of this job which a caller asked
    /// for: of the history and of the dead letters.
    ///
    /// A store that can look for it need not read the whole history of the job for
    /// that, as this does unless it is implemented.
    fn newest_request(&self, job: JobId) -> BoxFuture<'_, Result<Option<DateTime<Utc>>, StorageError>> {
        Box::pin(async move {
            let recorded = self.history(&HistoryQuery::all_of(job)).await?;
            let letters = self.dead_letters(usize::MAX).await?;
            let runs = recorded.iter().chain(letters.iter().map(|letter| &letter.run));
            Ok(runs.filter_map(|run| requested_at(run, job)).max())
        })
    }

    /// The same for each of several jobs, in the same order.
    ///
    /// A store that can look for many at once need not look for one after another, as
    /// this does unless it is implemented.
    fn newest_requests<'a>(
        &'a self,
        jobs: &'a [JobId],
    ) -> BoxFuture<'a, Result<Vec<Option<DateTime<Utc>>>, StorageError>> {
        Box::pin(async move {
            let mut newest = Vec::with_capacity(jobs.len());
            for job in jobs {
                newest.push(self.newest_request(*job).await?);
            }
            Ok(newest)
        })
    }

    /// The newest dead letters, newest first.
    fn dead_letters(&self, limit: usize) -> BoxFuture<'_, Result<Vec<DeadLetter>, StorageError>>;

    /// Shows all dead letters to `visit`, the newest first.
    ///
    /// A store that has them in memory need not copy them for that, as this
    /// does unless it is implemented.
    fn visit_dead_letters<'a>(
        &'a self,
        visit: &'a mut (dyn FnMut(&DeadLetter) + Send),
    ) -> BoxFuture<'a, Result<(), StorageError>> {
        Box::pin(async move {
            self.dead_letters(usize::MAX).await?.iter().for_each(visit);
            Ok(())
        })
    }

    /// The dead letters that a query asks for.
    ///
    /// A store that has indexes need not look at all letters, as this does unless it is
    /// implemented.
    fn find_dead_letters<'a>(
        &'a self,
        query: &'a DeadLetterQuery,
    ) -> BoxFuture<'a, Result<DeadLetterPage, StorageError>> {
        Box::pin(async move {
            let mut found = FoundLetters::new(query);
            self.visit_dead_letters(&mut |letter| found.look_at(letter)).await?;
            Ok(found.finish())
        })
    }

    /// The dead letters that a query asks for in groups of the same error, that of the
    /// newest letter first. All that match are counted, whatever
    /// [`before_run`](DeadLetterQuery::before_run) and the limit are.
    fn dead_letter_groups<'a>(
        &'a self,
        query: &'a DeadLetterQuery,
    ) -> BoxFuture<'a, Result<Vec<DeadLetterGroup>, StorageError>> {
        Box::pin(async move {
            let mut grouped = Grouped::new(query);
            self.visit_dead_letters(&mut |letter| grouped.look_at(letter)).await?;
            Ok(grouped.finish())
        })
    }

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

    /// What kind of store it is, in a word for people; `custom` by default.
    fn kind(&self) -> &'static str {
        "custom"
    }

    /// What goes wrong in the store though changes are taken and kept, such as a journal
    /// that cannot be folded and grows; by default nothing. A scheduler reports it as a
    /// [problem](crate::ProblemCode::StoreDegraded).
    fn degraded(&self) -> Option<String> {
        None
    }

    /// Waits until [`check`](Self::check) or [`degraded`](Self::degraded) may return
    /// something else than before.
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

/// The jobs that have open fires.
async fn jobs_with_open_fires(store: &(impl Storage + ?Sized)) -> Result<HashSet<JobId>, StorageError> {
    Ok(store.load().await?.open.iter().map(|open| open.entry.job).collect())
}
