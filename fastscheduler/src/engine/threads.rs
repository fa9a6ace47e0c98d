//! Threads for functions that are not async.
//!
//! They are the engine's own. A runtime panics if the system refuses a thread for
//! blocking work and none is there yet; if some are there and busy, it lets the work
//! wait without saying so. Here whoever wants the thread gets the work back.
//!
//! A thread without work ends after a while, so an idle scheduler has none.

use std::collections::{HashMap, VecDeque};
use std::io;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use chrono::{DateTime, Utc};
use tokio::runtime::Handle;
use tokio::sync::oneshot;

use super::lock;
use crate::job::{JobId, RunId};
use crate::registry::Outcome;

/// How long a thread without work is kept.
const KEPT: Duration = Duration::from_secs(10);

/// What a thread does: it calls a function and returns its outcome, or `None` if
/// the attempt was cancelled before the function began or returned.
pub(super) type Work = Box<dyn FnOnce() -> Option<Outcome> + Send>;

/// Receives what the work returns. An error means that the work never began.
pub(super) type Thread = oneshot::Receiver<Option<Outcome>>;

/// Work that the system has no thread for, and what the system says.
pub(super) struct Refused {
    pub(super) work: Work,
    pub(super) error: io::Error,
}

/// The threads. Those without work end when this is dropped.
#[derive(Debug, Default)]
pub(super) struct Threads {
    pool: Arc<Pool>,
    /// Whether the system refuses threads.
    is_lacking: AtomicBool,
    /// The attempts that wait for one, and when they were due.
    waits: Mutex<HashMap<RunId, DateTime<Utc>>>,
}

/// An attempt that waits for a thread, until it is dropped.
pub(super) struct Wait<'a> {
    threads: &'a Threads,
    run: RunId,
}

impl Drop for Wait<'_> {
    fn drop(&mut self) {
        lock(&self.threads.waits).remove(&self.run);
    }
}

#[derive(Debug, Default)]
struct Pool {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
struct State {
    /// Each has a thread that is about to take it: one that is idle or starting.
    handed: VecDeque<(Work, oneshot::Sender<Option<Outcome>>)>,
    idle: usize,
    starting: usize,
    is_closed: bool,
}

impl std::fmt::Debug for State {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("State")
            .field("idle", &self.idle)
            .field("starting", &self.starting)
            .finish_non_exhaustive()
    }
}

impl Threads {
    /// Hands work to a thread of the caller's runtime.
    pub(super) fn begin(&self, work: Work) -> Result<Thread, Refused> {
        let mut state = lock(&self.pool.state);
        if state.handed.len() < state.idle + state.starting {
            self.pool.changed.notify_one();
        } else if let Err(error) = self.start_one(&mut state) {
            return Err(Refused { work, error });
        }
        let (sender, thread) = oneshot::channel();
        state.handed.push_back((work, sender));
        Ok(thread)
    }

    /// Notes that the system refuses threads, and returns whether that is news.
    pub(super) fn begin_to_lack(&self) -> bool {
        !self.is_lacking.swap(true, Ordering::AcqRel)
    }

    /// Starts a thread ahead of the work, and returns whether the system has one.
    pub(super) fn try_one(&self) -> bool {
        let has_one = self.start_one(&mut lock(&self.pool.state)).is_ok();
        if has_one {
            self.is_lacking.store(false, Ordering::Release);
        }
        has_one
    }

    /// Notes that an attempt waits for a thread.
    pub(super) fn wait(&self, run: RunId, due_at: DateTime<Utc>) -> Wait<'_> {
        lock(&self.waits).insert(run, due_at);
        Wait { threads: self, run }
    }

    /// The jobs of the attempts that wait, and when each was due.
    pub(super) fn waits(&self) -> Vec<(JobId, DateTime<Utc>)> {
        lock(&self.waits).iter().map(|(run, due_at)| (run.job, *due_at)).collect()
    }

    fn start_one(&self, state: &mut State) -> io::Result<()> {
        let (pool, runtime) = (Arc::clone(&self.pool), Handle::current());
        thread::Builder::new().name("fastscheduler-job".to_owned()).spawn(move || {
            let _runtime = runtime.enter();
            pool.work();
        })?;
        state.starting += 1;
        Ok(())
    }
}

impl Drop for Threads {
    fn drop(&mut self) {
        lock(&self.pool.state).is_closed = true;
        self.pool.changed.notify_all();
    }
}

impl Pool {
    fn work(&self) {
        let mut state = lock(&self.state);
        state.starting -= 1;
        loop {
            while let Some((work, sender)) = state.handed.pop_front() {
                drop(state);
                // Nobody waits for it if the runtime was dropped before it began.
                if !sender.is_closed() {
                    let _ = sender.send(work());
                }
                state = lock(&self.state);
            }
            if state.is_closed {
                return;
            }
            state.idle += 1;
            let waited = self.changed.wait_timeout(state, KEPT);
            let (woken, timeout) = waited.unwrap_or_else(PoisonError::into_inner);
            state = woken;
            state.idle -= 1;
            if timeout.timed_out() && state.handed.is_empty() {
                return;
            }
        }
    }
}
