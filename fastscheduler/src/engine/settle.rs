//! Recording outcomes, and giving claims back with what comes next.

use std::error::Error;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use chrono::TimeDelta;

use super::attempt::{End, Ended};
use super::plan::FollowUp;
use super::{Engine, lock};
use crate::job::{DeadLetter, Lane, Overlap, Run, Trigger, backoff};
use crate::queue::{Entry, Settlement};
use crate::storage::{Change, Durability, EndedAttempt};

/// How long to wait before writing again after a failure.
const AFTER_FAILURE: Duration = Duration::from_secs(1);

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
                (Some(thread), End::Outcome(_)) => {
                    let engine = Arc::clone(self);
                    self.tasks.spawn(async move {
                        tokio::select! {
                            _ = thread => {}
                            () = engine.executing.cancelled() => {}
                        }
                        engine.settle(vec![settlement]).await;
                    });
                }
                (None, _) | (_, End::Interrupted) => settlements.push(settlement),
            }
        }
        self.persist("outcomes", || self.storage.apply(&changes, Durability::Soon)).await;
        self.announce(&changes);
        self.persist("the history's limits", || self.storage.prune(self.limits())).await;
        self.settle(settlements).await;
    }

    fn announce(&self, changes: &[Change]) {
        if self.recorded.receiver_count() == 0 {
            return;
        }
        for change in changes {
            let run = match change {
                Change::EndAttempt(ended) => &ended.run,
                Change::Skip(run) => run,
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
        let End::Outcome(outcome) = end else { return Some(entry.clone()) };
        let record = |result| attempt.record(&self.instance, *finished_at, result);
        let policy = &job.definition.policy;
        let upcoming = || job.schedule.next_after(*finished_at);
        let is_gone = self.table.get(job.id).is_none();
        match outcome {
            Err(failure) if !failure.is_permanent() && entry.attempt <= policy.max_retries && !is_gone => {
                let (retry, of) = (entry.attempt, policy.max_retries);
                let run = record(Err(format!("Retry {retry}/{of}: {}", failure.message())));
                let ended =
                    EndedAttempt { run, next_run_at: upcoming(), retry_count: retry, dead_letter: None };
                changes.push(Change::EndAttempt(Box::new(ended)));
                let delay = TimeDelta::from_std(backoff(retry)).unwrap_or(TimeDelta::MAX);
                Some(Entry { attempt: retry + 1, due_at: *finished_at + delay, ..entry.clone() })
            }
            outcome => {
                let run = record(outcome.clone().map_err(|failure| {
                    let prefix = if failure.is_permanent() { "" } else { "Max retries: " };
                    format!("{prefix}{}", failure.message())
                }));
                let dead_letter = outcome.is_err().then(|| dead_letter(&run, job));
                let follow_up = self.follow_up(ended);
                let next_run_at = follow_up.next.as_ref().map(|next| next.scheduled_for).or_else(upcoming);
                let ended = EndedAttempt { run, next_run_at, retry_count: 0, dead_letter };
                changes.push(Change::EndAttempt(Box::new(ended)));
                changes.extend(follow_up.skipped.map(|run| Change::Skip(Box::new(run))));
                if next_run_at.is_none() && entry.trigger != Trigger::Manual {
                    self.table.remove(job.id);
                    changes.push(Change::RemoveJob(job.id));
                }
                follow_up.next
            }
        }
    }

    /// The job's next fire, unless another chain of it is in charge of that.
    fn follow_up(&self, ended: &Ended) -> FollowUp {
        let (entry, job) = (&ended.attempt.claim.entry, &ended.attempt.job);
        if job.definition.policy.overlap == Overlap::Allow || entry.trigger == Trigger::Manual {
            return FollowUp::default();
        }
        job.follow_up(entry, ended.finished_at)
    }

    pub(super) async fn push(&self, entries: Vec<Entry>) {
        self.persist("entries", || self.queue.push(entries.clone())).await;
    }

    /// Gives claims back and frees their slots.
    pub(super) async fn settle(&self, settlements: Vec<Settlement>) {
        let blocking = settlements.iter().filter(|s| s.claim.entry.lane == Lane::Blocking).count();
        let count = settlements.len();
        self.persist("settlements", || self.queue.settle(settlements.clone())).await;
        self.blocking.fetch_sub(blocking, Ordering::AcqRel);
        self.in_flight.fetch_sub(count, Ordering::AcqRel);
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

fn dead_letter(run: &Run, job: &super::LiveJob) -> DeadLetter {
    DeadLetter { run: run.clone(), definition: (*job.definition).clone() }
}
