//! Proof that no fire was lost, for any store.

mod chain;
mod period;
mod problem;
mod rewinds;

use std::collections::{BTreeMap, HashSet};
use std::future::IntoFuture;

use chrono::{DateTime, Utc};
use chrono_tz::Tz;
use futures_util::future::BoxFuture;

pub use problem::Problem;

use crate::job::{DeadLetter, Job, JobId, OpenFire, Overlap, Run, RunId, RunStatus};
use crate::storage::{HistoryQuery, Storage, StorageError, Stored};
use chain::Chains;

/// Checks that a fire is never silently lost, and what else must hold.
///
/// Every fire of every job, from when it got its schedule up to the first that
/// is not accounted for, must have run, be open, or be in the record of a
/// skip; so must those of schedules that were closed. No fire may have ended
/// twice, and records, counters and dead letters must agree.
///
/// The answer is right while nobody changes the store, and only if its history
/// was never pruned: a run that was pruned looks like a fire that was lost. So
/// a test that audits needs limits above the number of its runs.
///
/// # Examples
///
/// ```
/// use fastscheduler::storage::MemoryStorage;
/// use fastscheduler::testing;
///
/// # tokio::runtime::Builder::new_current_thread().build()?.block_on(async {
/// let storage = MemoryStorage::default();
/// testing::audit(&storage).zone(chrono_tz::UTC).await?.assert_clean();
/// # anyhow::Ok(()) })?;
/// # anyhow::Ok(())
/// ```
#[must_use = "it checks nothing unless it is awaited"]
pub fn audit(storage: &dyn Storage) -> Auditing<'_> {
    Auditing { storage, zone: None, until: None, behind: HashSet::new(), crashes: 0 }
}

/// An [`audit`] in the making; await it.
#[derive(Debug, Clone)]
#[must_use = "it checks nothing unless it is awaited"]
pub struct Auditing<'a> {
    storage: &'a dyn Storage,
    /// `None` means the machine's zone.
    zone: Option<Tz>,
    until: Option<DateTime<Utc>>,
    behind: HashSet<JobId>,
    crashes: u32,
}

impl Auditing<'_> {
    /// The zone of schedules that name none, of jobs that do not know it: of
    /// those that no scheduler has placed yet. By default this machine's.
    pub fn zone(mut self, zone: Tz) -> Self {
        self.zone = Some(zone);
        self
    }

    /// The instant up to which all has been done.
    ///
    /// No job may have a fire at or before it that is not accounted for, but
    /// for one that is paused, or waits for its jitter, or is still at an
    /// earlier fire.
    pub fn until(mut self, now: DateTime<Utc>) -> Self {
        self.until = Some(now);
        self
    }

    /// Lets a job be behind: that its function is not linked in cannot be read
    /// off a store.
    pub fn ignoring(mut self, job: JobId) -> Self {
        self.behind.insert(job);
        self
    }

    /// How many attempts of a fire may have ended with their process; by
    /// default none.
    ///
    /// Such an attempt may leave no record, and one more attempt may follow.
    pub fn crashes(mut self, crashes: u32) -> Self {
        self.crashes = crashes;
        self
    }
}

impl<'a> IntoFuture for Auditing<'a> {
    type Output = Result<Audit, StorageError>;
    type IntoFuture = BoxFuture<'a, Self::Output>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(async move {
            let stored = self.storage.load().await?;
            let all = HistoryQuery { limit: usize::MAX, ..HistoryQuery::default() };
            let history = self.storage.history(&all).await?;
            let letters = self.storage.dead_letters(usize::MAX).await?;
            let total_runs = self.storage.statistics().await?.total_runs;
            Ok(self.check(&stored, &history, &letters, total_runs))
        })
    }
}

/// What an [`audit`] found.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Audit {
    /// What should not be.
    pub problems: Vec<Problem>,
    /// Jobs there are.
    pub jobs: usize,
    /// Fires of schedules that ran, to an end or not.
    pub ran: usize,
    /// Fires that were recorded as skipped.
    pub skipped: u64,
    /// Fires that are open, those included that no schedule set off.
    pub open: usize,
}

impl Audit {
    /// Whether all is as it should be.
    #[must_use]
    pub fn is_clean(&self) -> bool {
        self.problems.is_empty()
    }

