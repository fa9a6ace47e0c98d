//! Running attempts.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Waker};

use chrono::{DateTime, Utc};
use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use tokio_util::sync::CancellationToken;
use tracing::instrument::Instrumented;
use tracing::{Instrument as _, Span};

use super::attempt::{Attempt, End, Ended, panicked, timed_out};
use super::failure::AFTER_FAILURE;
use super::inside::Inside;
use super::meter::Begun;
use super::pullers::Unspawned;
use super::threads::{Refused, Thread, Work};
use super::{Engine, Event, lock, log};
use crate::job::{Overlap, panic_text};
use crate::registry::{Call, Cancellation, Invocation, Outcome};

/// When an attempt has taken too long, if it has a timeout.
type Deadline = Option<BoxFuture<'static, ()>>;

/// An attempt's future, which is polled and dropped in the attempt's span.
type InSpan = Instrumented<BoxFuture<'static, Outcome>>;

impl Engine {
    /// Begins an attempt at `now`, and adds it to a list. Returns the time after
    /// its first poll, if it was read.
    pub(super) fn execute(
        self: &Arc<Self>,
        mut attempt: Attempt,
        now: DateTime<Utc>,
        begun: &Mutex<Vec<Begun>>,
    ) -> Option<DateTime<Utc>> {
        if let Some(why) = attempt.context.cancellation() {
            // Before it began: a function that is called may do all its work.
            self.defer_outcome(now, attempt, End::Cancelled(why));
            return Some(now);
        }
        // Counted from before the function begins, not from when it first waits.
        let deadline = self.deadline(&attempt);
        attempt.started_at = now;
        attempt.span = log::span(&attempt);
        let call = Call::new(Arc::clone(&attempt.job.definition), attempt.context.clone());
        let invoke = AssertUnwindSafe(|| attempt.span.in_scope(|| attempt.job.function.invoke(call)));
        match catch_unwind(invoke) {
            Ok(Invocation::Async(future)) => {
                self.count_begun(&attempt, begun);
                let future = future.instrument(attempt.span.clone());
                return Some(self.poll_once(attempt, future, deadline));
            }
            Ok(Invocation::Blocking(body)) if attempt.job.overlap() == Overlap::Cancel => {
                // A thread cannot be cancelled: its successor waits for it.
                let (before, held) = attempt.job.activity.hold_thread();
                let body = move || {
                    let _held = held;
                    body()
                };
                let work = self.work(&attempt, body);
                let watching = if before.is_empty() {
                    self.begin_thread(attempt, work, deadline, begun)
                } else {
                    let task = Box::pin(Arc::clone(self).begin_after(before, attempt, work));
                    Unspawned { run: None, task }
                };
                self.pullers.defer(watching);
            }
            Ok(Invocation::Blocking(body)) => {
                let work = self.work(&attempt, body);
                self.pullers.defer(self.begin_thread(attempt, work, deadline, begun));
            }
            Err(payload) => {
                self.count_begun(&attempt, begun);
                self.defer_outcome(self.clock.now(), attempt, End::Outcome(Err(panicked(payload))));
            }
        }
        None
    }

    /// What a thread does for an attempt.
    fn work(&self, attempt: &Attempt, body: impl FnOnce() -> Outcome + Send + 'static) -> Work {
        let context = attempt.context.clone();
        let inside = Inside::new(self, context.run_id());
        let span = attempt.span.clone();
        Box::new(move || {
            let call = || {
                // Dropping a function that is not called may panic as well.
                (!context.is_cancelled()).then(|| span.in_scope(|| inside.enter(body)))
            };
            let outcome = catch_unwind(AssertUnwindSafe(call));
            let outcome = outcome.unwrap_or_else(|payload| Some(Err(panicked(payload))));
            match context.cancellation() {
                // It ended before anybody cut it short.
                None | Some(Cancellation::Shutdown) => outcome,
                // It was cancelled before it returned. Its outcome is dropped,
                // whether this thread or its watcher notices first.
                Some(_) => None,
            }
        })
    }

    /// Hands an attempt to a thread, or has it wait for one.
    fn begin_thread(
        self: &Arc<Self>,
        attempt: Attempt,
        work: Work,
        deadline: Deadline,
        begun: &Mutex<Vec<Begun>>,
    ) -> Unspawned {
        match self.slots.threads.begin(work) {
            Ok(thread) => {
                self.count_begun(&attempt, begun);
                let run = Some(attempt.context.run_id());
                Unspawned { run, task: Box::pin(Arc::clone(self).watch_thread(attempt, thread, deadline)) }
            }
            Err(Refused { work, error }) => {
                self.report_lack_of_threads(&error);
                Unspawned { run: None, task: Box::pin(Arc::clone(self).wait_for_thread(attempt, work)) }
            }
        }
    }

    /// Tries each second to get a thread for an attempt, which has not begun
    /// before. A stop gives it back.
    async fn wait_for_thread(self: Arc<Self>, mut attempt: Attempt, mut work: Work) {
        let wait = self.slots.threads.wait(attempt.context.run_id(), attempt.claim.entry.due_at);
        let thread = loop {
            let end = tokio::select! {
                biased;
                end = self.cut_short(&attempt, None) => end,
                () = self.lifecycle.stopping() => End::Cancelled(Cancellation::Shutdown),
                () = self.clock.sleep(AFTER_FAILURE) => match self.slots.threads.begin(work) {
                    Ok(thread) => break thread,
                    Err(refused) => {
                        self.report_lack_of_threads(&refused.error);
                        work = refused.work;
                        continue;
                    }
                },
            };
            discard(work);
            return self.finish(attempt, end, None);
        };
        drop(wait);
        attempt.started_at = self.clock.now();
        let begun = Mutex::default();
        self.count_begun(&attempt, &begun);
        self.telemetry.meter.begun(&begun);
        self.telemetry.events.tell(|| Event::RunStarted(attempt.context.run_id()));
        let deadline = self.deadline(&attempt);
        self.watch_thread(attempt, thread, deadline).await;
    }

