//! Threads for functions that are not async.
//!
//! They are the engine's own. A runtime panics if the system refuses a thread for
//! blocking work and none is there yet; if some are there and busy, it lets the work
//! wait without saying so. Here whoever wants the thread gets the work back.
//!
//! A thread without work ends after a while, so an idle scheduler has none.

use std::collections::VecDeque;
use std::io;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use tokio::runtime::Handle;
use tokio::sync::oneshot;

use super::{AFTER_FAILURE, Engine, Problem, ProblemCode, lock};
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
pub(super) struct Threads(Arc<Pool>);

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
        let mut state = lock(&self.0.state);
        if state.handed.len() < state.idle + state.starting {
            self.0.changed.notify_one();
        } else if let Err(error) = self.start_one(&mut state) {
            return Err(Refused { work, error });
        }
        let (sender, thread) = oneshot::channel();
        state.handed.push_back((work, sender));
        Ok(thread)
    }

    /// Starts a thread ahead of the work, and returns whether the system has one.
    fn try_one(&self) -> bool {
        self.start_one(&mut lock(&self.0.state)).is_ok()
    }

    fn start_one(&self, state: &mut State) -> io::Result<()> {
        let (pool, runtime) = (Arc::clone(&self.0), Handle::current());
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
        lock(&self.0.state).is_closed = true;
        self.0.changed.notify_all();
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

impl Engine {
    /// Reports that the system refuses threads, until it provides one again.
    pub(super) fn report_lack_of_threads(self: &Arc<Self>, error: &io::Error) {
        if !self.is_lacking_threads.swap(true, Ordering::AcqRel) {
            let values = [("error", error.to_string().into())];
            self.problems.begin(Problem::new(ProblemCode::NoThreads, self.clock.now(), None, values));
            self.spawn("the search for threads", Arc::clone(self).seek_threads());
        }
    }

    async fn seek_threads(self: Arc<Self>) {
        loop {
            tokio::select! {
                () = self.clock.sleep(AFTER_FAILURE) => {}
                () = self.claiming.cancelled() => return,
            }
            if self.threads.try_one() {
                self.problems.end(ProblemCode::NoThreads, None);
                return self.is_lacking_threads.store(false, Ordering::Release);
            }
        }
    }
}
