//! The queue of one process: the reference that others are compared with.

use std::collections::{BTreeMap, HashMap};
use std::ops::Bound;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use chrono::{DateTime, Utc};
use futures_util::future::{BoxFuture, ready};
use tokio::sync::Notify;

use super::{Claim, Claimer, Entry, Queue, QueueError, Settlement};
use crate::clock::{Clock, SystemClock};
use crate::job::{JobId, Lane, Trigger};

/// A queue in memory, for one process.
///
/// Its claims need no lease: they end with the process.
#[derive(Debug)]
pub struct MemoryQueue {
    clock: Arc<dyn Clock>,
    state: Mutex<State>,
    changed: Notify,
}

type Fire = (JobId, Trigger, DateTime<Utc>);
type Place = (DateTime<Utc>, u64);

#[derive(Debug, Default)]
struct State {
    /// Pending entries of the two lanes, in the order in which they come due.
    lanes: [BTreeMap<Place, Entry>; 2],
    /// Where each pending fire is.
    places: HashMap<Fire, (Lane, Place)>,
    /// The fences of live claims.
    claimed: HashMap<Fire, u64>,
    /// What the queue knows of each job that has been in it.
    jobs: HashMap<JobId, JobState>,
    pushed: u64,
    fence: u64,
}

#[derive(Debug, Default, Clone, Copy)]
struct JobState {
    revision: u64,
    claims: u32,
}

impl MemoryQueue {
    /// An empty queue on a clock of its own.
    #[must_use]
    pub fn new(clock: Arc<dyn Clock>) -> Self {
        Self { clock, state: Mutex::default(), changed: Notify::new() }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // No operation leaves the state half-changed when it panics.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Default for MemoryQueue {
    fn default() -> Self {
        Self::new(Arc::new(SystemClock))
    }
}

impl Queue for MemoryQueue {
    fn push(&self, entries: Vec<Entry>) -> BoxFuture<'_, Result<(), QueueError>> {
        let mut state = self.state();
        for entry in entries {
            state.push(entry);
        }
        drop(state);
        self.changed.notify_one();
        Box::pin(ready(Ok(())))
    }

    fn claim<'a>(&'a self, claimer: &'a Claimer) -> BoxFuture<'a, Result<Vec<Claim>, QueueError>> {
        let now = self.clock.now();
        let mut state = self.state();
        let mut claims = state.claim(Lane::Async, claimer.room_async, now, claimer);
        claims.extend(state.claim(Lane::Blocking, claimer.room_blocking, now, claimer));
        claims.sort_by_key(|claim| (claim.entry.due_at, claim.fence));
        Box::pin(ready(Ok(claims)))
    }

    fn settle(&self, settlements: Vec<Settlement>) -> BoxFuture<'_, Result<(), QueueError>> {
        let mut state = self.state();
        for Settlement { claim, next } in settlements {
            if state.release(&claim)
                && let Some(next) = next
            {
                state.push(next);
            }
        }
        drop(state);
        self.changed.notify_one();
        Box::pin(ready(Ok(())))
    }

    fn renew<'a>(
        &'a self,
        claims: &'a [Claim],
        _lease: Duration,
    ) -> BoxFuture<'a, Result<Vec<Claim>, QueueError>> {
        let state = self.state();
        let is_lost = |claim: &&Claim| state.claimed.get(&fire(&claim.entry)) != Some(&claim.fence);
        let lost = claims.iter().filter(is_lost).cloned().collect();
        Box::pin(ready(Ok(lost)))
    }

    fn remove(&self, job: JobId, revision: u64) -> BoxFuture<'_, Result<(), QueueError>> {
        self.state().remove(job, revision);
        Box::pin(ready(Ok(())))
    }

    fn next_due(&self, after: DateTime<Utc>) -> BoxFuture<'_, Result<Option<DateTime<Utc>>, QueueError>> {
        let state = self.state();
        let later = (Bound::Excluded((after, u64::MAX)), Bound::Unbounded);
        let next =
            state.lanes.iter().filter_map(|lane| lane.range(later).next()).map(|((due_at, _), _)| *due_at);
        Box::pin(ready(Ok(next.min())))
    }

    fn wake(&self) -> BoxFuture<'_, ()> {
        Box::pin(self.changed.notified())
    }
}

impl State {
    fn push(&mut self, entry: Entry) {
        let key = fire(&entry);
        let job = self.jobs.entry(entry.job).or_default();
        if entry.revision < job.revision || self.places.contains_key(&key) || self.claimed.contains_key(&key)
        {
            return;
        }
        job.revision = entry.revision;
        self.pushed += 1;
        let place = (entry.due_at, self.pushed);
        self.places.insert(key, (entry.lane, place));
        self.lanes[entry.lane as usize].insert(place, entry);
    }

    fn claim(&mut self, lane: Lane, room: usize, now: DateTime<Utc>, claimer: &Claimer) -> Vec<Claim> {
        let mut claims = Vec::new();
        let mut from = None;
        while claims.len() < room {
            let next = match from {
                None => self.lanes[lane as usize].first_key_value(),
                Some(place) => {
                    let later = (Bound::Excluded(place), Bound::Unbounded);
                    self.lanes[lane as usize].range(later).next()
                }
            };
            let Some((&place, entry)) = next.filter(|((due_at, _), _)| *due_at <= now) else { break };
            let job = self.jobs.entry(entry.job).or_default();
            if (entry.is_exclusive && job.claims > 0) || !claimer.functions.contains(&entry.function) {
                from = Some(place);
                continue;
            }
            job.claims += 1;
            let entry = self.lanes[lane as usize].remove(&place).expect("the place was just found");
            let key = fire(&entry);
            self.places.remove(&key);
            self.fence += 1;
            self.claimed.insert(key, self.fence);
            claims.push(Claim { entry, fence: self.fence });
        }
        claims
    }

    /// Ends a claim, unless its fence is stale.
    fn release(&mut self, claim: &Claim) -> bool {
        let key = fire(&claim.entry);
        if self.claimed.get(&key) != Some(&claim.fence) {
            return false;
        }
        self.claimed.remove(&key);
        if let Some(job) = self.jobs.get_mut(&claim.entry.job) {
            job.claims -= 1;
        }
        true
    }

    fn remove(&mut self, id: JobId, revision: u64) {
        let job = self.jobs.entry(id).or_default();
        job.revision = job.revision.max(revision);
        let gone: Vec<Fire> = self.places.keys().filter(|key| key.0 == id).copied().collect();
        for key in gone {
            if let Some((lane, place)) = self.places.remove(&key) {
                self.lanes[lane as usize].remove(&place);
            }
        }
    }
}

fn fire(entry: &Entry) -> Fire {
    (entry.job, entry.trigger, entry.scheduled_for)
}
