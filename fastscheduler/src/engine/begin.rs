//! From a claim to an attempt: a claim may be void, or missed, or begin.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use chrono::{DateTime, Utc};

use super::activity::Known;
use super::attempt::Attempt;
use super::plan::FollowUp;
use super::settle::report;
use super::{AFTER_FAILURE, Engine, LiveJob, lock};
use crate::job::{Entry, EntryKind, Lane, Overlap, Progress, Trigger};
use crate::queue::{Claim, Settlement};
use crate::registry::JobContext;
use crate::storage::{Change, Claimed, Durability};

/// What becomes of a batch of claims.
#[derive(Default)]
struct Batch {
    changes: Vec<Change>,
    begun: Vec<Claimed>,
    attempts: Vec<Attempt>,
    /// Records of what the claims cover; they come after those.
    covered: Vec<Change>,
    settlements: Vec<Settlement>,
    successors: Vec<Entry>,
}

impl Engine {
    /// Hands claims to the pullers, once the store knows of them.
    pub(super) async fn begin(&self, lane: Lane, claims: Vec<Claim>, short_since: Option<DateTime<Utc>>) {
        if claims.is_empty() {
            return;
        }
        self.epoch.fetch_add(1, Ordering::AcqRel);
        let now = self.clock.now();
        let mut batch = Batch::default();
        let jobs = self.table.get_all(claims.iter().map(|claim| claim.entry.job));
        for (claim, job) in claims.into_iter().zip(jobs) {
            match job {
                // Cancelled since it was claimed.
                None => batch.settlements.push(Settlement { claim, next: None }),
                Some(job) => self.sort(claim, job, now, short_since, &mut batch).await,
            }
        }
        let Batch { mut changes, begun, attempts, covered, settlements, successors } = batch;
        if !begun.is_empty() {
            changes.push(Change::Claim(begun));
        }
        changes.extend(covered);
        if !self.record_claims(&changes).await {
            // The store is down and the scheduler stops: as if never claimed.
            return self.release(attempts).await;
        }
        self.announce(&changes);
        if !successors.is_empty() {
            self.push(&successors).await;
        }
        if !settlements.is_empty() {
            self.give_back(&settlements).await;
        }
        self.hand_out(lane, attempts);
    }

    /// Decides what a claim turns into.
    async fn sort(
        &self,
        claim: Claim,
        job: Arc<LiveJob>,
        now: DateTime<Utc>,
        short_since: Option<DateTime<Utc>>,
        batch: &mut Batch,
    ) {
        let entry = &claim.entry;
        let is_scheduled = matches!(entry.trigger, Trigger::Schedule | Trigger::CatchUp);
        let Known { is_open, is_waiting, aside } = job.activity.known(entry.run_id());
        let is_new = is_scheduled && entry.attempt == 1 && !is_open;
        // A change that came after the claim has accounted for the fire.
        let is_void = is_new && job.starts_from.is_none_or(|from| entry.scheduled_for < from);
        // What is open, as a retry, is held until the job is resumed.
        let is_held = job.is_paused && (is_scheduled || entry.attempt > 1);
        if is_void || is_held {
            return batch.settlements.push(Settlement { claim, next: None });
        }
        if entry.crashes > 0 && !is_waiting && self.is_over(entry, &job, now, batch).await {
            let next = job.is_exclusive().then(|| job.fire_after(entry.covers_until)).flatten();
            return batch.settlements.push(Settlement { claim, next });
        }
        if is_new && let Some(instead) = job.instead_of(entry, now, short_since, aside) {
            let FollowUp { next, skipped } = instead;
            batch.changes.extend(skipped.map(|skipped| job.skipped(skipped, next.as_ref(), now)));
            if next.is_none() {
                job.activity.set_over(true);
                self.remove_if_ended(&job, &mut batch.changes);
            }
            return batch.settlements.push(Settlement { claim, next });
        }
        Self::start_attempt(claim, job, now, batch);
    }

    /// Whether a fire that outlived its process needs no further attempt.
    async fn is_over(&self, entry: &Entry, job: &LiveJob, now: DateTime<Utc>, batch: &mut Batch) -> bool {
        let run_id = entry.run_id();
        if self.persist("whether a fire has ended", || self.storage.is_final(run_id)).await {
            return true;
        }
        let ended = job.crashed(entry, &self.instance, now);
        let is_over = ended.retry.is_none();
        batch.changes.push(Change::EndAttempt(ended));
        is_over
    }

    fn start_attempt(claim: Claim, job: Arc<LiveJob>, now: DateTime<Utc>, batch: &mut Batch) {
        let entry = &claim.entry;
        if job.overlap() == Overlap::Cancel && entry.attempt == 1 {
            // Earlier attempts end, but not for a retry, whose own fire is
            // earlier; wakers may be the user's code.
            job.activity.running().iter().for_each(JobContext::cancel);
        }
        let context = JobContext::new(Arc::clone(&job.definition), entry.run_id(), claim.fence);
        let (mut upcoming, mut progress) = (None, Progress::unmoved(job.scheduled_since));
        if job.activity.begin(context.clone(), now) {
            upcoming = job.schedule.next_after(entry.covers_until);
            progress = job.progress(upcoming);
            if upcoming.is_none() {
                job.activity.set_over(true);
            }
            if entry.retries() == 0 {
                batch.covered.extend(job.covered(entry, progress, now));
                if !entry.is_exclusive {
                    let next = job.rest_of_catch_up(entry, now).or_else(|| upcoming.map(|at| job.fire(at)));
                    batch.successors.extend(next);
                }
            }
        }
        batch.begun.push(Claimed { entry: entry.clone(), progress });
        batch.attempts.push(Attempt { claim, job, context, started_at: now, progress, upcoming });
    }

    /// Writes down what is about to begin. Gives up only when the scheduler
    /// stops, and says so.
    async fn record_claims(&self, changes: &[Change]) -> bool {
        if changes.is_empty() {
            return true;
        }
        while let Err(error) = self.storage.apply(changes, Durability::Soon).await {
            report("claims", &error);
            tokio::select! {
                () = self.clock.sleep(AFTER_FAILURE) => {}
                () = self.claiming.cancelled() => return false,
            }
        }
        true
    }

    fn hand_out(&self, lane: Lane, attempts: Vec<Attempt>) {
        if attempts.is_empty() {
            return;
        }
        self.in_flight.fetch_add(attempts.len(), Ordering::AcqRel);
        if lane == Lane::Blocking {
            self.blocking.fetch_add(attempts.len(), Ordering::AcqRel);
        }
        let is_one = attempts.len() == 1;
        lock(&self.ready).extend(attempts);
        self.ready_more.notify_one();
        if !is_one {
            self.ready_more.notify_waiters();
        }
    }

    /// Gives back what was claimed and not begun.
    pub(super) async fn release(&self, attempts: Vec<Attempt>) {
        let now = self.clock.now();
        let mut settlements = Vec::with_capacity(attempts.len());
        for Attempt { claim, job, .. } in attempts {
            let entry = Entry { kind: EntryKind::Fire, ..claim.entry.clone() };
            job.activity.wait(entry.clone(), now);
            settlements.push(Settlement { claim, next: Some(entry) });
        }
        self.give_back(&settlements).await;
    }
}
