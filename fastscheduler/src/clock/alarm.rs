//! An alarm: a thread that wakes who waits for an instant.
//!
//! A thread that parks goes on some 60 µs after its instant. A timer of tokio,
//! which counts in milliseconds, is 1 to 2 ms late.
//!
//! Most who are woken wait again, and for as long as the last time. So the thread
//! parks for that long when it has woken somebody: it need not be told of them.
//!
//! Nor does it round: instants that are 10 µs apart are woken for one by one,
//! which costs more than doing what is due at once. Who has many waits for a
//! later one.

use std::collections::BTreeMap;
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};
use std::task::{Context, Poll, Waker};
use std::thread::{self, Thread};
use std::time::{Duration, Instant};

use chrono::{DateTime, Utc};

use super::{Clock as _, SystemClock};

/// After at most this long the wall clock is read again, since neither a
/// suspended machine nor a clock that is set wakes a thread.
const LONGEST_PARK: Duration = Duration::from_secs(30);

/// The thread is not told of a wait that ends earlier than it looks by less than this,
/// since a park takes longer than it should by more.
const TOLERANCE: Duration = Duration::from_micros(20);

/// The alarm of this process.
pub(super) static ALARM: Alarm = Alarm::new();

/// Those who wait, and the thread that wakes them.
#[derive(Debug)]
pub(super) struct Alarm {
    /// Started for the first who waits, or later if the system refuses it then.
    thread: OnceLock<Thread>,
    /// Held while it is started.
    starting: Mutex<()>,
    has_warned: AtomicBool,
    waiting: Mutex<Waiting>,
}

#[derive(Debug)]
struct Waiting {
    wakers: BTreeMap<Place, Waker>,
    last_number: u64,
    /// The last instant for which somebody was woken.
    last: Option<DateTime<Utc>>,
    /// An instant for which somebody who was just woken is likely to wait.
    expected: Option<DateTime<Utc>>,
    /// When the thread looks next; `None` if it does so before it parks.
    looks_at: Option<Instant>,
}

/// An instant, and a number that tells apart those who wait for the same one.
type Place = (DateTime<Utc>, u64);

/// What the thread finds to do.
enum Look {
    Wake(Vec<Waker>),
    Park(Duration),
}

impl Alarm {
    const fn new() -> Self {
        Self {
            thread: OnceLock::new(),
            starting: Mutex::new(()),
            has_warned: AtomicBool::new(false),
            waiting: Mutex::new(Waiting::new()),
        }
    }

    /// Waits until the wall clock reads `at`.
    pub(super) async fn wait_until(&'static self, at: DateTime<Utc>) {
        // In a loop: the clock may be set back between the waking and the look.
        while let Some(remaining) = remaining(at, SystemClock.now()) {
            match self.thread() {
                Some(thread) => Ring { alarm: self, thread, at, place: None }.await,
                None => SystemClock.sleep(remaining.min(LONGEST_PARK)).await,
            }
        }
    }

    fn thread(&'static self) -> Option<&'static Thread> {
        if self.thread.get().is_none()
            && let Err(error) = self.start()
            && !self.has_warned.swap(true, Ordering::Relaxed)
        {
            let error = &error as &dyn std::error::Error;
            tracing::warn!(
                error,
                "no thread for the alarm; until there is one, jobs start a few milliseconds late"
            );
        }
        self.thread.get()
    }

    fn start(&'static self) -> io::Result<()> {
        let _one = self.starting.lock().unwrap_or_else(PoisonError::into_inner);
        if self.thread.get().is_none() {
            let thread = thread::Builder::new().name("fastscheduler-alarm".to_owned());
            let thread = thread.spawn(|| self.watch())?.thread().clone();
            self.thread.get_or_init(|| thread);
        }
        Ok(())
    }

    fn watch(&self) {
        loop {
            let look = self.waiting().look(SystemClock.now());
            match look {
                // A panic in a foreign executor must not silence the alarm for all.
                Look::Wake(wakers) => wakers.into_iter().for_each(|waker| {
                    let _ = catch_unwind(AssertUnwindSafe(|| waker.wake()));
                }),
                Look::Park(pause) => thread::park_timeout(pause),
            }
        }
    }

    /// No waker is cloned, called or dropped under this lock: each may run
    /// foreign code, which may come back here.
    fn waiting(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[expect(clippy::disallowed_methods, reason = "a park is as long as real time, whatever the wall clock does")]
impl Waiting {
    const fn new() -> Self {
        Self { wakers: BTreeMap::new(), last_number: 0, last: None, expected: None, looks_at: None }
    }

    /// Adds a waker, and says whether the thread has to be told.
    fn add(&mut self, at: DateTime<Utc>, waker: Waker) -> (Place, bool) {
        self.last_number += 1;
        let place = (at, self.last_number);
        self.wakers.insert(place, waker);
        let wanted = Instant::now() + pause(at, SystemClock.now());
        let is_earlier = self.looks_at.is_some_and(|looks_at| wanted + TOLERANCE < looks_at);
        if is_earlier {
            self.looks_at = None;
        }
        (place, is_earlier)
    }

    fn look(&mut self, now: DateTime<Utc>) -> Look {
        let mut due = Vec::new();
        let mut newest = None;
        while let Some(first) = self.wakers.first_entry()
            && first.key().0 <= now
        {
            newest = Some(first.key().0);
            due.push(first.remove());
        }
        if let Some(at) = newest {
            self.expected = self.last.replace(at).map(|before| at + (at - before));
            return Look::Wake(due);
        }
        let first = self.wakers.keys().next().map(|(at, _)| *at);
        // Once only: if nobody waits for it, it was wrong.
        let expected = self.expected.take().filter(|expected| *expected > now);
        let next = first.into_iter().chain(expected).min();
        let pause = next.map_or(LONGEST_PARK, |at| pause(at, now));
        self.looks_at = Some(Instant::now() + pause);
        Look::Park(pause)
    }
}

/// Waits until the alarm has taken its waker.
struct Ring {
    alarm: &'static Alarm,
    thread: &'static Thread,
    at: DateTime<Utc>,
    place: Option<Place>,
}

impl Future for Ring {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        let waker = context.waker().clone();
        let Some(place) = self.place else {
            let (place, is_earlier) = self.alarm.waiting().add(self.at, waker);
            self.place = Some(place);
            if is_earlier {
                self.thread.unpark();
            }
            return Poll::Pending;
        };
        let former = match self.alarm.waiting().wakers.get_mut(&place) {
            Some(known) => std::mem::replace(known, waker),
            None => return Poll::Ready(()),
        };
        drop(former);
        Poll::Pending
    }
}

impl Drop for Ring {
    fn drop(&mut self) {
        if let Some(place) = self.place {
            // Bound to a name, which releases the lock before the waker is dropped.
            let _waker = self.alarm.waiting().wakers.remove(&place);
        }
    }
}

/// How long it is until `at`, if it is to come.
fn remaining(at: DateTime<Utc>, now: DateTime<Utc>) -> Option<Duration> {
    (at - now).to_std().ok().filter(|remaining| !remaining.is_zero())
}

/// For how long to park before looking whether it is `at`.
fn pause(at: DateTime<Utc>, now: DateTime<Utc>) -> Duration {
    remaining(at, now).unwrap_or_default().min(LONGEST_PARK)
}

#[cfg(test)]
mod tests;
