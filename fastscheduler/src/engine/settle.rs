//! Recording outcomes, and giving claims back with what comes next.

use std::error::Error;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use chrono::{DateTime, Utc};

use super::attempt::{Attempt, End, Ended, Ending, cancelled, record};
use super::plan::FollowUp;
use super::retry::retry;
use super::threads::Thread;
use super::{AFTER_FAILURE, Engine, JobSeries, LiveJob, lock};
use crate::job::{AfterFailure, Entry, Lane};
use crate::queue::Settlement;
use crate::registry::{Cancellation, Outcome};
use crate::storage::{Change, Durability, EndedAttempt};

impl Engine {
    /// Records what ended, in batches, until execution ends.
    pub(super) async fn record_outcomes(self: Arc<Self>) {
        // Changes places with the list that grows meanwhile.
        let mut batch = Vec::new();
        loop {
            {
                let mut ended = lock(&self.ended);
                std::mem::swap(&mut ended.list, &mut batch);
                ended.notified_at = None;
            }
            if batch.is_empty() {
                tokio::select! {
                    () = self.ended_more.notified() => {}
                    () = self.executing.cancelled() => {
                        // Attempts that were cut short still arrive.
                        if self.in_flight.load(Ordering::Acquire) == 0 {
                            return;
                        }
                        self.ended_more.notified().await;
                    }
                }
            } else {
                self.record(&mut batch).await;
            }
        }
    }

    /// Notifies the recorder of outcomes that it does not know of, and returns
    /// whether there were any.
    pub(super) fn notify_recorder(&self, now: DateTime<Utc>) -> bool {
        let mut ended = lock(&self.ended);
        let is_news = !ended.list.is_empty() && ended.notified_at.is_none();
        if is_news {
            ended.notified_at = Some(now);
            drop(ended);
            self.ended_more.notify_one();
        }
        is_news
    }

    async fn record(self: &Arc<Self>, batch: &mut Vec<Ended>) {
        let _batch_of_outcomes = self.batch().await;
        let mut changes = Vec::with_capacity(batch.len());
        let mut settlements = Vec::with_capacity(batch.len());
        // Where each attempt that ends is counted, in the order of their records.
        let mut series = Vec::with_capacity(batch.len());
        let present = self.table.get_all(batch.iter().map(|ended| ended.attempt.job.id));
        for (Ended { attempt, end, finished_at, thread }, present) in batch.drain(..).zip(&present) {
            let present = present.as_ref();
            let retry = match end {
                End::Cancelled(_) if self.has_lost(&attempt.claim) => {
                    // Another instance makes the next attempt, and settles.
                    let run = attempt.claim.entry.run_id();
                    attempt.job.activity.end(run);
                    self.forget_callers(std::iter::once(run));
                    self.free(1, usize::from(attempt.claim.entry.lane == Lane::Blocking));
                    continue;
                }
                End::Cancelled(Cancellation::Shutdown) if present.is_some() => {
                    // Its fire stays open, to be run again.
                    let entry = attempt.claim.entry.due_by(finished_at);
                    attempt.job.activity.wait(entry.clone(), finished_at);
                    changes.push(Change::OpenFire(Box::new(entry.clone())));
                    settlements.push(Settlement { claim: attempt.claim, next: Some(entry) });
                    continue;
                }
                End::Cancelled(why) => {
                    let ending = Err((cancelled(why).to_owned(), AfterFailure::Cancelled));
                    series.push(attempt.job.series.clone());
                    changes.push(Change::EndAttempt(self.ended_attempt(&attempt, finished_at, ending)));
                    None
                }
                End::Outcome(outcome) => {
                    series.push(attempt.job.series.clone());
                    self.conclude(&attempt, present, finished_at, outcome, &mut changes)
                }
            };
            if let Some(thread) = thread {
                if let Some(retry) = &retry {
                    attempt.job.activity.hold_retry(retry);
                }
                // It keeps its slot, and an exclusive job, until it ends.
                self.spawn("an attempt's task", Arc::clone(self).settle_after(thread, attempt, retry));
                continue;
            }
            let next = self.follow_up(&attempt, present, retry, finished_at, &mut changes);
            settlements.push(Settlement { claim: attempt.claim, next });
        }
        self.write_down("outcomes", &changes).await;
        count(&changes, &series);
        self.prune().await;
        self.settle(&settlements).await;
    }

