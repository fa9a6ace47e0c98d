//! Jobs in the form in which they are executed.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex};

use crate::job::{FunctionKey, JobDefinition, JobId, Overlap, RunId};
use crate::registry::{Arguments, Function, JobContext, JobNames};
use crate::schedule::Schedule;

use super::lock;

/// A job whose function is at hand, and whose schedule is compiled.
#[derive(Debug, Clone)]
pub(crate) struct LiveJob {
    pub(crate) id: JobId,
    pub(crate) definition: Arc<JobDefinition>,
    pub(crate) revision: u64,
    pub(crate) schedule: Schedule,
    pub(crate) function: Arc<Function>,
    pub(crate) arguments: Arc<Arguments>,
    pub(crate) names: Arc<JobNames>,
    pub(crate) is_paused: bool,
}

impl LiveJob {
    /// Whether an attempt keeps the job's next fire waiting.
    pub(crate) fn is_exclusive(&self) -> bool {
        self.definition.policy.overlap != Overlap::Allow
    }

    /// Whether the fire that was due first runs when an open one ends.
    pub(crate) fn queues_overlaps(&self) -> bool {
        self.definition.policy.overlap == Overlap::Queue
    }
}

/// All jobs that this process can run, and the attempts it is at.
#[derive(Debug, Default)]
pub(crate) struct Table {
    jobs: Mutex<HashMap<JobId, Arc<LiveJob>>>,
    running: Mutex<HashMap<RunId, JobContext>>,
    functions: Mutex<Arc<HashSet<FunctionKey>>>,
}

impl Table {
    pub(crate) fn insert(&self, job: LiveJob) {
        lock(&self.jobs).insert(job.id, Arc::new(job));
    }

    pub(crate) fn remove(&self, id: JobId) -> Option<Arc<LiveJob>> {
        lock(&self.jobs).remove(&id)
    }

    pub(crate) fn get(&self, id: JobId) -> Option<Arc<LiveJob>> {
        lock(&self.jobs).get(&id).cloned()
    }

    /// Says which functions this process has.
    pub(crate) fn set_functions(&self, functions: HashSet<FunctionKey>) {
        *lock(&self.functions) = Arc::new(functions);
    }

    pub(super) fn functions(&self) -> Arc<HashSet<FunctionKey>> {
        Arc::clone(&lock(&self.functions))
    }

    /// The jobs that are running.
    pub(crate) fn running_jobs(&self) -> HashSet<JobId> {
        lock(&self.running).keys().map(|run| run.job).collect()
    }

    pub(super) fn begin(&self, run: RunId, context: JobContext) {
        lock(&self.running).insert(run, context);
    }

    pub(super) fn end(&self, run: RunId) {
        lock(&self.running).remove(&run);
    }

    pub(super) fn cancel_all(&self) {
        for context in lock(&self.running).values() {
            context.cancel();
        }
    }
}
