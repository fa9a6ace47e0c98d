//! Random changes, compared with a model that is too simple to be wrong.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};

use super::probe::{Probe, Snapshot, pause, remove, revise};
use super::sample::{self, Fire, add, at, skip};
use crate::job::{
    DeadLetter, Declared, Job, JobId, JobRevision, OpenFire, Progress, Run, RunId, SkipReason, Statistics,
    Tombstone, Trigger,
};
use crate::storage::{Change, EndedAttempt, Limits, Storage};

/// Seeds of the sequences of changes that are compared.
const SEEDS: std::ops::RangeInclusive<u64> = 1..=10;

/// Batches in each sequence.
const STEPS: usize = 80;

pub async fn random_changes_agree_with_a_model<S: Storage>(make: impl AsyncFn() -> S) {
    for seed in SEEDS {
        let store = Probe::of(&make).await;
        let mut model = Model::default();
        let mut random = Random::new(seed);
        for step in 0..STEPS {
            let place = format!("seed {seed}, step {step}");
            let batch: Vec<Change> = (0..=random.below(4)).map(|_| random.change(&mut model)).collect();
            let expected = model.apply(&batch);
            let answer = store.try_apply(&batch).await;
            assert_eq!(answer.is_ok(), expected.is_ok(), "{place}: {answer:?} for {batch:#?}");
            assert_eq!(store.snapshot().await, model.snapshot(), "{place}: after {batch:#?}");
            let run = random.fire(&model).run_id();
            assert_eq!(
                store.is_final(run).await,
                model.is_over(run),
                "{place}: is {run} over, after {batch:#?}"
            );
            let open: Vec<_> =
                model.open.values().filter(|open| open.entry.job == run.job).cloned().collect();
            assert_eq!(store.open_of(run.job).await, open, "{place}: open of {}", run.job);
        }
        let limits = Limits { max_history: 7, history_since: None, max_dead_letters: 3 };
        store.prune(limits).await;
        model.prune(limits);
        assert_eq!(store.snapshot().await, model.snapshot(), "seed {seed}: after it was pruned");
    }
}

/// What a store should hold. Each batch is made on a copy.
#[derive(Clone, Default)]
struct Model {
    jobs: BTreeMap<JobId, Job>,
    open: BTreeMap<(JobId, DateTime<Utc>, Trigger), OpenFire>,
    tombstones: BTreeMap<JobId, Tombstone>,
    history: Vec<Run>,
    letters: Vec<DeadLetter>,
    statistics: Statistics,
    /// How many jobs there have been; ids are not used again.
    made: u64,
}

/// A change conflicts.
#[derive(Debug)]
struct Conflict;

fn key(run: RunId) -> (JobId, DateTime<Utc>, Trigger) {
    (run.job, run.scheduled_for, run.trigger)
}

impl Model {
    fn snapshot(&self) -> Snapshot {
        let mut snapshot = Snapshot {
            stored: crate::storage::Stored {
                jobs: self.jobs.values().cloned().collect(),
                open: self.open.values().cloned().collect(),
                tombstones: self.tombstones.values().cloned().collect(),
            },
            history: self.history.clone(),
            letters: self.letters.iter().rev().cloned().collect(),
            statistics: self.statistics.clone(),
        };
        snapshot.statistics.active_jobs = self.jobs.len();
        snapshot
    }

    fn apply(&mut self, batch: &[Change]) -> Result<(), Conflict> {
        let mut changed = self.clone();
        for change in batch {
            changed.change(change)?;
        }
        *self = changed;
        Ok(())
    }