    /// Begins when other threads of the job have ended.
    async fn begin_after(self: Arc<Self>, threads: Vec<CancellationToken>, mut attempt: Attempt, work: Work) {
        let all_end = async {
            for thread in &threads {
                thread.cancelled().await;
            }
        };
        tokio::select! {
            biased;
            end = self.cut_short(&attempt, None) => {
                discard(work);
                self.finish(attempt, end, None);
            }
            () = all_end => {
                let deadline = self.deadline(&attempt);
                attempt.started_at = self.clock.now();
                let begun = Mutex::default();
                let watching = self.begin_thread(attempt, work, deadline, &begun);
                self.telemetry.meter.begun(&begun);
                self.spawn_deferred(watching);
            }
        }
    }

    /// Adds an attempt that begins to a list, with how late it is.
    fn count_begun(&self, attempt: &Attempt, begun: &Mutex<Vec<Begun>>) {
        let job = &attempt.job;
        let function =
            *job.function_series.get_or_init(|| self.telemetry.meter.function(&job.definition.function));
        let late = attempt.started_at - attempt.claim.entry.due_at;
        lock(begun).push(Begun { late, function, job: job.series });
    }

    /// Begins to count an attempt's timeout.
    fn deadline(&self, attempt: &Attempt) -> Deadline {
        attempt.job.definition.policy.timeout.map(|timeout| self.clock.sleep(timeout))
    }

    /// Polls a future once, and spawns it if it is pending: most job functions
    /// are short, and a spawn would cost more than they do.
    fn poll_once(
        self: &Arc<Self>,
        attempt: Attempt,
        mut future: InSpan,
        deadline: Deadline,
    ) -> DateTime<Utc> {
        // The spawned task soon polls again, with its own waker.
        let mut context = Context::from_waker(Waker::noop());
        let inside = Inside::new(&**self, attempt.context.run_id());
        let poll = AssertUnwindSafe(|| inside.enter(|| future.poll_unpin(&mut context)));
        let polled = catch_unwind(poll);
        let now = self.clock.now();
        match polled {
            Ok(Poll::Ready(outcome)) => self.defer_outcome(now, attempt, End::Outcome(outcome)),
            Ok(Poll::Pending) => {
                let run = Some(attempt.context.run_id());
                let task = Box::pin(Arc::clone(self).watch_future(attempt, future, deadline));
                self.pullers.defer(Unspawned { run, task });
            }
            Err(payload) => self.defer_outcome(now, attempt, End::Outcome(Err(panicked(payload)))),
        }
        now
    }

    async fn watch_future(self: Arc<Self>, attempt: Attempt, mut future: InSpan, deadline: Deadline) {
        let inside = Inside::new(&*self, attempt.context.run_id());
        let future = std::future::poll_fn(move |context| inside.enter(|| future.poll_unpin(context)));
        let watched = async {
            tokio::select! {
                biased;
                outcome = future => End::Outcome(outcome),
                end = self.cut_short(&attempt, deadline) => end,
            }
        };
        // Dropping the future may panic as well as polling it.
        let end = AssertUnwindSafe(watched).catch_unwind().await;
        self.finish(attempt, end.unwrap_or_else(|payload| End::Outcome(Err(panicked(payload)))), None);
    }

    async fn watch_thread(self: Arc<Self>, attempt: Attempt, mut thread: Thread, deadline: Deadline) {
        let (end, thread) = tokio::select! {
            biased;
            joined = &mut thread => match joined {
                Ok(Some(outcome)) => (End::Outcome(outcome), None),
                // The context was cancelled, so this returns at once.
                Ok(None) => (self.cut_short(&attempt, None).await, None),
                // It never began.
                Err(_) => (End::Cancelled(Cancellation::Shutdown), None),
            },
            end = self.cut_short(&attempt, deadline) => (end, Some(thread)),
        };
        self.finish(attempt, end, thread);
    }

    /// Waits until the attempt must end before its function does.
    async fn cut_short(&self, attempt: &Attempt, deadline: Deadline) -> End {
        let is_over = deadline.unwrap_or_else(|| Box::pin(std::future::pending()));
        let why = tokio::select! {
            biased;
            why = attempt.context.cancelled_by() => why,
            () = self.lifecycle.interrupted(attempt.context.run_id()) => attempt.context.cancel(Cancellation::Shutdown),
            () = is_over => attempt.context.cancel(Cancellation::Deadline),
        };
        match why {
            Cancellation::Deadline => End::Outcome(Err(timed_out(attempt.job.definition.policy.timeout))),
            why => End::Cancelled(why),
        }
    }

    /// Adds an outcome without notifying the recorder; the next `pass_on` does that.
    fn defer_outcome(&self, finished_at: DateTime<Utc>, mut attempt: Attempt, end: End) {
        attempt.span = Span::none();
        self.outcomes.add(Ended { attempt, end, finished_at, thread: None });
    }

    fn finish(&self, mut attempt: Attempt, end: End, thread: Option<Thread>) {
        // It ends with the code that ran in it, not with the record.
        attempt.span = Span::none();
        let finished_at = self.clock.now();
        self.outcomes.add(Ended { attempt, end, finished_at, thread });
        self.outcomes.announce(finished_at);
    }
}

/// Drops a function that is not called, and with it what it has captured.
fn discard(work: Work) {
    if let Err(panic) = catch_unwind(AssertUnwindSafe(|| drop(work))) {
        tracing::warn!(error = panic_text(panic), "dropping a function that was not called");
    }
}
