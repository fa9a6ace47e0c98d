//! What a store holds in memory, and how changes alter it.
//!
//! Pure: what is kept beside it, and how soon, is for the stores that have one.

mod asked;
mod history;
mod orders;
mod outliving;
mod parts;
mod ranking;
mod run_ids;
mod slots;
#[cfg(all(test, feature = "testing"))]
mod tests;

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::hash::BuildHasherDefault;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

pub(super) use self::asked::{
    HasState, find_jobs, job_counts, jobs, jobs_by_id, visit_dead_letters, visit_jobs,
};
use self::history::{History, Recorded};
pub(super) use self::history::{history, recent_attempts};
use self::orders::{Changed, Orders};
use self::outliving::Outliving;
use self::slots::{Slot, Slots};
use crate::job::{
    DeadLetter, FunctionKey, FunctionStatistics, Job, JobId, JobRevision, NumberHasher, OpenFire, Run, RunId,
    RunStatus, Statistics, Tombstone,
};
use crate::storage::{Change, Claimed, EndedAttempt, Limits, SkippedFires, StorageError, Stored};

/// What makes the hashes of [`JobMap`]; it suits whatever is made of numbers.
type Numbers = BuildHasherDefault<NumberHasher>;

#[derive(Default, Clone)]
pub(super) struct State {
    jobs: Slots,
    orders: Orders,
    next_job: u64,
    /// Fires of jobs that are gone.
    outliving: Outliving,
    tombstones: BTreeMap<JobId, Tombstone>,
    history: History,
    dead_letters: VecDeque<Arc<DeadLetter>>,
    totals: Totals,
}

/// How many of the oldest runs and dead letters were dropped.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Dropped {
    pub(super) runs: usize,
    pub(super) dead_letters: usize,
}

impl Dropped {
    /// If anything was.
    pub(super) fn some(self) -> Option<Self> {
        (self != Self::default()).then_some(self)
    }

    /// And so many more after these.
    pub(super) fn add(&mut self, more: Self) {
        self.runs += more.runs;
        self.dead_letters += more.dead_letters;
    }
}

#[derive(Default, Clone)]
struct Totals {
    runs: u64,
    failures: u64,
    retries: u64,
    per_function: HashMap<FunctionKey, FunctionStatistics, Numbers>,
}

impl State {
    pub(super) fn job_count(&self) -> usize {
        self.jobs.len()
    }

    /// How much there is to copy.
    pub(super) fn size(&self) -> usize {
        self.jobs.len() + self.history.len() + self.dead_letters.len()
    }

    pub(super) fn reserve_job_number(&mut self) -> u64 {
        self.next_job += 1;
        self.next_job - 1
    }

    pub(super) fn load(&self) -> Stored {
        let of_jobs = self.jobs.iter().flat_map(|slot| &slot.open);
        let open = in_order(of_jobs.chain(self.outliving.iter()));
        let mut jobs: Vec<Job> = self.jobs.iter().map(|slot| slot.job.clone()).collect();
        jobs.sort_unstable_by_key(Job::id);
        Stored { jobs, open, tombstones: self.tombstones.values().cloned().collect() }
    }

    pub(super) fn open_fires(&self, job: JobId) -> Vec<OpenFire> {
        let of_job = self.jobs.get(job).into_iter().flat_map(|slot| &slot.open);
        in_order(of_job.chain(self.outliving.of_job(job)))
    }

    pub(super) fn job(&self, id: JobId) -> Option<&Job> {
        self.jobs.get(id).map(|slot| &slot.job)
    }

    /// The jobs of these ids.
    fn jobs_by_id(&self, ids: &[JobId]) -> Vec<Option<Job>> {
        ids.iter().map(|id| self.job(*id).cloned()).collect()
    }

    pub(super) fn dead_letters(&self, limit: usize) -> Vec<DeadLetter> {
        self.dead_letters.iter().rev().take(limit).map(|letter| DeadLetter::clone(letter)).collect()
    }

    pub(super) fn dead_letter(&self, run: RunId) -> Option<&DeadLetter> {
        self.dead_letters.iter().find(|letter| letter.run.run_id == run).map(|letter| &**letter)
    }

    pub(super) fn clear_dead_letters(&mut self) -> usize {
        std::mem::take(&mut self.dead_letters).len()
    }

    pub(super) fn dead_letter_count(&self) -> usize {
        self.dead_letters.len()
    }

    pub(super) fn statistics(&self) -> Statistics {
        let totals = &self.totals;
        Statistics {
            total_runs: totals.runs,
            total_failures: totals.failures,
            total_retries: totals.retries,
            started_at: None,
            active_jobs: self.jobs.len(),
            per_function: totals.per_function.iter().map(|(key, of)| (key.clone(), *of)).collect(),
        }
    }

    pub(super) fn is_over(&self, run: RunId) -> bool {
        self.jobs.get(run.job).map_or_else(|| !self.outliving.has(run), |slot| slot.is_over(run))
    }