    fn change(&mut self, change: &Change) -> Result<(), Conflict> {
        match change {
            Change::AddJob(job) => {
                self.jobs.entry(job.id()).or_insert_with(|| Job::clone(job));
            }
            Change::AddAgain { job, at } => {
                if let Some(job) = self.jobs.get_mut(job) {
                    job.add_again(*at);
                }
            }
            Change::ReviseJob(revision) => {
                let job = self.jobs.get_mut(&revision.job).ok_or(Conflict)?;
                let expected = (revision.expected_revision, revision.expected_next_run_at);
                if (job.revision(), job.unaccounted_from()) != expected {
                    return Err(Conflict);
                }
                job.revise(revision);
            }
            Change::RequireJob(job) => {
                if !self.jobs.contains_key(job) {
                    return Err(Conflict);
                }
            }
            Change::RemoveJob { job, tombstone } => {
                if let Some(removed) = self.jobs.remove(job) {
                    let open = std::mem::take(&mut self.open);
                    let left = open.into_iter().filter_map(|(key, open)| {
                        let is_of_job = open.entry.job == *job;
                        let left = if is_of_job { open.outliving(&removed) } else { Some(open) };
                        left.map(|open| (key, open))
                    });
                    self.open = left.collect();
                    self.tombstones.extend(tombstone.as_deref().map(|tombstone| (*job, tombstone.clone())));
                }
            }
            Change::RemoveTombstone(job) => {
                self.tombstones.remove(job);
            }
            Change::OpenFire(entry) => {
                let run = entry.run_id();
                if self.jobs.contains_key(&run.job) && !self.is_overtaken(run) && !self.is_recorded(run) {
                    self.open.insert(key(run), OpenFire::waiting(entry.as_ref().clone()));
                }
            }
            Change::Claim(claims) => {
                for claimed in claims {
                    let run = claimed.entry.run_id();
                    let is_there = self.jobs.contains_key(&run.job);
                    if is_there && !self.is_overtaken(run) && !self.is_over(run) {
                        self.open.insert(key(run), OpenFire::claimed(claimed.entry.clone()));
                        self.advance(run, claimed.progress);
                    }
                }
            }
            Change::EndAttempt(ended) => self.end(ended),
            Change::Skip(skipped) => {
                let run = skipped.run.run_id;
                if let Some(job) = self.jobs.get(&run.job)
                    && !self.is_recorded(run)
                {
                    let run_count = job.run_count();
                    self.history.push(Run { run_count, ..skipped.run.as_ref().clone() });
                    self.advance(run, skipped.progress);
                }
            }
            Change::TakeDeadLetter(run) => {
                let before = self.letters.len();
                self.letters.retain(|letter| letter.run.run_id != *run);
                if self.letters.len() == before {
                    return Err(Conflict);
                }
            }
        }
        Ok(())
    }

    fn end(&mut self, ended: &EndedAttempt) {
        let run = ended.run.run_id;
        if self.is_recorded(run) || self.is_overtaken(run) || self.is_over(run) {
            return;
        }
        let mut run_count = 0;
        let removed = self.open.values_mut().filter(|open| open.entry.job == run.job);
        for removed in removed.filter_map(|open| open.removed.as_mut()) {
            removed.run_count += 1;
            run_count = removed.run_count;
        }
        if let Some(job) = self.jobs.get(&run.job) {
            run_count = job.run_count() + 1;
        }
        self.history.push(Run { run_count, ..ended.run.as_ref().clone() });
        self.letters.extend(ended.dead_letter.as_deref().cloned().map(|letter| {
            let run = Run { run_count, ..letter.run };
            DeadLetter { run, ..letter }
        }));
        self.statistics.count_attempt(&ended.run);
        self.open.remove(&key(run));
        if let Some(job) = self.jobs.get_mut(&run.job) {
            job.count_attempt(&ended.run, ended.retry.as_ref().map_or(0, |retry| retry.retries()));
            if let Some(retry) = &ended.retry {
                self.open.insert(key(run), OpenFire::waiting(retry.as_ref().clone()));
            }
            self.advance(run, ended.progress);
        }
    }

    fn advance(&mut self, run: RunId, progress: Progress) {
        if let Some(job) = self.jobs.get_mut(&run.job) {
            job.advance(progress);
        }
    }

    fn is_recorded(&self, run: RunId) -> bool {
        self.history.iter().any(|known| known.run_id == run)
    }

    fn is_overtaken(&self, run: RunId) -> bool {
        self.open.get(&key(run)).is_some_and(|open| open.entry.attempt > run.attempt)
    }

    fn is_over(&self, run: RunId) -> bool {
        let Some(job) = self.jobs.get(&run.job) else { return !self.open.contains_key(&key(run)) };
        let is_accounted_for = job.unaccounted_from().is_none_or(|next| next > run.scheduled_for);
        let is_of_schedule = run.trigger.is_of_schedule();
        !self.open.contains_key(&key(run)) && (is_accounted_for || !is_of_schedule)
    }

    fn prune(&mut self, limits: Limits) {
        self.history.drain(..self.history.len().saturating_sub(limits.max_history));
        self.letters.drain(..self.letters.len().saturating_sub(limits.max_dead_letters));
    }
}

/// Numbers that look random and are the same each time.
pub(super) struct Random(u64);