    /// Settles the claim of a function past its deadline when its thread ends.
    async fn settle_after(self: Arc<Self>, thread: Thread, attempt: Attempt, retry: Option<Entry>) {
        let run = attempt.claim.entry.run_id();
        let thread_ends = async {
            tokio::select! {
                _ = thread => {}
                () = self.interrupted(run) => {}
            }
        };
        if attempt.job.is_exclusive() {
            thread_ends.await;
            self.let_go(attempt, retry, 1).await;
        } else {
            // Only the slot waits for the thread.
            let lane = attempt.claim.entry.lane;
            self.let_go(attempt, retry, 0).await;
            thread_ends.await;
            self.forget_callers(std::iter::once(run));
            self.free(1, usize::from(lane == Lane::Blocking));
        }
    }

    /// Settles one claim, and frees so many slots.
    async fn let_go(&self, attempt: Attempt, retry: Option<Entry>, slots: usize) {
        let _batch_of_one = self.batch().await;
        let mut changes = Vec::new();
        let present = self.table.get(attempt.job.id);
        let next = self.follow_up(&attempt, present.as_ref(), retry, self.clock.now(), &mut changes);
        self.write_down("skipped fires", &changes).await;
        let lane = attempt.claim.entry.lane;
        if slots > 0 {
            self.forget_callers(std::iter::once(attempt.claim.entry.run_id()));
        }
        self.give_back(&[Settlement { claim: attempt.claim, next }]).await;
        self.free(slots, if lane == Lane::Blocking { slots } else { 0 });
    }

    /// Records how a function ended, and returns the retry, if there is one.
    fn conclude(
        &self,
        attempt: &Attempt,
        present: Option<&Arc<LiveJob>>,
        now: DateTime<Utc>,
        outcome: Outcome,
        changes: &mut Vec<Change>,
    ) -> Option<Entry> {
        let Attempt { claim, job, .. } = attempt;
        let max_retries = present.unwrap_or(job).definition.policy.max_retries;
        let (ending, retry) = match outcome {
            Ok(returned) => (Ok(returned), None),
            Err(failure) => {
                let present = present.map(Arc::as_ref);
                let (follows, retry) = match retry(&failure, &claim.entry, max_retries, present, now) {
                    Ok(retry) => {
                        let follows = AfterFailure::Retry { number: retry.retries(), limit: max_retries };
                        (follows, Some(retry))
                    }
                    Err(follows) => (follows, None),
                };
                (Err((failure.into_message(), follows)), retry)
            }
        };
        let has_failed_for_good = ending.is_err() && retry.is_none();
        let mut ended = self.ended_attempt(attempt, now, ending);
        if has_failed_for_good {
            // A closure would be gone with its job, and its letter in vain.
            let run_id = claim.entry.run_id();
            self.table.keep_function(run_id, &job.function, self.capacity.max_dead_letters);
            ended.dead_letter = Some(Box::new(job.dead_letter(&ended.run)));
        }
        ended.retry = retry.clone().map(Box::new);
        changes.push(Change::EndAttempt(ended));
        retry
    }

    /// The end of an attempt, without a retry or a dead letter.
    fn ended_attempt(&self, attempt: &Attempt, now: DateTime<Utc>, ending: Ending) -> EndedAttempt {
        let Attempt { claim, job, started_at, progress, .. } = attempt;
        let run_id = claim.entry.run_id();
        let run = record(&job.definition, run_id, Some(*started_at), now, ending, &self.instance);
        EndedAttempt { run: Arc::new(run), progress: *progress, retry: None, dead_letter: None }
    }

    /// What takes the place of a claim: a retry, or the job's next fire.
    fn follow_up(
        &self,
        attempt: &Attempt,
        present: Option<&Arc<LiveJob>>,
        retry: Option<Entry>,
        now: DateTime<Utc>,
        changes: &mut Vec<Change>,
    ) -> Option<Entry> {
        let Attempt { claim, job, upcoming, .. } = attempt;
        let (entry, activity) = (&claim.entry, &job.activity);
        let run_id = entry.run_id();
        // Nothing comes after a job that was cancelled.
        let Some(present) = present else {
            activity.end(run_id);
            return None;
        };
        if let Some(retry) = retry {
            let retry = Entry { revision: present.revision, ..retry };
            activity.wait(retry.clone(), now);
            return (!present.is_paused).then_some(retry);
        }
        let sees_to_next = activity.conclude(run_id, now) && present.scheduled_since == job.scheduled_since;
        if sees_to_next && entry.is_exclusive && !present.is_paused {
            let FollowUp { next, skipped } = present.follow_up(entry, *upcoming, now);
            changes.extend(skipped.map(|skipped| present.skipped(skipped, next.as_ref(), now)));
            if next.is_none() {
                activity.set_over(true);
                self.remove_if_ended(present, changes);
            }
            return next;
        }
        self.remove_if_ended(present, changes);
        None
    }

