//! Ending all of it in order.

use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt as _;

use super::Engine;
use super::attempt::{Attempt, end_without_job};
use crate::job::{Lane, OpenFire, RunId, SkipReason};
use crate::storage::{Change, Durability, StorageError};

/// How long attempts that were cut short have to end, and attempts that called
/// [`stop`](Engine::stop_from_inside) once the others have ended.
const LAST_MOMENTS: Duration = Duration::from_secs(2);

impl Engine {
    /// Claims nothing more, lets attempts end for as long as `grace`, cuts the
    /// others short, and returns when no claim is left.
    ///
    /// It may be called again, also while it goes on, with less patience. A
    /// blocking function that does not return keeps its thread, and one that
    /// is async and never waits keeps its claim.
    pub(crate) async fn stop(&self, grace: Duration) {
        let for_callers = if grace.is_zero() { Duration::ZERO } else { LAST_MOMENTS };
        self.end(grace, for_callers).await;
    }

    /// The same, called by an attempt, which must not wait for itself: returns
    /// when the only attempts left are those that called this. A task closes the
    /// store when these have ended too, or the grace is over.
    pub(crate) async fn stop_from_inside(self: &Arc<Self>, run: RunId, grace: Duration) {
        self.lifecycle.add_caller(run);
        // Other callers no longer wait for this one.
        self.slots.changed();
        let engine = Arc::clone(self);
        let closing = async move {
            engine.end(grace, LAST_MOMENTS).await;
            if let Err(error) = engine.close().await {
                tracing::error!(error = &error as &dyn std::error::Error, "could not close the store");
            }
        };
        self.lifecycle.spawn_outside(closing);
        tokio::select! {
            biased;
            () = async {
                self.lifecycle.claimed_last().await;
                self.others_ended().await;
            } => {}
            () = self.lifecycle.executed() => {}
        }
    }

    async fn end(&self, grace: Duration, for_callers: Duration) {
        self.lifecycle.begin_to_stop();
        let grace_is_over = self.clock.sleep(grace);
        let patience = async {
            tokio::select! {
                () = grace_is_over => {}
                // What has panicked may never end.
                () = self.lifecycle.failed() => {}
            }
        };
        let patience = patience.boxed().shared();
        let with_callers = self.clock.sleep(grace.max(for_callers));
        let given_back = async {
            // A claim that is under way is handed out before it can be given back.
            self.lifecycle.claimed_last().await;
            self.give_back_unstarted().await;
        };
        tokio::select! {
            biased;
            () = given_back => {}
            () = async {
                patience.clone().await;
                self.clock.sleep(LAST_MOMENTS).await;
            } => tracing::error!("the store or the queue does not answer; leaving claims behind"),
        }
        tokio::select! {
            biased;
            () = self.idle() => {}
            () = async {
                patience.await;
                let has_failed = self.lifecycle.failure().is_some();
                if !for_callers.is_zero() && !has_failed && self.lifecycle.callers() > 0 {
                    self.end_others(with_callers, for_callers).await;
                }
            } => tracing::warn!("cutting attempts short that did not end in time"),
        }
        self.lifecycle.end_execution();
        self.table.cancel_all(|_| true);
        tokio::select! {
            biased;
            () = self.ended() => {}
            () = self.clock.sleep(LAST_MOMENTS) => {
                let all = self.table.all();
                let jobs: Vec<_> = all.iter().filter(|job| job.activity.is_running()).map(|job| job.id).collect();
                tracing::error!(?jobs, "jobs do not let go, since they never wait; leaving them behind");
            }
        }
    }

    /// When the grace is over, cuts all attempts short except callers of `stop`,
    /// and then gives these time to end.
    async fn end_others(&self, with_callers: impl Future<Output = ()>, for_callers: Duration) {
        if self.have_others_ended() {
            // The callers were no longer waiting, and had the grace to end in.
            return with_callers.await;
        }
        tracing::warn!("cutting attempts short that did not end in time");
        self.lifecycle.cut_short();
        self.table.cancel_all(|run| !self.lifecycle.is_caller(run));
        tokio::select! {
            biased;
            () = self.others_ended() => {}
            () = self.clock.sleep(LAST_MOMENTS) => {}
        }
        self.clock.sleep(for_callers).await;
    }

    /// The same of one that was never started: it has no tasks to wait for.
    pub(crate) fn stop_unstarted(&self) {
        self.lifecycle.begin_to_stop();
        self.lifecycle.end_execution();
        self.lifecycle.claim_no_more();
    }