impl Random {
    pub(super) fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15))
    }

    /// Marsaglia's xorshift.
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    pub(super) fn below(&mut self, end: u64) -> u64 {
        self.next() % end
    }

    /// A place in a list of that length.
    pub(super) fn place(&mut self, length: usize) -> usize {
        usize::try_from(self.below(length.max(1) as u64)).unwrap_or(0)
    }

    pub(super) fn one_of<T: Copy>(&mut self, list: &[T]) -> T {
        list[self.place(list.len())]
    }

    pub(super) fn pick<'a, T>(&mut self, list: &'a [T]) -> Option<&'a T> {
        list.get(self.place(list.len()))
    }

    /// A multiple of ten seconds, up to a minute.
    fn seconds(&mut self) -> i64 {
        i64::try_from(self.below(6)).unwrap_or(0) * 10 + 10
    }

    /// A job that was made, as it is now or as it was at first.
    fn job(&mut self, model: &Model) -> Job {
        let number = self.below(model.made.max(1)) + 1;
        let first = sample::job(number);
        if self.below(8) == 0 { first } else { model.jobs.get(&first.id()).cloned().unwrap_or(first) }
    }

    /// Any attempt of any fire, of the next one more often than of others.
    fn fire(&mut self, model: &Model) -> Fire {
        let job = self.job(model);
        let next = job.unaccounted_from().map(|next| (next - at(0)).num_seconds());
        let seconds = next.filter(|_| self.below(3) > 0).unwrap_or_else(|| self.seconds());
        let trigger =
            [Trigger::Schedule, Trigger::Schedule, Trigger::CatchUp, Trigger::Manual, Trigger::Retry]
                [usize::try_from(self.below(5)).unwrap_or(0)];
        let attempt = [1, 1, 1, 2, 3][usize::try_from(self.below(5)).unwrap_or(0)];
        let fire = Fire::of(&job, seconds).triggered(trigger).attempt(attempt);
        if self.below(12) == 0 { fire.last() } else { fire }
    }

    /// An attempt that is open, or any.
    fn open(&mut self, model: &Model) -> Fire {
        let open: Vec<&OpenFire> = model.open.values().collect();
        let picked = self.below(open.len().max(1) as u64);
        match usize::try_from(picked).ok().and_then(|place| open.get(place)) {
            Some(open) if self.below(4) > 0 => {
                let entry = open.entry.clone();
                let seconds = (entry.scheduled_for - at(0)).num_seconds();
                let job =
                    model.jobs.get(&entry.job).cloned().unwrap_or_else(|| sample::job(entry.job.number()));
                Fire { entry, ..Fire::of(&job, seconds) }
            }
            Some(_) | None => self.fire(model),
        }
    }

    fn change(&mut self, model: &mut Model) -> Change {
        match self.below(23) {
            0 | 1 => {
                // A number is taken even if the batch is refused.
                model.made += 1;
                add(&sample::job(model.made))
            }
            2 => {
                // One that is there; a number is never given twice.
                let there: Vec<&Job> = model.jobs.values().collect();
                let picked = usize::try_from(self.below(there.len().max(1) as u64)).unwrap_or(0);
                there
                    .get(picked)
                    .map_or_else(|| skip(&sample::job(1), SkipReason::Paused, 10, 20), |job| add(job))
            }
            3 | 4 => {
                let job = self.job(model);
                let since = at(self.seconds() - 5);
                let next_run_at = (self.below(8) > 0).then(|| at(self.seconds()));
                let scheduled_since = if self.below(2) == 0 { since } else { job.scheduled_since() };
                revise(JobRevision { scheduled_since, next_run_at, ..pause(&job) })
            }
            5 => remove(&self.job(model)),
            6 => {
                let job = self.job(model).id();
                let definition = sample::definition().into();
                let declared = Declared { definition, position: 0, is_named: true, is_enabled: true };
                Change::RemoveJob { job, tombstone: Some(Box::new(Tombstone { job, declared })) }
            }
            7 => Change::RemoveTombstone(self.job(model).id()),
            22 => Change::RequireJob(self.job(model).id()),
            8 | 9 => self.fire(model).open(),
            10 => self.open(model).open(),
            11 | 12 => Change::Claim((0..=self.below(3)).map(|_| self.fire(model).claimed()).collect()),
            13 => self.open(model).claim(),
            14 | 15 => self.open(model).completed(),
            16 | 17 => self.open(model).retried(),
            18 => self.open(model).buried(),
            19 | 20 => {
                let (job, first, length) = (self.job(model), self.seconds(), self.seconds());
                skip(&job, SkipReason::Overlap, first, first + length - sample::INTERVAL)
            }
            _ => {
                let letters: Vec<RunId> = model.letters.iter().map(|letter| letter.run.run_id).collect();
                let picked = self.below(letters.len().max(1) as u64);
                let known = usize::try_from(picked).ok().and_then(|place| letters.get(place)).copied();
                Change::TakeDeadLetter(known.unwrap_or_else(|| self.fire(model).run_id()))
            }
        }
    }
}
