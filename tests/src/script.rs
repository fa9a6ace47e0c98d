//! Job functions that do as a test says.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Condvar, Mutex, MutexGuard};

use anyhow::anyhow;
use chrono::{DateTime, Utc};
use fastscheduler::{JobContext, JobId, RunId, Trigger};
use tokio::sync::{Semaphore, watch};

/// What an attempt does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Act {
    /// Returns.
    #[default]
    Succeed,
    /// Returns an error.
    Fail,
    /// Panics.
    Panic,
    /// Does not return until it is [released](Script::release).
    Hang,
}

/// An attempt that began.
#[derive(Debug, Clone)]
pub struct Begun {
    /// What it belongs to.
    pub context: JobContext,
    /// What it does.
    pub act: Act,
}

impl Begun {
    /// The attempt's id.
    #[must_use]
    pub fn run_id(&self) -> RunId {
        self.context.run_id()
    }
}

/// What attempts are to do, and those that began: the state of a job function,
/// which outlives processes. Clones are the same script.
#[derive(Clone)]
pub struct Script(Arc<Inner>);

struct Inner {
    acts: Mutex<Acts>,
    begun: watch::Sender<Vec<Begun>>,
    ended: watch::Sender<Vec<RunId>>,
    released: Semaphore,
    released_threads: Mutex<usize>,
    thread_released: Condvar,
}

#[derive(Default)]
struct Acts {
    next: VecDeque<Act>,
    of: HashMap<JobId, Act>,
    otherwise: Act,
}

impl Default for Script {
    fn default() -> Self {
        Self(Arc::new(Inner {
            acts: Mutex::default(),
            begun: watch::Sender::default(),
            ended: watch::Sender::default(),
            released: Semaphore::new(0),
            released_threads: Mutex::default(),
            thread_released: Condvar::new(),
        }))
    }
}

impl Script {
    /// What the next attempts do, each once, in the order in which they begin.
    pub fn will(&self, acts: &[Act]) {
        self.acts().next.extend(acts);
    }

    /// Takes back what the next attempts were to do.
    pub fn clear(&self) {
        self.acts().next.clear();
    }

    /// What all other attempts do.
    pub fn always(&self, act: Act) {
        self.acts().otherwise = act;
    }

    /// What the attempts of one job do.
    pub fn job_always(&self, job: JobId, act: Act) {
        self.acts().of.insert(job, act);
    }

    /// Lets so many attempts return that hang, and as many that hold a thread.
    ///
    /// # Panics
    ///
    /// If an attempt panicked at the wrong place.
    pub fn release(&self, attempts: usize) {
        self.0.released.add_permits(attempts);
        *self.0.released_threads.lock().expect("it is not poisoned") += attempts;
        self.0.thread_released.notify_all();
    }

    /// Those that began.
    #[must_use]
    pub fn begun(&self) -> Vec<Begun> {
        self.0.begun.borrow().clone()
    }

    /// How many began.
    #[must_use]
    pub fn count(&self) -> usize {
        self.0.begun.borrow().len()
    }

    /// Trigger, seconds from an instant to that the fire was due at, and number
    /// of each attempt that began.
    #[must_use]
    pub fn outline(&self, since: DateTime<Utc>) -> Vec<(Trigger, i64, u32)> {
        let seconds = |run: RunId| (run.scheduled_for - since).num_seconds();
        self.begun().iter().map(Begun::run_id).map(|run| (run.trigger, seconds(run), run.attempt)).collect()
    }

    /// Those that returned by themselves without an error.
    #[must_use]
    pub fn succeeded(&self) -> Vec<RunId> {
        self.0.ended.borrow().clone()
    }

    /// Waits until so many have begun.
    ///
    /// # Panics
    ///
    /// Never: the sender is at hand.
    pub async fn has_begun(&self, attempts: usize) {
        let mut begun = self.0.begun.subscribe();
        begun.wait_for(|begun| begun.len() >= attempts).await.expect("the sender is at hand");
    }

    /// What an async job function does.
    ///
    /// # Errors
    ///
    /// If it is to fail.
    ///
    /// # Panics
    ///
    /// If it is to panic.
    pub async fn act(&self, context: JobContext) -> anyhow::Result<()> {
        let run = context.run_id();
        match self.begin(context) {
            Act::Hang => self.0.released.acquire().await.expect("it is never closed").forget(),
            act => returns(act)?,
        }
        self.end(run);
        Ok(())
    }

    /// What a blocking job function does.
    ///
    /// # Errors
    ///
    /// If it is to fail.
    ///
    /// # Panics
    ///
    /// If it is to panic.
    pub fn block(&self, context: JobContext) -> anyhow::Result<()> {
        let run = context.run_id();
        match self.begin(context) {
            Act::Hang => {
                let released = self.0.released_threads.lock().expect("it is not poisoned");
                let wait = self.0.thread_released.wait_while(released, |released| *released == 0);
                *wait.expect("it is not poisoned") -= 1;
            }
            act => returns(act)?,
        }
        self.end(run);
        Ok(())
    }

    fn begin(&self, context: JobContext) -> Act {
        let act = {
            let mut acts = self.acts();
            let (next, of) = (acts.next.pop_front(), acts.of.get(&context.job_id()).copied());
            next.or(of).unwrap_or(acts.otherwise)
        };
        self.0.begun.send_modify(|begun| begun.push(Begun { context, act }));
        act
    }

    fn end(&self, run: RunId) {
        self.0.ended.send_modify(|ended| ended.push(run));
    }

    fn acts(&self) -> MutexGuard<'_, Acts> {
        self.0.acts.lock().expect("nothing panics under it")
    }
}

fn returns(act: Act) -> anyhow::Result<()> {
    match act {
        Act::Succeed | Act::Hang => Ok(()),
        Act::Fail => Err(anyhow!("boom")),
        Act::Panic => panic!("bang"),
    }
}
