//! Jobs in the form in which they are executed.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex};

use crate::job::{JobDefinition, JobId, Overlap, RunId};
use crate::queue::FunctionSet;
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
    /// Whether an attempt keeps the job's next fire waiting. If not, the next
    /// fire is pushed when its predecessor is claimed.
    pub(crate) fn is_exclusive(&self) -> bool {
        match self.definition.policy.overlap {
            Overlap::Skip | Overlap::Queue => true,
            Overlap::Allow | Overlap::Cancel => false,
        }
    }

    /// Whether a fire that comes due ends the attempts before it.
    pub(crate) fn cancels_overlaps(&self) -> bool {
        self.definition.policy.overlap == Overlap::Cancel
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
    functions: Arc<FunctionSet>,
}

impl Table {
    pub(crate) fn insert(&self, job: LiveJob) {
        self.functions.add(job.function.key());
        lock(&self.jobs).insert(job.id, Arc::new(job));
    }

    pub(crate) fn remove(&self, id: JobId) -> Option<Arc<LiveJob>> {
        let job = lock(&self.jobs).remove(&id)?;
        self.functions.remove(job.function.key());
        Some(job)
    }

    pub(crate) fn get(&self, id: JobId) -> Option<Arc<LiveJob>> {
        lock(&self.jobs).get(&id).cloned()
    }

    /// The functions of this process: those registered, and those of closures.
    pub(crate) fn functions(&self) -> &Arc<FunctionSet> {
        &self.functions
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

    /// Cancels the attempts that `which` names.
    pub(super) fn cancel(&self, which: impl Fn(&RunId) -> bool) {
        let running = lock(&self.running);
        let cancelled: Vec<_> =
            running.iter().filter(|(run, _)| which(run)).map(|(_, context)| context.clone()).collect();
        // Wakers may be the user's code.
        drop(running);
        for context in cancelled {
            context.cancel();
        }
    }
}
