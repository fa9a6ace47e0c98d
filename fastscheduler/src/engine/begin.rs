//! From a claim to an attempt: a claim may be void, or missed, or begin.

use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use tracing::Span;

use super::activity::Known;
use super::attempt::Attempt;
use super::plan::{FollowUp, LATE};
use super::store::Next;
use super::watched_clock::UNNOTICED;
use super::{Engine, LiveJob, SkippedOnce};
use crate::job::{Entry, EntryKind, Lane, Overlap, Progress};
use crate::queue::{Claim, Settlement};
use crate::registry::{Cancellation, JobContext};
use crate::storage::{Change, Claimed};

/// How much later a fire is due that came due while its job was being changed,
/// unless the change places it.
const UNTIL_CHANGED: TimeDelta = TimeDelta::milliseconds(20);

/// What becomes of a batch of claims.
#[derive(Default)]
struct Batch {
    now: DateTime<Utc>,
    /// What was due before is late for another reason than want of a slot.
    late_before: DateTime<Utc>,
    changes: Vec<Change>,
    begun: Vec<Claimed>,
    attempts: Vec<Attempt>,
    /// Records of what the claims cover; they come after those.
    covered: Vec<Change>,
    settlements: Vec<Settlement>,
    successors: Vec<Entry>,
    /// One-time jobs that end since their fire is skipped.
    skipped_once: Vec<Arc<LiveJob>>,
    /// Whether claims were given back that are due still, since their jobs are being
    /// changed.
    has_deferred: bool,
}

impl Engine {
    /// Hands claims to the pullers, once the store knows of them.
    pub(super) async fn begin(&self, lane: Lane, claims: Vec<Claim>, short_since: Option<DateTime<Utc>>) {
        if claims.is_empty() {
            return;
        }
        self.slots.note_claims();
        let batch_of_claims = self.batch().await;
        let now = self.clock.now();
        let mut batch = Batch {
            now,
            late_before: short_since.map_or(now, |short_since| short_since.min(now)) - LATE,
            begun: Vec::with_capacity(claims.len()),
            attempts: Vec::with_capacity(claims.len()),
            ..Batch::default()
        };
        let jobs = self.table.get_all(claims.iter().map(|claim| claim.entry.job));
        for (claim, job) in claims.into_iter().zip(jobs) {
            match job {
                // Cancelled since it was claimed.
                None => batch.settlements.push(Settlement { claim, next: None }),
                Some(job)
                    if claim.entry.crashes > 0
                        && !job.activity.is_waiting(claim.entry.run_id())
                        && self.is_over(&claim.entry, &job, &mut batch).await =>
                {
                    let next = job.is_exclusive().then(|| job.fire_after(claim.entry.covers_until)).flatten();
                    batch.settlements.push(Settlement { claim, next });
                }
                Some(job) => self.sort(claim, job, &mut batch),
            }
        }
        for live in &batch.skipped_once {
            // A store that does not answer has not skipped it either.
            if let Ok(Some(job)) = self.storage.job(live.id).await {
                self.table.skipped_once.add(SkippedOnce { job, function: Arc::clone(&live.function) });
            }
        }
        let Batch { mut changes, begun, attempts, covered, settlements, successors, has_deferred, .. } =
            batch;
        if !begun.is_empty() {
            changes.push(Change::Claim(begun));
        }
        changes.extend(covered);
        // Once the scheduler stops, nobody waits for a store that is down. An attempt
        // whose claim the store refuses for good still begins, and its end is recorded.
        let Some(stored) = self.store_all("claims", &changes, self.lifecycle.stopping()).await else {
            // As if never claimed.
            self.release(attempts).await;
            let unclaimed = settlements.into_iter().map(|Settlement { claim, .. }| {
                let next = Entry { kind: EntryKind::Fire, ..claim.entry.clone() };
                Settlement { claim, next: Some(next) }
            });
            return self.follow(&[], &Next::settlements(unclaimed.collect())).await;
        };
        self.follow(&stored, &Next { entries: successors, settlements }).await;
        self.prune_if_due().await;
        self.hand_out(lane, attempts, now);
        drop(batch_of_claims);
        if has_deferred {
            // Whoever changes those jobs gets to go on.
            tokio::task::yield_now().await;
        }
    }

    /// Gives a claim back while its job is being changed.
    ///
    /// The change puts another entry in its place, or else it is claimed again soon.
    /// If it has put none there, since this one was claimed, it is of the present
    /// revision from now on.
    fn defer(&self, claim: Claim, job: &LiveJob, batch: &mut Batch) {
        let mut next = Entry { kind: EntryKind::Fire, revision: job.revision, ..claim.entry.clone() };
        if self.clock.slack().is_zero() {
            // Such a clock may stand still meanwhile.
            batch.has_deferred = true;
        } else {
            next.due_at = next.due_at.max(batch.now + UNTIL_CHANGED);
        }
        batch.settlements.push(Settlement { claim, next: Some(next) });
    }

