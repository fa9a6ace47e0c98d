//! Jobs whose function is not there.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use crate::job::{FunctionKey, JobId, JobMap};

/// Found by their functions, and by themselves: there may be as many functions as
/// jobs, as of a program whose jobs are closures.
#[derive(Debug, Default)]
pub(super) struct Orphans {
    of_functions: HashMap<FunctionKey, HashSet<JobId>>,
    functions: JobMap<FunctionKey>,
    /// The answer to who asks for all, until they change.
    all: Option<Arc<HashSet<JobId>>>,
}

impl Orphans {
    pub(super) fn add(&mut self, job: JobId, function: &FunctionKey) {
        self.remove(job);
        self.of_functions.entry(function.clone()).or_default().insert(job);
        self.functions.insert(job, function.clone());
        self.all = None;
    }

    pub(super) fn remove(&mut self, job: JobId) {
        let Some(function) = self.functions.remove(&job) else { return };
        self.all = None;
        if let Some(jobs) = self.of_functions.get_mut(&function) {
            jobs.remove(&job);
            if jobs.is_empty() {
                self.of_functions.remove(&function);
            }
        }
    }

    pub(super) fn has(&self, job: JobId) -> bool {
        self.functions.contains_key(&job)
    }

    pub(super) fn all(&mut self) -> Arc<HashSet<JobId>> {
        let functions = &self.functions;
        let all = self.all.get_or_insert_with(|| Arc::new(functions.keys().copied().collect()));
        Arc::clone(all)
    }

    /// Those that wait for this function.
    pub(super) fn of(&self, function: &FunctionKey) -> impl Iterator<Item = JobId> {
        self.of_functions.get(function).into_iter().flatten().copied()
    }

    /// Those that wait for a function of this bare name, in whatever module.
    pub(super) fn named(&self, name: &str) -> impl Iterator<Item = JobId> {
        let named = self.of_functions.iter().filter(move |(function, _)| function.name() == name);
        named.flat_map(|(_, jobs)| jobs).copied()
    }
}
