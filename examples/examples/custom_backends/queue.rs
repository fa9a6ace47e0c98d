//! A queue in a list.
//!
//! It looks at every entry each time, which is fine for thousands of them. A
//! queue in a database asks the same questions of its tables.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use chrono::{DateTime, Utc};
use fastscheduler::queue::{Claim, Claimer, Entry, EntryKind, Queue, QueueError, Settlement};
use fastscheduler::{Clock, JobId, Lane};
use futures_util::future::BoxFuture;
use tokio::sync::Notify;

type Answer<'a, T> = BoxFuture<'a, Result<T, QueueError>>;

/// A queue in a list, for one process.
#[derive(Debug)]
pub(crate) struct ListQueue {
    /// What decides what is due: the scheduler's clock, or a test's.
    clock: Arc<dyn Clock>,
    list: Mutex<List>,
    changed: Notify,
}

#[derive(Debug, Default)]
struct List {
    /// In the order of their pushes.
    pending: Vec<Entry>,
    claimed: Vec<Held>,
    jobs: HashMap<JobId, Known>,
    /// One for all jobs, so that a job's fences grow even if it was forgotten.
    last_fence: u64,
}

/// A claim that was neither settled nor taken over.
#[derive(Debug)]
struct Held {
    claim: Claim,
    ends_at: Option<DateTime<Utc>>,
}

/// What is refused of a job.
#[derive(Debug, Default)]
struct Known {
    /// The highest revision seen; what is older comes too late.
    revision: u64,
    /// How far the `Next` entries reach that were claimed at this revision.
    covered_until: Option<DateTime<Utc>>,
}

impl ListQueue {
    /// An empty queue that goes by this clock.
    pub(crate) fn new(clock: impl Clock) -> Self {
        Self { clock: Arc::new(clock), list: Mutex::default(), changed: Notify::new() }
    }

    fn list(&self) -> MutexGuard<'_, List> {
        self.list.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Changes the list, and wakes the scheduler. That may be more often than
    /// needed, which costs it a look; it must not be less often.
    ///
    /// Like everything here it does nothing unless it is awaited.
    fn change<'a>(&'a self, change: impl FnOnce(&mut List) + Send + 'a) -> Answer<'a, ()> {
        Box::pin(async move {
            change(&mut self.list());
            self.changed.notify_one();
            Ok(())
        })
    }
}

impl Queue for ListQueue {
    fn push<'a>(&'a self, entries: &'a [Entry]) -> Answer<'a, ()> {
        self.change(move |list| entries.iter().for_each(|entry| list.push(entry)))
    }

    fn claim<'a>(&'a self, claimer: &'a Claimer) -> Answer<'a, Vec<Claim>> {
        Box::pin(async move { Ok(self.list().claim(claimer, self.clock.now())) })
    }

    fn settle<'a>(&'a self, settlements: &'a [Settlement]) -> Answer<'a, ()> {
        self.change(move |list| settlements.iter().for_each(|settlement| list.settle(settlement)))
    }

    fn renew<'a>(&'a self, claims: &'a [Claim], lease: Option<Duration>) -> Answer<'a, Vec<Claim>> {
        Box::pin(async move {
            let ends_at = lease.map(|lease| self.clock.now() + lease);
            let mut list = self.list();
            Ok(claims.iter().filter(|claim| !list.renew(claim, ends_at)).cloned().collect())
        })
    }

    fn remove(&self, job: JobId, revision: u64) -> Answer<'_, ()> {
        self.change(move |list| list.remove(job, revision))
    }

    fn next_due(&self, after: DateTime<Utc>) -> Answer<'_, Option<DateTime<Utc>>> {
        Box::pin(async move { Ok(self.list().next_due(after)) })
    }

    fn wake(&self) -> BoxFuture<'_, ()> {
        Box::pin(self.changed.notified())
    }

    fn now(&self) -> Answer<'_, DateTime<Utc>> {
        Box::pin(async move { Ok(self.clock.now()) })
    }

    fn is_shared(&self) -> bool {
        false
    }
}

impl List {
    fn push(&mut self, entry: &Entry) {
        let known = self.jobs.entry(entry.job).or_default();
        if entry.revision < known.revision {
            return;
        }
        known.see(entry.revision);
        let is_next = entry.kind == EntryKind::Next;
        let was_claimed = is_next && known.covered_until.is_some_and(|until| entry.covers_until <= until);
        if was_claimed || self.claimed.iter().any(|held| held.claim.entry.is_same_fire(entry)) {
            return;
        }
        // A job has one `Next`, and a fire has one entry; there may be one of
        // each in the way of this one.
        let is_rival =
            |pending: &Entry| pending.job == entry.job && is_next && pending.kind == EntryKind::Next;
        let is_in_the_way = |pending: &Entry| is_rival(pending) || pending.is_same_fire(entry);
        let gives_way = |pending: &Entry| {
            entry.revision > pending.revision
                || is_rival(pending) && entry.covers_until > pending.covers_until
        };
        if self.pending.iter().all(|pending| !is_in_the_way(pending) || gives_way(pending)) {
            self.pending.retain(|pending| !is_in_the_way(pending));
            self.pending.push(entry.clone());
        }
    }

