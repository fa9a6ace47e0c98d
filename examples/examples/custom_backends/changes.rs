//! What each change does to the rows.
//!
//! The rules are those that [`Change`] states: what comes too late is left out,
//! so that a batch that is applied twice changes nothing.

use fastscheduler::queue::Entry;
use fastscheduler::storage::{Change, Claimed, EndedAttempt, SkippedFires, StorageError};
use fastscheduler::{DeadLetter, Job, JobId, OpenFire, Run, RunId, Statistics, Trigger};

use crate::rows::{
    JOBS, LETTERS, NEXT_JOB, NEXT_ROW, OPEN, RUNS, TOMBSTONES, TOTALS, Transaction, job_key, numbered,
    open_key, recorded_key,
};

impl Transaction<'_> {
    pub(crate) fn apply(&mut self, change: &Change) -> Result<(), StorageError> {
        match change {
            Change::AddJob(job) => {
                let next_job = self.get(NEXT_JOB)?.unwrap_or(0).max(job.id().number() + 1);
                self.put(NEXT_JOB.to_owned(), &next_job)?;
                let key = job_key(JOBS, job.id());
                if self.has(&key) { Ok(()) } else { self.put(key, job) }
            }
            Change::AddAgain { job, at } => {
                let key = job_key(JOBS, *job);
                let Some(mut job) = self.get::<Job>(&key)? else { return Ok(()) };
                job.add_again(*at);
                self.put(key, &job)
            }
            Change::ReviseJob(revision) => {
                let conflict = || StorageError::Conflict(format!("`{}`", revision.job));
                let key = job_key(JOBS, revision.job);
                let mut job: Job = self.get(&key)?.ok_or_else(conflict)?;
                let is_as_expected = job.revision() == revision.expected_revision
                    && job.unaccounted_from() == revision.expected_next_run_at;
                if !is_as_expected {
                    return Err(conflict());
                }
                job.revise(revision);
                self.put(key, &job)
            }
            Change::RequireJob(job) => {
                let conflict = || StorageError::Conflict(format!("`{job}`"));
                self.has(&job_key(JOBS, *job)).then_some(()).ok_or_else(conflict)
            }
            Change::RemoveJob { job, tombstone } => {
                let key = job_key(JOBS, *job);
                let Some(removed) = self.get::<Job>(&key)? else { return Ok(()) };
                if let Some(tombstone) = tombstone {
                    self.put(job_key(TOMBSTONES, *job), tombstone)?;
                }
                self.delete(key);
                for (key, open) in self.open_of(*job)? {
                    match open.outliving(&removed) {
                        Some(left) => self.put(key, &left)?,
                        None => self.delete(key),
                    }
                }
                Ok(())
            }
            Change::RemoveTombstone(job) => {
                self.delete(job_key(TOMBSTONES, *job));
                Ok(())
            }
            Change::OpenFire(entry) => {
                let run = entry.run_id();
                let comes_too_late = self.is_overtaken(run)? || self.has(&recorded_key(run));
                if !self.has(&job_key(JOBS, run.job)) || comes_too_late {
                    return Ok(());
                }
                self.open(&OpenFire::waiting(entry.as_ref().clone()))
            }
            Change::Claim(claims) => claims.iter().try_for_each(|claimed| self.claim(claimed)),
            Change::EndAttempt(ended) => self.end(ended),
            Change::Skip(SkippedFires { run, progress }) => {
                let Some(job) = self.get::<Job>(&job_key(JOBS, run.job_id()))? else { return Ok(()) };
                if self.record(run, job.run_count())? {
                    self.change_job(run.job_id(), |job| job.advance(*progress))?;
                }
                Ok(())
            }
            Change::TakeDeadLetter(run) => {
                let conflict = || StorageError::Conflict(format!("the dead letter of `{run}`"));
                let (key, _) = self.letter(*run)?.ok_or_else(conflict)?;
                self.delete(key);
                Ok(())
            }
            // A change that a later version brings. To leave it out would lose it.
            change => Err(StorageError::new("apply a change", format!("it does not know {change:?}"))),
        }
    }

    fn claim(&mut self, Claimed { entry, progress }: &Claimed) -> Result<(), StorageError> {
        let run = entry.run_id();
        let is_gone = !self.has(&job_key(JOBS, run.job));
        if is_gone || self.is_overtaken(run)? || self.is_over(run)? {
            return Ok(());
        }
        self.open(&OpenFire::claimed(entry.clone()))?;
        self.change_job(run.job, |job| job.advance(*progress))
    }

    fn end(&mut self, ended: &EndedAttempt) -> Result<(), StorageError> {
        let run = ended.run.run_id;
        let has_job = self.has(&job_key(JOBS, run.job));
        let comes_too_late = self.is_overtaken(run)? || self.is_over(run)?;
        let run_count = self.ended_of(run.job)? + 1;
        if comes_too_late || !self.record(&ended.run, run_count)? {
            return Ok(());
        }
        let mut totals: Statistics = self.get(TOTALS)?.unwrap_or_default();
        totals.count_attempt(&ended.run);
        self.put(TOTALS.to_owned(), &totals)?;
        if let Some(mut letter) = ended.dead_letter.clone() {
            letter.run.run_count = run_count;
            let number = self.count(NEXT_ROW)?;
            self.put(numbered(LETTERS, number), &letter)?;
        }
        self.delete(open_key(run));
        let retry = ended.retry.as_deref();
        if let Some(retry) = retry.filter(|_| has_job) {
            self.open(&OpenFire::waiting(retry.clone()))?;
        }
        for (key, mut open) in self.open_of(run.job)? {
            if let Some(removed) = &mut open.removed {
                removed.run_count = run_count;
                self.put(key, &open)?;
            }
        }
        self.change_job(run.job, |job| {
            job.count_attempt(&ended.run, retry.map_or(0, Entry::retries));
            job.advance(ended.progress);
        })
    }

    fn open(&mut self, fire: &OpenFire) -> Result<(), StorageError> {
        self.put(open_key(fire.entry.run_id()), fire)
    }

    fn open_of(&self, job: JobId) -> Result<Vec<(String, OpenFire)>, StorageError> {
        self.pairs(&format!("{}/", job_key(OPEN, job)))
    }

    /// How many attempts of a job have ended, also if only open fires are left of it.
    fn ended_of(&self, id: JobId) -> Result<u64, StorageError> {
        if let Some(job) = self.get::<Job>(&job_key(JOBS, id))? {
            return Ok(job.run_count());
        }
        let removed = self.open_of(id)?.into_iter().find_map(|(_, open)| open.removed);
        Ok(removed.map_or(0, |removed| removed.run_count))
    }

    /// Records a run, with how many attempts of its job have ended, and says
    /// whether it is new.
    fn record(&mut self, run: &Run, run_count: u64) -> Result<bool, StorageError> {
        let recorded = recorded_key(run.run_id);
        let is_new = !self.has(&recorded);
        if is_new {
            let number = self.count(NEXT_ROW)?;
            self.put(numbered(RUNS, number), &Run { run_count, ..run.clone() })?;
            self.put(recorded, &number)?;
        }
        Ok(is_new)
    }

    fn change_job(&mut self, id: JobId, change: impl FnOnce(&mut Job)) -> Result<(), StorageError> {
        let key = job_key(JOBS, id);
        let Some(mut job) = self.get(&key)? else { return Ok(()) };
        change(&mut job);
        self.put(key, &job)
    }

    /// Whether a later attempt of the fire is open.
    pub(crate) fn is_overtaken(&self, run: RunId) -> Result<bool, StorageError> {
        Ok(self.get::<OpenFire>(&open_key(run))?.is_some_and(|open| open.entry.attempt > run.attempt))
    }

    /// Whether the fire is not open, and does not come by the schedule any more.
    pub(crate) fn is_over(&self, run: RunId) -> Result<bool, StorageError> {
        // Of a job that is gone none is to come.
        let job = self.get::<Job>(&job_key(JOBS, run.job))?;
        let next = job.as_ref().and_then(Job::unaccounted_from);
        let is_of_schedule = matches!(run.trigger, Trigger::Schedule | Trigger::CatchUp);
        let is_to_come = next.is_some_and(|next| next <= run.scheduled_for);
        Ok(!(self.has(&open_key(run)) || is_of_schedule && is_to_come))
    }

    pub(crate) fn letter(&self, run: RunId) -> Result<Option<(String, DeadLetter)>, StorageError> {
        let letters = self.pairs::<DeadLetter>(LETTERS)?;
        Ok(letters.into_iter().find(|(_, letter)| letter.run.run_id == run))
    }
}
