//! What may run at once, and how much does.

use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU64, AtomicUsize, Ordering};

use chrono::{DateTime, Utc};

use tokio::sync::Notify;

use super::late::SlotLimit;
use super::threads::Threads;
use crate::job::Lane;

/// The slots for attempts. One is taken from the claim of an attempt until it is
/// settled, and for as long as its blocking function holds a thread.
#[derive(Debug)]
pub(super) struct Slots {
    max_concurrency: usize,
    max_workers: usize,
    taken: AtomicUsize,
    /// Those of them that are of blocking functions.
    blocking: AtomicUsize,
    /// Claims that are on their way from the queue to their slots.
    claiming: AtomicUsize,
    /// Whether somebody waits for a free slot.
    is_short: AtomicBool,
    /// Since when fires of each lane have been waiting for a slot, in microseconds since
    /// 1970; 0 if none wait.
    short_since: [AtomicI64; 2],
    more: Notify,
    changed: Notify,
    /// Counts what is claimed and freed.
    changes: AtomicU64,
    /// The threads of blocking functions.
    pub(super) threads: Threads,
}

/// What may run at once in a process, and how much does.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct SlotUsage {
    /// Attempts that may be under way at once.
    pub max_concurrency: usize,
    /// Threads for functions that are not async.
    pub max_workers: usize,
    /// Attempts that count towards `max_concurrency`. One that has timed out does as long
    /// as its thread is [held](crate::HeldThread).
    pub slots_taken: usize,
    /// Those of them that need a thread.
    pub busy_threads: usize,
    /// Since when fires of async functions have been waiting for a slot.
    pub short_since: Option<DateTime<Utc>>,
    /// Since when fires of other functions have been waiting for a slot or for a thread.
    pub short_of_threads_since: Option<DateTime<Utc>>,
}

/// Claims that are on their way to their slots, until it is dropped.
pub(super) struct Claiming<'a>(&'a Slots);

impl Drop for Claiming<'_> {
    fn drop(&mut self) {
        self.0.claiming.fetch_sub(1, Ordering::AcqRel);
        self.0.changed.notify_waiters();
    }
}

impl Slots {
    pub(super) fn new(max_concurrency: usize, max_workers: usize) -> Self {
        Self {
            max_concurrency,
            max_workers,
            taken: AtomicUsize::new(0),
            blocking: AtomicUsize::new(0),
            claiming: AtomicUsize::new(0),
            is_short: AtomicBool::new(false),
            short_since: [AtomicI64::new(0), AtomicI64::new(0)],
            more: Notify::new(),
            changed: Notify::new(),
            changes: AtomicU64::new(0),
            threads: Threads::default(),
        }
    }

    /// How many more attempts of a lane may begin.
    pub(super) fn room(&self, lane: Lane) -> usize {
        let free = self.max_concurrency.saturating_sub(self.taken());
        match lane {
            Lane::Async => free,
            Lane::Blocking => free.min(self.max_workers.saturating_sub(self.blocking.load(Ordering::SeqCst))),
        }
    }

    /// The limit that leaves a lane no room, with its size.
    pub(super) fn reached(&self, lane: Lane) -> Option<(SlotLimit, usize)> {
        if self.room(lane) > 0 {
            None
        } else if self.taken() >= self.max_concurrency {
            Some((SlotLimit::MaxConcurrency, self.max_concurrency))
        } else {
            Some((SlotLimit::MaxWorkers, self.max_workers))
        }
    }

    /// Notes since when fires of each lane have been waiting for a slot.
    pub(super) fn note_short(&self, since: [Option<DateTime<Utc>>; 2]) {
        for (known, since) in self.short_since.iter().zip(since) {
            let since = since.map_or(0, |since| since.timestamp_micros());
            if known.load(Ordering::Relaxed) != since {
                known.store(since, Ordering::Relaxed);
            }
        }
    }

    /// What there is, and how much of it is in use.
    pub(super) fn usage(&self) -> SlotUsage {
        let since = |lane: Lane| {
            let since = self.short_since[lane as usize].load(Ordering::Relaxed);
            DateTime::from_timestamp_micros(since).filter(|_| since != 0)
        };
        SlotUsage {
            max_concurrency: self.max_concurrency,
            max_workers: self.max_workers,
            slots_taken: self.taken(),
            busy_threads: self.blocking.load(Ordering::SeqCst),
            short_since: since(Lane::Async),
            short_of_threads_since: since(Lane::Blocking),
        }
    }

    pub(super) fn taken(&self) -> usize {
        self.taken.load(Ordering::SeqCst)
    }

    /// Says that entries are about to be claimed from the queue.
    pub(super) fn claiming(&self) -> Claiming<'_> {
        self.claiming.fetch_add(1, Ordering::AcqRel);
        Claiming(self)
    }

    /// Notes that entries were claimed, whatever becomes of them.
    pub(super) fn note_claims(&self) {
        self.changes.fetch_add(1, Ordering::AcqRel);
    }

    pub(super) fn take(&self, count: usize, lane: Lane) {
        self.taken.fetch_add(count, Ordering::SeqCst);
        if lane == Lane::Blocking {
            self.blocking.fetch_add(count, Ordering::SeqCst);
        }
    }

    /// Frees so many slots, `blocking` of them of blocking functions.
    pub(super) fn free(&self, count: usize, blocking: usize) {
        self.changes.fetch_add(1, Ordering::AcqRel);
        self.blocking.fetch_sub(blocking, Ordering::SeqCst);
        self.taken.fetch_sub(count, Ordering::SeqCst);
        if self.is_short.load(Ordering::SeqCst) {
            self.more.notify_one();
        }
        self.changed.notify_waiters();
    }

    /// Frees one slot.
    pub(super) fn free_one(&self, lane: Lane) {
        self.free(1, usize::from(lane == Lane::Blocking));
    }

    /// Asks to be told of slots that are freed. Whoever looks at the
    /// [room](Self::room) asks first, so that no slot is missed.
    pub(super) fn ask_for_more(&self) {
        self.is_short.store(true, Ordering::SeqCst);
    }

    /// Takes the question back.
    pub(super) fn ask_no_more(&self) {
        self.is_short.store(false, Ordering::SeqCst);
    }

    /// Waits until slots were freed after [`ask_for_more`](Self::ask_for_more), or
    /// until [`nudge`](Self::nudge).
    pub(super) async fn more(&self) {
        self.more.notified().await;
    }

    /// Has who waits for slots look again.
    pub(super) fn nudge(&self) {
        self.more.notify_one();
    }

    /// Has those look again who wait [until](Self::until) something is so.
    pub(super) fn changed(&self) {
        self.changed.notify_waiters();
    }

    /// Waits until so many slots are taken as `is_so` says.
    pub(super) async fn until(&self, is_so: impl Fn(usize) -> bool) {
        self.find(|| std::future::ready(is_so(self.taken()).then_some(()))).await;
    }

    /// Calls `look` now and after each change, until it finds something.
    pub(super) async fn find<T, F: Future<Output = Option<T>>>(&self, look: impl Fn() -> F) -> T {
        loop {
            let changed = self.changed.notified();
            tokio::pin!(changed);
            // Before the look, so that no change is missed.
            changed.as_mut().enable();
            if let Some(found) = look().await {
                return found;
            }
            changed.await;
        }
    }

    /// Whether anything is under way, and a number that changes with that.
    #[cfg(feature = "testing")]
    pub(super) fn observe(&self) -> (bool, u64) {
        let changes = self.changes.load(Ordering::Acquire);
        (self.claiming.load(Ordering::SeqCst) > 0 || self.taken() > 0, changes)
    }
}
