//! Recording outcomes, and giving claims back with what comes next.

use std::sync::Arc;

use chrono::{DateTime, Utc};

use super::activity::Chained;
use super::attempt::{Attempt, End, Ended, Ending, cancelled, record};
use super::plan::FollowUp;
use super::retry::retry;
use super::series::SeriesNumber;
use super::store::Next;
use super::threads::Thread;
use super::{Engine, HeldThread, LiveJob};
use crate::job::{AfterFailure, Entry, Lane, Run};
use crate::queue::Settlement;
use crate::registry::{Cancellation, Outcome};
use crate::storage::{Change, EndedAttempt};

impl Engine {
    /// Records what ended, in batches, until execution ends.
    pub(super) async fn record_outcomes(self: Arc<Self>) {
        // Changes places with the list that grows meanwhile.
        let mut batch = Vec::new();
        loop {
            self.outcomes.take(&mut batch);
            if batch.is_empty() {
                tokio::select! {
                    () = self.outcomes.more() => {}
                    () = self.lifecycle.executed() => {
                        // Attempts that were cut short still arrive.
                        if self.slots.taken() == 0 {
                            return;
                        }
                        self.outcomes.more().await;
                    }
                }
            } else {
                self.record(&mut batch).await;
            }
        }
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
                End::Cancelled(_) if self.leases.has_lost(&attempt.claim) => {
                    // Another instance makes the next attempt, and settles.
                    let run = attempt.claim.entry.run_id();
                    attempt.job.activity.end(run);
                    self.lifecycle.forget_callers(std::iter::once(run));
                    self.table.running.remove(std::iter::once(run.job));
                    self.slots.free_one(attempt.claim.entry.lane);
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
                    series.push(attempt.job.series);
                    changes.push(Change::EndAttempt(self.ended_attempt(&attempt, finished_at, ending)));
                    None
                }
                End::Outcome(outcome) => {
                    series.push(attempt.job.series);
                    self.conclude(&attempt, present, finished_at, outcome, &mut changes)
                }
            };
            if let Some(thread) = thread {
                if let Some(retry) = &retry {
                    attempt.job.activity.hold_retry(retry);
                }
                self.held_threads.add(HeldThread {
                    run_id: attempt.claim.entry.run_id(),
                    job_name: attempt.job.definition.name.clone(),
                    since: finished_at,
                });
                // It keeps its slot, and an exclusive job, until it ends.
                self.spawn("an attempt's task", Arc::clone(self).settle_after(thread, attempt, retry));
                continue;
            }
            let next = self.follow_up(&attempt, present, retry, finished_at, &mut changes);
            settlements.push(Settlement { claim: attempt.claim, next });
        }
        let next = Next::settlements(settlements);
        self.commit("outcomes", &changes, &next).await;
        self.count_by_job(&changes, &series);
        self.prune_if_due().await;
        let settled = || next.settlements.iter().map(|settlement| &settlement.claim.entry);
        self.lifecycle.forget_callers(settled().map(Entry::run_id));
        self.table.running.remove(settled().map(|entry| entry.job));
        let blocking = settled().filter(|entry| entry.lane == Lane::Blocking).count();
        self.slots.free(next.settlements.len(), blocking);
    }

    /// Counts the ends among these changes by the names of their jobs, which are
    /// counted at these numbers.
    fn count_by_job(&self, changes: &[Change], series: &[Option<SeriesNumber>]) {
        let runs = changes.iter().filter_map(|change| {
            let Change::EndAttempt(ended) = change else { return None };
            Some(&*ended.run)
        });
        self.telemetry.meter.ended(runs.zip(series.iter().copied()));
    }

    /// Settles the claim of a function past its deadline when its thread ends.
    async fn settle_after(self: Arc<Self>, thread: Thread, attempt: Attempt, retry: Option<Entry>) {
        let run = attempt.claim.entry.run_id();
        let thread_ends = async {
            tokio::select! {
                _ = thread => {}
                () = self.lifecycle.interrupted(run) => {}
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
            self.lifecycle.forget_callers(std::iter::once(run));
            self.slots.free_one(lane);
        }
        self.held_threads.remove(run);
    }

    /// Settles one claim, and frees so many slots.
    async fn let_go(&self, attempt: Attempt, retry: Option<Entry>, slots: usize) {
        let _batch_of_one = self.batch().await;
        let mut changes = Vec::new();
        let present = self.table.get(attempt.job.id);
        let next = self.follow_up(&attempt, present.as_ref(), retry, self.clock.now(), &mut changes);
        let (lane, run) = (attempt.claim.entry.lane, attempt.claim.entry.run_id());
        let settlement = Settlement { claim: attempt.claim, next };
        self.commit("skipped fires", &changes, &Next::settlements(vec![settlement])).await;
        self.table.running.remove(std::iter::once(run.job));
        if slots > 0 {
            self.lifecycle.forget_callers(std::iter::once(run));
        }
        self.slots.free(slots, if lane == Lane::Blocking { slots } else { 0 });
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
            self.table.keep_function(run_id, &job.function, self.setup.capacity.max_dead_letters);
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
        let timed_out = attempt.context.cancellation() == Some(Cancellation::Deadline);
        let run = record(&job.definition, run_id, Some(*started_at), now, ending, &self.setup.instance);
        let run = Run { timed_out, ..run };
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
        let chained =
            activity.conclude(run_id, now).filter(|_| present.scheduled_since == job.scheduled_since);
        if let Some(open) = chained
            && entry.is_exclusive
            && !present.is_paused
        {
            let ended = Chained { entry: entry.clone(), upcoming: *upcoming, open };
            if self.table.gate.is_edited(job.id) {
                activity.leave_successor(ended);
                return None;
            }
            return self.succeed(present, &ended, changes);
        }
        self.remove_if_ended(present, changes);
        None
    }

    /// The fire that comes after one that has ended.
    pub(super) fn succeed(
        &self,
        present: &LiveJob,
        ended: &Chained,
        changes: &mut Vec<Change>,
    ) -> Option<Entry> {
        let now = ended.open.until;
        let FollowUp { next, skipped } = present.follow_up(&ended.entry, ended.upcoming, now);
        present.note_in_the_way(next.as_ref(), ended.entry.run_id());
        changes.extend(skipped.map(|skipped| present.skipped(skipped, next.as_ref(), now)));
        if next.is_none() {
            present.activity.set_over(true);
            self.remove_if_ended(present, changes);
        }
        next
    }

    /// Removes a job whose last fire is over. One that is being changed may
    /// have other fires to come: [`after_edits`](Self::after_edits) looks again.
    pub(super) fn remove_if_ended(&self, job: &LiveJob, changes: &mut Vec<Change>) {
        if !self.table.gate.is_edited(job.id) && job.activity.ends() && self.table.remove(job.id).is_some() {
            changes.push(Change::RemoveJob { job: job.id, tombstone: job.tombstone() });
        }
    }
}
