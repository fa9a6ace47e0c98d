//! Running attempts.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use tokio::task::JoinHandle;

use super::attempt::{Attempt, End, Ended, panicked, timed_out};
use super::{Engine, lock};
use crate::job::Trigger;
use crate::queue::{Claim, Settlement};
use crate::registry::{Call, Failure, Invocation, JobContext, Outcome};

/// When an attempt has taken too long, if it has a timeout.
type Deadline = Option<BoxFuture<'static, ()>>;

impl Engine {
    /// Takes claims one at a time and executes them, until execution ends.
    pub(super) async fn pull(self: Arc<Self>) {
        loop {
            let more = self.claimed_more.notified();
            tokio::pin!(more);
            // Enabled before the look, so that no claim comes unnoticed.
            more.as_mut().enable();
            while let Some(claim) = self.next_claim() {
                Arc::clone(&self).begin(claim).await;
                // Functions that never wait would keep the thread for good.
                tokio::task::consume_budget().await;
            }
            tokio::select! {
                () = more => {}
                () = self.executing.cancelled() => return,
            }
        }
    }

    pub(super) fn next_claim(&self) -> Option<Claim> {
        lock(&self.claimed).pop_front()
    }

    async fn begin(self: Arc<Self>, claim: Claim) {
        let Some(job) = self.table.get(claim.entry.job) else {
            // Cancelled since it was claimed.
            return self.settle(vec![Settlement { claim, next: None }]).await;
        };
        if !job.is_exclusive()
            && claim.entry.trigger == Trigger::Schedule
            && claim.entry.attempt == 1
            && let Some(next) = job.fire_after(claim.entry.covers_until)
        {
            self.push(vec![next]).await;
        }
        if job.cancels_overlaps() {
            self.table.cancel(|run| run.job == job.id);
        }
        let run_id = claim.entry.run_id();
        let context = JobContext::new(Arc::clone(&job.names), run_id, claim.fence);
        self.table.begin(run_id, context.clone());
        // Counted from before the function begins, not from when it first waits.
        let deadline = job.definition.policy.timeout.map(|timeout| self.clock.sleep(timeout));
        let attempt = Attempt { claim, job, context, started_at: self.clock.now() };
        let call =
            Call::new(Arc::clone(&attempt.job.arguments), attempt.context.clone(), Arc::clone(&self.states));
        match catch_unwind(AssertUnwindSafe(|| attempt.job.function.invoke(call))) {
            Ok(Invocation::Async(future)) => self.poll_once(attempt, future, deadline),
            Ok(Invocation::Blocking(body)) => {
                let context = attempt.context.clone();
                let thread = tokio::task::spawn_blocking(move || {
                    if context.is_cancelled() {
                        // It was recorded as timed out, or is to run again.
                        return Err(Failure::new("cancelled before it began"));
                    }
                    catch_unwind(AssertUnwindSafe(body)).unwrap_or_else(|payload| Err(panicked(payload)))
                });
                self.tasks.spawn(Arc::clone(&self).watch_thread(attempt, thread, deadline));
            }
            Err(payload) => self.finish(attempt, End::Outcome(Err(panicked(payload))), None),
        }
    }

    /// Polls a future once, and spawns it if it is pending: most job functions
    /// are short, and a spawn would cost more than they do.
    fn poll_once(
        self: Arc<Self>,
        attempt: Attempt,
        mut future: BoxFuture<'static, Outcome>,
        deadline: Deadline,
    ) {
        // The spawned task polls again at once, with a waker of its own.
        let mut context = Context::from_waker(Waker::noop());
        match catch_unwind(AssertUnwindSafe(|| future.poll_unpin(&mut context))) {
            Ok(Poll::Ready(outcome)) => self.finish(attempt, End::Outcome(outcome), None),
            Ok(Poll::Pending) => {
                let engine = Arc::clone(&self);
                self.tasks.spawn(engine.watch_future(attempt, future, deadline));
            }
            Err(payload) => self.finish(attempt, End::Outcome(Err(panicked(payload))), None),
        }
    }

    async fn watch_future(
        self: Arc<Self>,
        attempt: Attempt,
        future: BoxFuture<'static, Outcome>,
        deadline: Deadline,
    ) {
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

    async fn watch_thread(
        self: Arc<Self>,
        attempt: Attempt,
        mut thread: JoinHandle<Outcome>,
        deadline: Deadline,
    ) {
        let (end, thread) = tokio::select! {
            biased;
            joined = &mut thread => match joined {
                Ok(outcome) => (End::Outcome(outcome), None),
                Err(error) => match error.try_into_panic() {
                    Ok(payload) => (End::Outcome(Err(panicked(payload))), None),
                    // The runtime is shutting down and never began it.
                    Err(_) => (End::Interrupted, None),
                },
            },
            end = self.cut_short(&attempt, deadline) => (end, Some(thread)),
        };
        self.finish(attempt, end, thread);
    }

    /// Waits until the attempt must end before its function does.
    async fn cut_short(&self, attempt: &Attempt, deadline: Deadline) -> End {
        let is_over = deadline.unwrap_or_else(|| Box::pin(std::future::pending()));
        let end = tokio::select! {
            biased;
            // First, since a shutdown cancels the contexts as well.
            () = self.executing.cancelled() => End::Interrupted,
            () = attempt.context.cancelled() => End::Superseded,
            () = is_over => End::Outcome(Err(timed_out(attempt.job.definition.policy.timeout))),
        };
        attempt.context.cancel();
        end
    }

    fn finish(&self, attempt: Attempt, end: End, thread: Option<JoinHandle<Outcome>>) {
        self.table.end(attempt.claim.entry.run_id());
        let finished_at = self.clock.now();
        lock(&self.ended).push(Ended { attempt, end, finished_at, thread });
        self.ended_more.notify_one();
    }
}