    /// Panics unless all is as it should be.
    ///
    /// # Panics
    ///
    /// With a list of what is not.
    #[track_caller]
    pub fn assert_clean(&self) {
        const SHOWN: usize = 50;
        let shown: Vec<String> =
            self.problems.iter().take(SHOWN).map(|problem| format!("- {problem}")).collect();
        let more = self.problems.len().saturating_sub(SHOWN);
        let more = if more > 0 { format!("\n- and {more} more") } else { String::new() };
        assert!(self.is_clean(), "the store has problems:\n{}{more}", shown.join("\n"));
    }
}

/// What a store holds of one job.
#[derive(Debug, Default)]
struct Book<'a> {
    /// `None` if it is gone.
    job: Option<&'a Job>,
    runs: Vec<&'a Run>,
    skips: Vec<&'a Run>,
    /// Both, in the order in which they were recorded.
    records: Vec<&'a Run>,
    open: Vec<&'a OpenFire>,
    letters: Vec<&'a DeadLetter>,
}

impl Auditing<'_> {
    fn check(&self, stored: &Stored, history: &[Run], letters: &[DeadLetter], total_runs: u64) -> Audit {
        let mut books: BTreeMap<JobId, Book<'_>> = BTreeMap::new();
        for job in &stored.jobs {
            books.entry(job.id()).or_default().job = Some(job);
        }
        for open in &stored.open {
            books.entry(open.entry.job).or_default().open.push(open);
        }
        for run in history {
            let book = books.entry(run.job_id()).or_default();
            book.records.push(run);
            if run.run_id.attempt == 0 { &mut book.skips } else { &mut book.runs }.push(run);
        }
        for letter in letters {
            books.entry(letter.run.job_id()).or_default().letters.push(letter);
        }
        let mut audit = Audit { jobs: stored.jobs.len(), open: stored.open.len(), ..Audit::default() };
        audit.problems.extend(recorded_twice(history));
        let attempts: usize = books.values().map(|book| book.runs.len()).sum();
        for (job, book) in &books {
            self.check_book(*job, book, &mut audit);
            if total_runs == attempts as u64 {
                book.check_counters(&mut audit.problems);
            }
        }
        audit
    }

    fn check_book(&self, job: JobId, book: &Book<'_>, audit: &mut Audit) {
        let chains = Chains::new(book);
        chains.check(book, self.crashes, &mut audit.problems);
        self.check_periods(job, book, &chains, &mut audit.problems);
        let skips = book.skips.iter().filter_map(|run| run.skipped.as_deref());
        audit.skipped += skips.map(|skipped| skipped.count).sum::<u64>();
        audit.ran += chains.ran();
        let failed: HashSet<RunId> = book.failed().map(|run| run.run_id).collect();
        let letters = book.letters.iter().map(|letter| letter.run.run_id);
        let unknown = letters.filter(|run| !failed.contains(run));
        audit.problems.extend(unknown.map(|run| Problem::LetterWithoutRun { run }));
        let behind = book.job.zip(self.until).and_then(|(job, now)| behind(job, now, &book.open));
        if let Some(unaccounted_from) = behind.filter(|_| !self.behind.contains(&job)) {
            audit.problems.push(Problem::Behind { job, unaccounted_from });
        }
    }
}

impl Book<'_> {
    fn failed(&self) -> impl Iterator<Item = &Run> {
        self.runs.iter().copied().filter(|run| run.status == RunStatus::Failed)
    }

    fn check_counters(&self, problems: &mut Vec<Problem>) {
        let Some(job) = self.job else { return };
        for (counter, says, records) in [
            ("run_count", job.run_count(), self.runs.len() as u64),
            ("failure_count", job.failure_count(), self.failed().count() as u64),
        ] {
            if says != records {
                problems.push(Problem::WrongCounter { job: job.id(), counter, says, records });
            }
        }
    }
}

/// The fire that a job should have got to by now.
fn behind(job: &Job, now: DateTime<Utc>, open: &[&OpenFire]) -> Option<DateTime<Utc>> {
    let policy = &job.definition().policy;
    let is_held_up = !open.is_empty() && policy.overlap != Overlap::Allow;
    let jitter = policy.jitter.unwrap_or_default();
    job.unaccounted_from().filter(|next| !job.is_paused() && !is_held_up && *next + jitter <= now)
}

fn recorded_twice(history: &[Run]) -> Vec<Problem> {
    let mut known: HashSet<RunId> = HashSet::with_capacity(history.len());
    let twice = history.iter().map(|run| run.run_id).filter(|run| !known.insert(*run));
    twice.map(|run| Problem::RecordedTwice { run }).collect()
}