    /// Drops what is beyond the limits, and says what that was.
    pub(super) fn prune(&mut self, limits: Limits) -> Dropped {
        let is_old = |run: &Run| limits.history_since.is_some_and(|since| run.finished_at < Some(since));
        let kept = limits.max_history.min(self.history.len());
        let excess = self.history.len() - kept;
        let old = self.history.iter().skip(excess).take_while(|recorded| is_old(&recorded.run)).count();
        let letters_excess = self.dead_letters.len().saturating_sub(limits.max_dead_letters);
        let old_letters =
            self.dead_letters.iter().skip(letters_excess).take_while(|letter| is_old(&letter.run)).count();
        let dropped = Dropped { runs: excess + old, dead_letters: letters_excess + old_letters };
        self.drop_oldest(dropped);
        dropped
    }

    /// Drops so many of the oldest.
    pub(super) fn drop_oldest(&mut self, dropped: Dropped) {
        self.history.drop_oldest(dropped.runs);
        self.dead_letters.drain(..dropped.dead_letters.min(self.dead_letters.len()));
    }

    /// Applies all changes or none.
    pub(super) fn apply(&mut self, changes: &[Change]) -> Result<(), StorageError> {
        // A single change looks before it acts.
        if changes.len() > 1 {
            self.check(changes)?;
        }
        self.apply_in_order(changes)
    }

    /// Whether changes can be applied.
    pub(super) fn check(&self, changes: &[Change]) -> Result<(), StorageError> {
        // An earlier one decides whether a later one conflicts, so that they
        // are tried out.
        if changes.iter().any(may_conflict) {
            self.touched_by(changes).apply_in_order(changes)?;
        }
        Ok(())
    }

    /// Applies changes up to the first that conflicts; of those that were
    /// [checked](Self::check), all.
    pub(super) fn apply_in_order(&mut self, changes: &[Change]) -> Result<(), StorageError> {
        for change in changes {
            match change {
                Change::AddJob(job) => self.add(job),
                Change::AddAgain { job, at } => {
                    if let Some(slot) = self.jobs.get_mut(*job) {
                        slot.job.add_again(*at);
                    }
                }
                Change::ReviseJob(revision) => self.revise(revision)?,
                Change::RequireJob(job) => self.require(*job)?,
                Change::RemoveJob { job, tombstone } => self.remove(*job, tombstone.as_deref()),
                Change::RemoveTombstone(job) => {
                    self.tombstones.remove(job);
                }
                Change::OpenFire(entry) => {
                    self.open(OpenFire::waiting(entry.as_ref().clone()));
                }
                Change::Claim(claims) => claims.iter().for_each(|claimed| self.claim(claimed)),
                Change::EndAttempt(ended) => self.end_attempt(ended),
                Change::Skip(skipped) => self.skip(skipped),
                Change::TakeDeadLetter(run) => self.take_dead_letter(*run)?,
            }
        }
        Ok(())
    }

    /// A copy of what decides over the changes, without the rest.
    fn touched_by(&self, changes: &[Change]) -> Self {
        let mut touched = Self::default();
        let mut touch = |job: JobId, run: Option<RunId>| {
            if let Some(slot) = self.jobs.get(job) {
                touched.jobs.add(job, || slot.clone());
            }
            if let Some(run) = run {
                touched.history.copy(&self.history, run);
            }
        };
        for change in changes {
            match change {
                Change::AddJob(job) => touch(job.id(), None),
                Change::ReviseJob(revision) => touch(revision.job, None),
                Change::AddAgain { job, .. } | Change::RequireJob(job) | Change::RemoveJob { job, .. } => {
                    touch(*job, None);
                }
                Change::OpenFire(entry) => touch(entry.job, Some(entry.run_id())),
                Change::Claim(claims) => claims.iter().for_each(|claimed| touch(claimed.entry.job, None)),
                Change::EndAttempt(EndedAttempt { run, .. }) | Change::Skip(SkippedFires { run, .. }) => {
                    touch(run.job_id(), Some(run.run_id));
                }
                Change::RemoveTombstone(_) | Change::TakeDeadLetter(_) => {}
            }
        }
        for change in changes {
            if let Change::TakeDeadLetter(run) = change
                && touched.dead_letter(*run).is_none()
            {
                touched.dead_letters.extend(self.dead_letter(*run).cloned().map(Arc::new));
            }
        }
        touched
    }

    fn add(&mut self, job: &Job) {
        self.next_job = self.next_job.max(job.id().number().saturating_add(1));
        if self.jobs.add(job.id(), || Slot::new(job.clone())) {
            self.orders.note(job.id(), Changed::Job);
        }
    }

    fn revise(&mut self, revision: &JobRevision) -> Result<(), StorageError> {
        let job = self.jobs.get_mut(revision.job).map(|slot| &mut slot.job);
        let is_as_expected = |job: &&mut Job| {
            job.revision() == revision.expected_revision
                && job.unaccounted_from() == revision.expected_next_run_at
        };
        let conflict = || StorageError::Conflict(format!("`{}`", revision.job));
        job.filter(is_as_expected).ok_or_else(conflict)?.revise(revision);
        self.orders.note(revision.job, Changed::Job);
        Ok(())
    }