    /// Decides what a claim turns into.
    fn sort(&self, claim: Claim, job: Arc<LiveJob>, batch: &mut Batch) {
        let entry = &claim.entry;
        let now = batch.now;
        let is_scheduled = entry.trigger.is_of_schedule();
        let Known { is_open, unchained } = job.activity.known(entry.run_id());
        let is_new = is_scheduled && entry.attempt == 1 && !is_open;
        // A change that came after the claim has accounted for the fire.
        let is_void = is_new
            && (job.starts_from.is_none_or(|from| entry.scheduled_for < from)
                || entry.revision < job.revision
                    && job.starts_from != Some(entry.scheduled_for)
                    && !job.fires_at(entry.scheduled_for));
        if is_new && !self.leases.is_shared() && entry.due_at - now > UNNOTICED {
            // The clock was set back after the claim. A job that was rewound for
            // that has another entry in its place.
            let is_replaced = is_void || entry.revision < job.revision;
            let next = Entry { kind: EntryKind::Fire, ..entry.clone() };
            return batch.settlements.push(Settlement { claim, next: (!is_replaced).then_some(next) });
        }
        if !is_void && self.table.gate.is_edited(job.id) {
            return self.defer(claim, &job, batch);
        }
        // What is open, as a retry, is held until the job is resumed.
        let is_held = job.is_paused && (is_scheduled || entry.attempt > 1);
        if is_void || is_held {
            return batch.settlements.push(Settlement { claim, next: None });
        }
        let upcoming = is_scheduled.then(|| job.schedule.next_after(entry.covers_until)).flatten();
        if is_new && let Some(instead) = job.instead_of(entry, upcoming, now, batch.late_before, unchained) {
            let FollowUp { next, skipped } = instead;
            if let Some(unchained) = unchained {
                job.note_in_the_way(next.as_ref(), unchained.run);
            }
            batch.changes.extend(skipped.map(|skipped| job.skipped(skipped, next.as_ref(), now)));
            if next.is_none() {
                if !self.leases.is_shared() && !job.definition.schedule.spec.is_recurring() {
                    batch.skipped_once.push(Arc::clone(&job));
                }
                job.activity.set_over(true);
                self.remove_if_ended(&job, &mut batch.changes);
            }
            return batch.settlements.push(Settlement { claim, next });
        }
        self.start_attempt(claim, job, upcoming, batch);
    }

    /// Whether a fire that outlived its process needs no further attempt.
    async fn is_over(&self, entry: &Entry, job: &LiveJob, batch: &mut Batch) -> bool {
        let run_id = entry.run_id();
        if self.persist("whether a fire has ended", || self.storage.is_final(run_id)).await {
            return true;
        }
        let ended = job.crashed(entry, &self.setup.instance, batch.now);
        let is_over = ended.retry.is_none();
        batch.changes.push(Change::EndAttempt(ended));
        is_over
    }

    fn start_attempt(
        &self,
        claim: Claim,
        job: Arc<LiveJob>,
        upcoming: Option<DateTime<Utc>>,
        batch: &mut Batch,
    ) {
        let entry = &claim.entry;
        let now = batch.now;
        if job.overlap() == Overlap::Cancel && entry.attempt == 1 {
            // Earlier attempts end, but not for a retry, whose own fire is
            // earlier; wakers may be the user's code.
            let why =
                if entry.trigger.is_of_schedule() { Cancellation::NextFire } else { Cancellation::OtherRun };
            for context in job.activity.running() {
                context.cancel(why);
            }
        }
        let (definition, states) = (Arc::clone(&job.definition), Arc::clone(&self.setup.states));
        let context = JobContext::new(definition, entry.run_id(), claim.fence, states);
        let mut progress = Progress::unmoved(job.scheduled_since);
        if job.activity.begin(context.clone(), now) {
            progress = job.progress(upcoming);
            if upcoming.is_none() {
                job.activity.set_over(true);
            }
            if entry.retries() == 0 {
                job.activity.claimed(entry.scheduled_for, upcoming);
                batch.covered.extend(job.covered(entry, progress, now));
                if !entry.is_exclusive {
                    let next = job.rest_of_catch_up(entry, now).or_else(|| upcoming.map(|at| job.fire(at)));
                    batch.successors.extend(next);
                }
            }
        }
        batch.begun.push(Claimed { entry: entry.clone(), progress });
        let span = Span::none();
        batch.attempts.push(Attempt { claim, job, context, span, started_at: now, progress, upcoming });
    }

    fn hand_out(&self, lane: Lane, attempts: Vec<Attempt>, now: DateTime<Utc>) {
        if attempts.is_empty() {
            return;
        }
        self.slots.take(attempts.len(), lane);
        self.table.running.add(attempts.iter().map(|attempt| attempt.job.id));
        for attempt in &attempts {
            self.leases.hold(&attempt.claim, &attempt.context, now);
        }
        if self.pullers.hand_out(attempts, now) {
            self.watch();
        }
    }

    /// Gives back what was claimed and not begun.
    pub(super) async fn release(&self, attempts: Vec<Attempt>) {
        let now = self.clock.now();
        let mut settlements = Vec::with_capacity(attempts.len());
        for Attempt { claim, job, .. } in attempts {
            let entry = Entry { kind: EntryKind::Fire, ..claim.entry.due_by(now) };
            job.activity.wait(entry.clone(), now);
            settlements.push(Settlement { claim, next: Some(entry) });
        }
        self.follow(&[], &Next::settlements(settlements)).await;
    }
}