    /// Begins to stop, which ends a start that is still running.
    pub(crate) fn begin_to_stop(&self) {
        self.lifecycle.begin_to_stop();
    }

    /// Whether it has begun to stop.
    pub(crate) fn is_stopping(&self) -> bool {
        self.lifecycle.is_stopping()
    }

    /// Closes the store and ends the events, after a [`stop`](Self::stop).
    pub(crate) async fn close(&self) -> Result<(), StorageError> {
        self.lifecycle.close_store();
        self.prune_new().await;
        let closed = self.storage.close().await;
        self.telemetry.events.close();
        closed
    }

    /// Watches over the store until the stop. If somebody else takes it over, this
    /// claims nothing more, and `stop` is to end it all.
    pub(crate) async fn watch_store(self: Arc<Self>, stop: impl Future<Output = ()> + Send + 'static) {
        let lost = tokio::select! {
            biased;
            () = self.lifecycle.stopping() => return,
            lost = self.storage.lost() => lost,
        };
        tracing::error!(error = &lost as &dyn std::error::Error, "the store was lost; stopping");
        self.note_trouble("the store", Some(lost.to_string()));
        self.lifecycle.lose_store();
        self.begin_to_stop();
        self.lifecycle.spawn_outside(stop);
    }

    /// Gives back what was claimed and not begun.
    async fn give_back_unstarted(&self) {
        let unstarted = self.pullers.take_uncancelled();
        let now = self.clock.now();
        let reopen = |Attempt { claim, job, .. }: &Attempt| {
            if self.table.get(job.id).is_some() {
                return Change::OpenFire(Box::new(claim.entry.due_by(now)));
            }
            // Cancelled since it was claimed.
            let open = OpenFire::waiting(claim.entry.clone());
            end_without_job(&job.definition, &open, SkipReason::Cancelled, &self.setup.instance, now)
        };
        let changes: Vec<_> = unstarted.iter().map(reopen).collect();
        if let Err(error) = self.apply(&changes, Durability::Soon).await {
            // They count as crashed once, and still run.
            tracing::error!(error = &error as &dyn std::error::Error, "could not write what was not begun");
        }
        let blocking = unstarted.iter().filter(|attempt| attempt.claim.entry.lane == Lane::Blocking).count();
        let count = unstarted.len();
        self.table.running.remove(unstarted.iter().map(|attempt| attempt.job.id));
        self.release(unstarted).await;
        self.slots.free(count, blocking);
    }

    /// Waits until the engine begins to stop.
    pub(crate) async fn stopping(&self) {
        self.lifecycle.stopping().await;
    }

    /// Waits until all attempts have ended or are cut short.
    pub(crate) async fn executed(&self) {
        self.lifecycle.executed().await;
    }

    /// Waits until no claim is open and no task is left.
    async fn ended(&self) {
        self.idle().await;
        // The recorder waits for outcomes as long as claims are open.
        self.outcomes.nudge();
        self.lifecycle.tasks_ended().await;
    }

    /// Waits until no claim is open.
    async fn idle(&self) {
        self.slots.until(|taken| taken == 0).await;
    }

    /// Waits until the only open claims are those of attempts that called `stop`.
    async fn others_ended(&self) {
        self.slots.until(|taken| taken <= self.lifecycle.callers()).await;
    }

    fn have_others_ended(&self) -> bool {
        self.slots.taken() <= self.lifecycle.callers()
    }

    /// Waits until nothing is due and no claim is open.
    #[cfg(feature = "testing")]
    pub(crate) async fn quiet(&self) -> Result<(), crate::queue::QueueError> {
        self.slots
            .find(|| async { self.is_quiet().await.map(|is_quiet| is_quiet.then_some(())).transpose() })
            .await
    }

    #[cfg(feature = "testing")]
    async fn is_quiet(&self) -> Result<bool, crate::queue::QueueError> {
        loop {
            let (is_busy, number) = self.slots.observe();
            let first = self.queue.next_due(chrono::DateTime::<chrono::Utc>::MIN_UTC).await?;
            let is_due = first.is_some_and(|due_at| due_at <= self.clock.now());
            // What was claimed meanwhile was in neither place.
            if self.slots.observe().1 == number {
                return Ok(!is_busy && !is_due);
            }
        }
    }
}