    fn claim(&mut self, claimer: &Claimer, now: DateTime<Utc>) -> Vec<Claim> {
        let ends_at = claimer.lease.map(|lease| now + lease);
        let (mut room_async, mut room_blocking) = (claimer.room_async, claimer.room_blocking);
        // What waits, and what somebody held for too long. The sort keeps the
        // order of pushes among those that are due at one instant.
        let given_up = self.claimed.iter().filter_map(Held::given_up);
        let mut due: Vec<Entry> = self.pending.iter().cloned().chain(given_up).collect();
        due.retain(|entry| entry.due_at <= now && claimer.functions.contains(&entry.function));
        due.sort_by_key(|entry| entry.due_at);
        let mut claims = Vec::new();
        for mut entry in due {
            let room = match entry.lane {
                Lane::Async => &mut room_async,
                Lane::Blocking => &mut room_blocking,
            };
            if *room == 0 || self.must_wait(&entry) {
                continue;
            }
            *room -= 1;
            let known = self.jobs.entry(entry.job).or_default();
            if entry.kind == EntryKind::Next && entry.revision == known.revision {
                known.covered_until = known.covered_until.max(Some(entry.covers_until));
            }
            self.pending.retain(|pending| !pending.is_same_fire(&entry));
            self.claimed.retain(|held| !held.claim.entry.is_same_fire(&entry));
            entry.kind = EntryKind::Fire;
            self.last_fence += 1;
            let claim = Claim { entry, fence: self.last_fence };
            self.claimed.push(Held { claim: claim.clone(), ends_at });
            claims.push(claim);
        }
        claims
    }

    /// Whether another fire of its job is in the way of an exclusive entry.
    fn must_wait(&self, entry: &Entry) -> bool {
        let is_other = |other: &Entry| other.job == entry.job && !other.is_same_fire(entry);
        let is_claimed = || self.claimed.iter().any(|held| is_other(&held.claim.entry));
        let is_between_attempts = |other: &Entry| is_other(other) && other.kind == EntryKind::Fire;
        entry.is_exclusive
            && (is_claimed() || entry.kind == EntryKind::Next && self.pending.iter().any(is_between_attempts))
    }

    fn settle(&mut self, settlement: &Settlement) {
        let claim = &settlement.claim;
        let Some(place) = self.place(claim) else { return };
        self.claimed.swap_remove(place);
        if let Some(next) = &settlement.next {
            self.push(next);
        }
        self.forget_if_gone(claim.entry.job);
    }

    fn renew(&mut self, claim: &Claim, ends_at: Option<DateTime<Utc>>) -> bool {
        let place = self.place(claim);
        if let Some(place) = place {
            self.claimed[place].ends_at = ends_at;
        }
        place.is_some()
    }

    fn remove(&mut self, job: JobId, revision: u64) {
        self.jobs.entry(job).or_default().see(revision);
        self.pending.retain(|pending| pending.job != job || pending.revision >= revision);
        self.forget_if_gone(job);
    }

    /// Nothing is pushed of a job that is gone once its last claim is settled.
    fn forget_if_gone(&mut self, job: JobId) {
        let is_gone = self.jobs.get(&job).is_some_and(|known| known.revision == u64::MAX);
        if is_gone && self.claimed.iter().all(|held| held.claim.entry.job != job) {
            self.jobs.remove(&job);
        }
    }

    fn next_due(&self, after: DateTime<Utc>) -> Option<DateTime<Utc>> {
        let due = self.pending.iter().map(|entry| entry.due_at);
        let ends = self.claimed.iter().filter_map(|held| held.ends_at);
        due.chain(ends).filter(|at| *at > after).min()
    }

    /// Where a claim is, unless it is over: a fence is never given twice.
    fn place(&self, claim: &Claim) -> Option<usize> {
        self.claimed.iter().position(|held| held.claim.fence == claim.fence)
    }
}

impl Held {
    /// What is to be claimed anew once the lease has ended: its process is
    /// thought to have crashed.
    fn given_up(&self) -> Option<Entry> {
        let entry = self.claim.entry.clone();
        let (attempt, crashes) = (entry.attempt + 1, entry.crashes + 1);
        self.ends_at.map(|due_at| Entry { due_at, attempt, crashes, ..entry })
    }
}

impl Known {
    fn see(&mut self, revision: u64) {
        if revision > self.revision {
            *self = Self { revision, covered_until: None };
        }
    }
}