    fn require(&self, job: JobId) -> Result<(), StorageError> {
        let gone = || StorageError::Conflict(format!("`{job}`"));
        self.jobs.get(job).map(drop).ok_or_else(gone)
    }

    fn remove(&mut self, job: JobId, tombstone: Option<&Tombstone>) {
        if let Some(Slot { job: removed, open }) = self.jobs.remove(job) {
            self.orders.note(job, Changed::Job);
            open.into_iter()
                .filter_map(|open| open.outliving(&removed))
                .for_each(|open| self.outliving.add(open));
            self.tombstones.extend(tombstone.map(|tombstone| (job, tombstone.clone())));
        }
    }

    fn open(&mut self, fire: OpenFire) {
        let run = fire.entry.run_id();
        if let Some((slot, spare)) = self.jobs.get_with_spare(run.job)
            && !slot.is_overtaken(run)
            && !self.history.has(run)
        {
            slot.open(fire, spare);
        }
    }

    fn claim(&mut self, claimed: &Claimed) {
        let run = claimed.entry.run_id();
        if let Some((slot, spare)) = self.jobs.get_with_spare(run.job)
            && !slot.is_overtaken(run)
            && !slot.is_over(run)
        {
            slot.open(OpenFire::claimed(claimed.entry.clone()), spare);
            slot.job.advance(claimed.progress);
            self.orders.note(run.job, Changed::Runs);
        }
    }

    fn end_attempt(&mut self, ended: &EndedAttempt) {
        let run = &ended.run;
        let slot = self.jobs.get_with_spare(run.job_id());
        let is_stale = match &slot {
            Some((slot, _)) => slot.is_overtaken(run.run_id) || slot.is_over(run.run_id),
            None => !self.outliving.is_at(run.run_id),
        };
        if is_stale || !self.history.is_new(run.run_id) {
            return;
        }
        let run_count = if let Some((slot, spare)) = slot {
            slot.close(run.run_id, spare);
            if let Some(retry) = &ended.retry {
                slot.open(OpenFire::waiting(retry.as_ref().clone()), spare);
            }
            let retry_count = ended.retry.as_ref().map_or(0, |retry| retry.retries());
            slot.job.count_attempt(run, retry_count);
            slot.job.advance(ended.progress);
            self.orders.note(run.job_id(), Changed::Runs);
            slot.job.run_count()
        } else {
            self.outliving.end(run.run_id)
        };
        self.totals.count_attempt(run);
        self.history.add(Recorded::new(Arc::clone(run), run_count));
        if let Some(mut letter) = ended.dead_letter.as_deref().cloned() {
            letter.run.run_count = run_count;
            self.dead_letters.push_back(Arc::new(letter));
        }
    }

    fn skip(&mut self, skipped: &SkippedFires) {
        let Some(slot) = self.jobs.get_mut(skipped.run.job_id()) else { return };
        if !self.history.is_new(skipped.run.run_id) {
            return;
        }
        slot.job.advance(skipped.progress);
        self.orders.note(skipped.run.job_id(), Changed::Runs);
        let run_count = slot.job.run_count();
        self.history.add(Recorded::new(Arc::clone(&skipped.run), run_count));
    }

    fn take_dead_letter(&mut self, run: RunId) -> Result<(), StorageError> {
        let place = self.dead_letters.iter().position(|letter| letter.run.run_id == run);
        let conflict = || StorageError::Conflict(format!("the dead letter of `{run}`"));
        self.dead_letters.remove(place.ok_or_else(conflict)?);
        Ok(())
    }
}

impl Totals {
    fn count_attempt(&mut self, run: &Run) {
        let failed = run.status == RunStatus::Failed;
        // Totals that were taken over may be anything.
        self.runs = self.runs.saturating_add(1);
        self.failures = self.failures.saturating_add(failed.into());
        self.retries = self.retries.saturating_add((run.run_id.attempt > 1).into());
        // Most functions are there, and then the key need not be cloned.
        let of_function = match self.per_function.get_mut(&run.function) {
            Some(of_function) => of_function,
            None => self.per_function.entry(run.function.clone()).or_default(),
        };
        of_function.count(failed);
    }
}

/// Open fires by job, instant and trigger.
fn in_order<'a>(open: impl Iterator<Item = &'a OpenFire>) -> Vec<OpenFire> {
    let mut open: Vec<OpenFire> = open.cloned().collect();
    open.sort_unstable_by_key(|fire| (fire.entry.job, fire.entry.scheduled_for, fire.entry.trigger));
    open
}

/// Whether a change may be refused.
fn may_conflict(change: &Change) -> bool {
    matches!(change, Change::ReviseJob(_) | Change::RequireJob(_) | Change::TakeDeadLetter(_))
}
