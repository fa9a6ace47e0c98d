//! Recording outcomes, and giving claims back with what comes next.

use std::error::Error;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use chrono::TimeDelta;
use tokio::task::JoinHandle;

use super::attempt::{End, Ended};
use super::plan::FollowUp;
use super::{AFTER_FAILURE, Engine, LiveJob, lock};
use crate::job::{DeadLetter, Lane, Run, Trigger, backoff};
use crate::queue::{Entry, Settlement};
use crate::registry::{Failure, Outcome};
use crate::storage::{Change, Durability, EndedAttempt};

impl Engine {
    /// Records what ended, in batches, until execution ends.
    pub(super) async fn record_outcomes(self: Arc<Self>) {
        loop {
            let batch = std::mem::take(&mut *lock(&self.ended));
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
                self.record(batch).await;
            }
        }
    }

    async fn record(self: &Arc<Self>, batch: Vec<Ended>) {
        let mut changes = Vec::with_capacity(batch.len());
        let mut settlements = Vec::with_capacity(batch.len());
        for ended in batch {
            let next = self.conclude(&ended, &mut changes);
            let Ended { attempt, end, thread, .. } = ended;
            let settlement = Settlement { claim: attempt.claim, next };
            match (thread, end) {
                // The thread keeps its slot and its job until it ends.
                (Some(thread), End::Outcome(_) | End::Superseded) => {
                    self.tasks.spawn(Arc::clone(self).settle_after(thread, attempt.job, settlement));
                }
                (None, _) | (_, End::Interrupted) => settlements.push(settlement),
            }
        }
        self.persist("outcomes", || self.storage.apply(&changes, Durability::Soon)).await;
        self.announce(&changes);
        self.persist("the history's limits", || self.storage.prune(self.limits())).await;
        self.settle(settlements).await;
    }

    /// Settles the claim of a function past its deadline when its thread ends.
    async fn settle_after(
        self: Arc<Self>,
        thread: JoinHandle<Outcome>,
        job: Arc<LiveJob>,
        mut settlement: Settlement,
    ) {
        let thread_ends = async {
            tokio::select! {
                _ = thread => {}
                () = self.executing.cancelled() => {}
            }
        };
        if !job.is_exclusive() {
            // Only the slot waits for the thread.
            let lane = settlement.claim.entry.lane;
            self.give_back(vec![settlement]).await;
            thread_ends.await;
            return self.free(1, usize::from(lane == Lane::Blocking));
        }
        thread_ends.await;
        if settlement.next.is_none() {
            let follow_up = job.follow_up(&settlement.claim.entry, self.clock.now());
            let mut changes = Vec::new();
            settlement.next = follow_up.next(&mut changes);
            self.persist("skipped fires", || self.storage.apply(&changes, Durability::Soon)).await;
            self.announce(&changes);
        }
        self.settle(vec![settlement]).await;
    }

    fn announce(&self, changes: &[Change]) {
        if self.recorded.receiver_count() == 0 {
            return;
        }
        for change in changes {
            let run = match change {
                Change::EndAttempt(ended) => &ended.run,
                Change::Skip(skipped) => &skipped.run,
                Change::PutJob(_) | Change::RemoveJob(_) => continue,
            };
            // Nobody listening any more is no failure.
            let _ = self.recorded.send(Arc::new(run.clone()));
        }
    }

    /// The changes that an end makes, and the entry that takes the claim's place.
    fn conclude(&self, ended: &Ended, changes: &mut Vec<Change>) -> Option<Entry> {
        let Ended { attempt, end, finished_at, .. } = ended;
        let (entry, job) = (&attempt.claim.entry, &attempt.job);
        let superseded = Err(Failure::permanent("cancelled: the next fire came due"));
        let outcome = match end {
            End::Outcome(outcome) => outcome,
            End::Superseded => &superseded,
            End::Interrupted => return Some(entry.clone()),
        };
        let record = |result| attempt.record(&self.instance, *finished_at, result);
        let policy = &job.definition.policy;
        // The clock may have been set back since the fire was due.
        let upcoming = || job.schedule.next_after(entry.covers_until.max(*finished_at));
        let retry_at = *finished_at + TimeDelta::from_std(backoff(entry.attempt)).unwrap_or(TimeDelta::MAX);
        // A retry that the next fire would cancel is not begun.
        let is_too_late = job.cancels_overlaps() && upcoming().is_some_and(|next| next <= retry_at);
        let may_retry =
            entry.attempt <= policy.max_retries && !is_too_late && self.table.get(job.id).is_some();
        match outcome {
            Err(failure) if !failure.is_permanent() && may_retry => {
                let (retry, of) = (entry.attempt, policy.max_retries);
                let run = record(Err(format!("Retry {retry}/{of}: {}", failure.message())));
                let ended =
                    EndedAttempt { run, next_run_at: upcoming(), retry_count: retry, dead_letter: None };
                changes.push(Change::EndAttempt(Box::new(ended)));
                Some(Entry { attempt: retry + 1, due_at: retry_at, ..entry.clone() })
            }
            outcome => {
                let run = record(outcome.clone().map_err(|failure| {
                    let prefix = if failure.is_permanent() { "" } else { "Max retries: " };
                    format!("{prefix}{}", failure.message())
                }));
                let is_failed = outcome.is_err() && !matches!(end, End::Superseded);
                let dead_letter = is_failed.then(|| dead_letter(&run, job));
                let follow_up = match ended.thread {
                    // What comes next is seen when the thread ends.
                    Some(_) => FollowUp::default(),
                    None => job.follow_up(entry, *finished_at),
                };
                let next_run_at = follow_up.next_run_at().or_else(upcoming);
                let ended = EndedAttempt { run, next_run_at, retry_count: 0, dead_letter };
                changes.push(Change::EndAttempt(Box::new(ended)));
                let next = follow_up.next(changes);
                if next_run_at.is_none() && entry.trigger != Trigger::Manual {
                    self.table.remove(job.id);
                    changes.push(Change::RemoveJob(job.id));
                }
                next
            }
        }
    }

    /// Pushes entries, however often that fails.
    pub(crate) async fn push(&self, entries: Vec<Entry>) {
        self.persist("entries", || self.queue.push(entries.clone())).await;
    }

    /// Gives claims back and frees their slots.
    pub(super) async fn settle(&self, settlements: Vec<Settlement>) {
        let blocking = settlements.iter().filter(|s| s.claim.entry.lane == Lane::Blocking).count();
        let count = settlements.len();
        self.give_back(settlements).await;
        self.free(count, blocking);
    }

    async fn give_back(&self, settlements: Vec<Settlement>) {
        self.persist("settlements", || self.queue.settle(settlements.clone())).await;
    }

    /// Frees slots, so many of them of blocking functions.
    fn free(&self, slots: usize, blocking: usize) {
        self.epoch.fetch_add(1, Ordering::AcqRel);
        self.blocking.fetch_sub(blocking, Ordering::AcqRel);
        self.in_flight.fetch_sub(slots, Ordering::AcqRel);
        self.room_more.notify_one();
        self.idle_more.notify_waiters();
    }

    /// Writes until it succeeds: what has happened must not be forgotten.
    async fn persist<E: Error, F: Future<Output = Result<(), E>>>(&self, what: &str, write: impl Fn() -> F) {
        while let Err(error) = write().await {
            tracing::error!(error = %error, source = ?error.source(), "could not write {what}; trying again");
            self.clock.sleep(AFTER_FAILURE).await;
        }
    }
}

fn dead_letter(run: &Run, job: &LiveJob) -> DeadLetter {
    DeadLetter { run: run.clone(), definition: (*job.definition).clone() }
}
