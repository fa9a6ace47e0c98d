//! All jobs that this process knows.

use std::collections::{HashMap, HashSet, VecDeque};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use crate::job::{FunctionKey, Job, JobId, JobPages, Name, RunId};
use crate::queue::FunctionSet;
use crate::registry::{Cancellation, Function};

use super::gate::Gate;
use super::orphans::Orphans;
use super::running_jobs::RunningJobs;
use super::skipped_once::AllSkippedOnce;
use super::{LiveJob, lock};

/// All jobs that this process can run, and those whose function it lacks.
#[derive(Debug, Default)]
pub(crate) struct Table {
    jobs: Mutex<JobPages<Arc<LiveJob>>>,
    orphans: Mutex<Orphans>,
    /// The functions of the newest dead letters.
    kept: Mutex<VecDeque<(RunId, Arc<Function>)>>,
    /// Jobs that were added with a key.
    keys: Mutex<HashMap<Name, JobId>>,
    functions: Arc<FunctionSet>,
    /// Counts the jobs that callers removed.
    removals: AtomicU64,
    pub(super) skipped_once: AllSkippedOnce,
    pub(super) gate: Gate,
    pub(super) running: RunningJobs,
}

impl Table {
    /// Adds a job, or replaces it with a later revision.
    ///
    /// Answers whether it was news.
    pub(crate) fn insert(&self, job: Arc<LiveJob>) -> bool {
        let mut jobs = lock(&self.jobs);
        if jobs.get(job.id).is_some_and(|known| known.revision >= job.revision) {
            return false;
        }
        self.functions.add(job.function.key());
        lock(&self.orphans).remove(job.id);
        if let Some(key) = job.key() {
            lock(&self.keys).insert(key.clone(), job.id);
        }
        if let Some(before) = jobs.insert(job.id, job) {
            self.functions.remove(before.function.key());
        }
        true
    }

    pub(crate) fn remove(&self, id: JobId) -> Option<Arc<LiveJob>> {
        let Some(job) = lock(&self.jobs).remove(id) else {
            lock(&self.keys).retain(|_, job| *job != id);
            lock(&self.orphans).remove(id);
            return None;
        };
        self.functions.remove(job.function.key());
        if let Some(key) = job.key() {
            lock(&self.keys).remove(key);
        }
        Some(job)
    }

    pub(crate) fn get(&self, id: JobId) -> Option<Arc<LiveJob>> {
        lock(&self.jobs).get(id).cloned()
    }

    /// The jobs of these ids, those that there are.
    pub(super) fn get_all(&self, ids: impl Iterator<Item = JobId>) -> Vec<Option<Arc<LiveJob>>> {
        let jobs = lock(&self.jobs);
        ids.map(|id| jobs.get(id).cloned()).collect()
    }

    /// All jobs, by id.
    pub(crate) fn all(&self) -> Vec<Arc<LiveJob>> {
        let mut all: Vec<_> = lock(&self.jobs).values().cloned().collect();
        all.sort_by_key(|job| job.id);
        all
    }

    /// Looks at all jobs, in no order, without copying them; `look` must be short.
    pub(crate) fn visit(&self, look: impl FnMut(&LiveJob)) {
        lock(&self.jobs).values().map(|job| &**job).for_each(look);
    }

    pub(crate) fn by_key(&self, key: &Name) -> Option<JobId> {
        lock(&self.keys).get(key).copied()
    }

    /// Keeps a job whose function is not there.
    pub(crate) fn add_orphan(&self, job: &Job) {
        if let Some(key) = &job.key {
            lock(&self.keys).insert(key.clone(), job.id);
        }
        lock(&self.orphans).add(job.id, job.function());
    }

    /// The jobs that wait for this function, the oldest first.
    pub(crate) fn orphans_of(&self, function: &FunctionKey) -> Vec<JobId> {
        let mut ids: Vec<_> = lock(&self.orphans).of(function).collect();
        ids.sort();
        ids
    }

    /// The jobs that wait for a function of this bare name, the oldest first.
    pub(crate) fn orphans_named(&self, name: &str) -> Vec<JobId> {
        let mut ids: Vec<_> = lock(&self.orphans).named(name).collect();
        ids.sort();
        ids
    }

    pub(crate) fn is_orphan(&self, id: JobId) -> bool {
        lock(&self.orphans).has(id)
    }

    /// Has another function run a job from now on.
    pub(crate) fn replace_function(&self, job: &LiveJob, function: &Arc<Function>) {
        if let Some(known) = lock(&self.jobs).get_mut(job.id) {
            let mut job = LiveJob::clone(known);
            job.function = Arc::clone(function);
            *known = Arc::new(job);
        }
    }

    /// Keeps the function of a dead letter, and those of so many letters in all.
    pub(super) fn keep_function(&self, letter: RunId, function: &Arc<Function>, limit: usize) {
        let mut kept = lock(&self.kept);
        kept.push_back((letter, Arc::clone(function)));
        let surplus = kept.len().saturating_sub(limit);
        kept.drain(..surplus);
    }

    /// The function of a dead letter, if it failed in this process.
    pub(crate) fn function_of(&self, letter: RunId) -> Option<Arc<Function>> {
        lock(&self.kept).iter().find(|(kept, _)| *kept == letter).map(|(_, function)| Arc::clone(function))
    }

    /// The jobs whose function is not there.
    pub(crate) fn orphans(&self) -> Arc<HashSet<JobId>> {
        lock(&self.orphans).all()
    }

    /// The functions of this process: those registered, and those of closures.
    pub(crate) fn functions(&self) -> &Arc<FunctionSet> {
        &self.functions
    }

    /// Notes that a caller is about to remove a job.
    pub(super) fn note_removal(&self) {
        self.removals.fetch_add(1, Ordering::AcqRel);
    }

    /// How many jobs callers have removed.
    pub(crate) fn removals(&self) -> u64 {
        self.removals.load(Ordering::Acquire)
    }

    /// Cancels the running attempts that `which` selects.
    pub(super) fn cancel_all(&self, which: impl Fn(RunId) -> bool) {
        let jobs = self.get_all(self.running.all().into_iter());
        let running = jobs.into_iter().flatten().flat_map(|job| job.activity.running());
        for context in running.filter(|context| which(context.run_id())) {
            context.cancel(Cancellation::Shutdown);
        }
    }
}