    /// Removes a job whose last fire is over. One that is being changed may
    /// have other fires to come: [`bury`](Self::bury) looks again.
    pub(super) fn remove_if_ended(&self, job: &LiveJob, changes: &mut Vec<Change>) {
        if job.activity.ends() && self.table.remove(job.id).is_some() {
            changes.push(Change::RemoveJob { job: job.id, tombstone: job.tombstone() });
        }
    }

    /// Stores what has happened and tells those who listen. Without the store,
    /// it has not happened.
    pub(super) async fn write_down(&self, what: &str, changes: &[Change]) {
        if changes.is_empty() {
            return;
        }
        tokio::select! {
            biased;
            () = self.persist(what, || self.apply(changes, Durability::Soon)) => self.announce(changes),
            () = self.lost.cancelled() => tracing::error!("left {what} behind when the store was lost"),
        }
    }

    /// Drops what is beyond the limits of history and dead letters. What could
    /// not be dropped goes the next time: no job waits for that.
    pub(crate) async fn prune(&self) {
        if let Err(error) = self.storage.prune(self.limits()).await {
            tracing::error!(error = describe(&error), "could not drop old history");
        }
    }

    /// Pushes a caller's entries, however often that fails.
    pub(crate) async fn push(&self, entries: &[Entry]) {
        self.persist("entries", || self.queue.push(entries)).await;
        self.expect_dispatch();
    }

    /// Gives claims back and frees their slots.
    async fn settle(&self, settlements: &[Settlement]) {
        let blocking = settlements.iter().filter(|s| s.claim.entry.lane == Lane::Blocking).count();
        let count = settlements.len();
        self.give_back(settlements).await;
        self.forget_callers(settlements.iter().map(|settlement| settlement.claim.entry.run_id()));
        self.free(count, blocking);
    }

    pub(super) async fn give_back(&self, settlements: &[Settlement]) {
        self.persist("settlements", || self.queue.settle(settlements)).await;
        self.let_go_of(settlements);
    }

    /// Frees slots, so many of them of blocking functions.
    pub(super) fn free(&self, slots: usize, blocking: usize) {
        self.epoch.fetch_add(1, Ordering::AcqRel);
        self.blocking.fetch_sub(blocking, Ordering::SeqCst);
        self.in_flight.fetch_sub(slots, Ordering::SeqCst);
        if self.is_short.load(Ordering::SeqCst) {
            self.room_more.notify_one();
        }
        self.idle_more.notify_waiters();
    }

    /// Does something until it succeeds: what has happened must not be forgotten.
    ///
    /// What is left over when the store is closed, since it failed for the
    /// whole of a stop, stays undone: those fires run again at the next start.
    pub(crate) async fn persist<T, E: Error, F: Future<Output = Result<T, E>>>(
        &self,
        what: &str,
        attempt: impl Fn() -> F,
    ) -> T {
        let mut has_failed = false;
        loop {
            match attempt().await {
                Ok(done) => {
                    if has_failed {
                        self.note_trouble(what, None);
                    }
                    return done;
                }
                Err(error) if self.is_closed.load(Ordering::Acquire) => {
                    tracing::error!(error = describe(&error), "left {what} behind when the store was closed");
                    return std::future::pending().await;
                }
                Err(error) => {
                    report(what, &error);
                    self.note_trouble(what, Some(describe(&error)));
                    has_failed = true;
                }
            }
            self.clock.sleep(AFTER_FAILURE).await;
        }
    }
}

/// Counts the ends among these changes, each in its job's series.
fn count(changes: &[Change], series: &[Option<Arc<JobSeries>>]) {
    let runs = changes.iter().filter_map(|change| {
        let Change::EndAttempt(ended) = change else { return None };
        Some(&ended.run)
    });
    for (run, series) in runs.zip(series) {
        if let Some(series) = series {
            series.ended(run);
        }
    }
}

/// Says what failed, and is tried again.
pub(super) fn report(what: &str, error: &dyn Error) {
    tracing::error!(error = describe(error), "could not handle {what}; trying again");
}

/// An error and what it comes from, in one line.
pub(super) fn describe(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(why) = cause {
        text = format!("{text}: {why}");
        cause = why.source();
    }
    text
}
