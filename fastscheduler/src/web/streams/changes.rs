//! A snapshot, and then what changes, as it happens. A client may do without snapshots.

use std::future::pending;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures_util::future::BoxFuture;
use serde::Serialize;
use tokio::sync::{Notify, watch};
use tokio::task::JoinHandle;

use super::frame::{Label, append, append_with};
use super::happened::Happened;
use super::listener::Source;
use super::ring::{Next, Progress, Ring};
use super::state::WholeState;
use super::text::{Rest, Text};
use crate::clock::{Clock as _, SystemClock};
use crate::engine::Events;
use crate::schedule::Zone;
use crate::scheduler::{Scheduler, SchedulerError};

/// How long after a batch the next one is made: at most ten a second.
const PAUSE: Duration = Duration::from_millis(100);

/// How long after a snapshot another one is made, when snapshots are all that
/// clients get; also how long after the totals they are told again.
const SNAPSHOT_PAUSE: Duration = Duration::from_secs(1);

/// How long after the last client has gone its return is awaited. Nothing is
/// made meanwhile: what happens waits, up to a limit, in the subscription.
const LINGER: Duration = Duration::from_mins(1);

/// What changes, told while somebody listens.
#[derive(Clone)]
pub(super) struct Changes(Arc<Inner>);

struct Inner {
    scheduler: Scheduler,
    zone: Zone,
    ring: Mutex<Ring>,
    /// That there is more in the ring.
    news: watch::Sender<()>,
    /// That a client waits for a snapshot, or for the teller's return.
    wanted: Notify,
    /// Tells the changes, while there is somebody to tell them to.
    teller: Mutex<Option<JoinHandle<()>>>,
    /// Held by each client that takes snapshots.
    snapshots: Arc<()>,
}

impl Changes {
    pub(super) fn new(scheduler: &Scheduler, zone: Zone) -> Self {
        let mark = format!("{:x}", SystemClock.now().timestamp_micros());
        Self(Arc::new(Inner {
            scheduler: scheduler.clone(),
            zone,
            ring: Mutex::new(Ring::new(mark)),
            news: watch::Sender::new(()),
            wanted: Notify::new(),
            teller: Mutex::default(),
            snapshots: Arc::default(),
        }))
    }

    /// What happens after the event of that id, or else from a snapshot on.
    pub(super) fn listen(&self, last_id: Option<&str>) -> Changed {
        let takes_snapshots = Arc::clone(&self.0.snapshots);
        Changed { takes_snapshots: Some(takes_snapshots), ..self.listen_after(last_id) }
    }

    /// What happens after the event of that id, or from now on if there is none. Where
    /// another client would get a snapshot, this one is told to ask anew.
    pub(super) fn listen_without_snapshots(&self, last_id: Option<&str>) -> Changed {
        let mut changed = self.listen_after(last_id);
        changed.progress.wants_no_snapshot = true;
        if last_id.is_none() {
            changed.progress.seen = Some(changed.progress.missed_until);
        }
        changed
    }

    fn listen_after(&self, last_id: Option<&str>) -> Changed {
        let news = self.0.news.subscribe();
        let mut teller = self.teller();
        // It may also have ended with the runtime that it was on.
        if teller.as_ref().is_none_or(JoinHandle::is_finished) {
            // Nobody saw what happened since.
            self.ring().skip();
            let events = self.0.scheduler.subscribe();
            *teller = Some(tokio::spawn(self.clone().tell(events)));
        }
        self.0.wanted.notify_one();
        let ring = self.ring();
        let seen = last_id.and_then(|id| ring.number(id));
        let progress = Progress { seen, missed_until: ring.last(), wants_no_snapshot: false };
        Changed { progress, news, changes: self.clone(), takes_snapshots: None, told: Arc::default() }
    }

    async fn tell(self, mut events: Events) {
        tokio::select! {
            () = self.tell_on(&mut events) => {}
            // All streams end then.
            () = self.0.scheduler.stopping() => {}
        }
    }

    async fn tell_on(&self, events: &mut Events) {
        let mut happened = Happened::default();
        let mut snapshot_rest: Option<BoxFuture<'static, ()>> = None;
        let mut totals_rest: Option<BoxFuture<'static, ()>> = None;
        loop {
            if self.0.news.receiver_count() == 0 && !self.is_awaited().await {
                return;
            }
            tokio::select! {
                event = events.next() => match event {
                    Some(event) => happened.add(event),
                    None => return,
                },
                () = self.0.wanted.notified() => {}
                () = self.0.news.closed() => continue,
                () = or_never(&mut totals_rest), if happened.are_totals_due() => totals_rest = None,
            }
            happened.add_all(events);
            match self.add_batch(&mut happened, totals_rest.is_none()).await {
                Ok(true) => totals_rest = Some(SystemClock.sleep(SNAPSHOT_PAUSE)),
                Ok(false) => {}
                Err(error) => {
                    tracing::warn!(
                        error = &error as &dyn std::error::Error,
                        "cannot tell listeners a change"
                    );
                    happened.is_too_much = true;
                }
            }
            let is_too_much = happened.is_too_much;
            if is_too_much {
                happened = Happened::default();
                self.ring().skip();
                self.0.news.send_replace(());
                // Snapshots are all that clients get now, so not as many of them.
                if let Some(rest) = snapshot_rest.take() {
                    rest.await;
                }
                // What waits by now is in the snapshot, and might be too much again.
                *events = self.0.scheduler.subscribe();
            }
            let are_snapshots_taken = Arc::strong_count(&self.0.snapshots) > 1;
            if (is_too_much && are_snapshots_taken) || self.ring().is_snapshot_wanted() {
                if let Err(error) = self.add_snapshot().await {
                    tracing::warn!(
                        error = &error as &dyn std::error::Error,
                        "cannot tell listeners the state"
                    );
                    SystemClock.sleep(SNAPSHOT_PAUSE).await;
                    self.0.wanted.notify_one();
                }
                snapshot_rest = Some(SystemClock.sleep(SNAPSHOT_PAUSE));
            }
            SystemClock.sleep(PAUSE).await;
        }
    }

    /// Waits for somebody to listen again, for a while.
    async fn is_awaited(&self) -> bool {
        tokio::select! {
            () = SystemClock.sleep(LINGER) => {}
            () = async {
                while self.0.news.receiver_count() == 0 {
                    self.0.wanted.notified().await;
                }
            } => return true,
        }
        let mut teller = self.teller();
        // Under the lock that a new listener takes: it sees that this ends.
        let is_awaited = self.0.news.receiver_count() > 0;
        if !is_awaited {
            self.ring().skip();
            *teller = None;
        }
        is_awaited
    }

    /// Adds what happened, and answers whether the totals are part of that.
    async fn add_batch(&self, happened: &mut Happened, with_totals: bool) -> Result<bool, SchedulerError> {
        let (last, id) = {
            let ring = self.ring();
            (ring.last(), ring.id(0))
        };
        let mark = id.trim_end_matches('0');
        let draft = happened.draft(&self.0.scheduler, self.0.zone, mark, last, with_totals).await?;
        if draft.len() > 0 {
            self.ring().add(draft, SystemClock.now());
            self.0.news.send_replace(());
        }
        Ok(with_totals && happened.took_totals())
    }

    async fn add_snapshot(&self) -> Result<(), SchedulerError> {
        let id = {
            let ring = self.ring();
            ring.id(ring.last())
        };
        let made_at = SystemClock.now();
        let state = WholeState::of(&self.0.scheduler).await?;
        let mut text = Vec::new();
        let label = Label { name: Some("snapshot"), id: Some(&id) };
        if let Err(error) = append_with(&mut text, label, |text| state.write(self.0.zone, text)) {
            tracing::error!(error = &error as &dyn std::error::Error, "cannot write the state as JSON");
        }
        self.ring().add_snapshot(text.into(), made_at);
        self.0.news.send_replace(());
        Ok(())
    }

    fn ring(&self) -> MutexGuard<'_, Ring> {
        // Each change of it is whole before the next.
        self.0.ring.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn teller(&self) -> MutexGuard<'_, Option<JoinHandle<()>>> {
        self.0.teller.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

async fn or_never(wait: &mut Option<BoxFuture<'static, ()>>) {
    match wait {
        Some(wait) => wait.await,
        None => pending().await,
    }
}

/// The changes, for one listener.
pub(super) struct Changed {
    progress: Progress,
    news: watch::Receiver<()>,
    changes: Changes,
    #[expect(dead_code, reason = "it is counted")]
    takes_snapshots: Option<Arc<()>>,
    /// The event of its own that was told last, which its client may be in the middle of.
    told: Text,
}

impl Changed {
    /// The last event that its client has seen; none if it has missed some.
    pub(super) fn seen(&self) -> Option<u64> {
        self.progress.seen
    }

    /// The id of that event.
    pub(super) fn id(&self) -> Option<String> {
        self.progress.seen.map(|seen| self.changes.ring().id(seen))
    }

    /// The event that has its client ask anew.
    fn reload(&mut self, after: u64) -> Rest {
        let id = self.changes.ring().id(after);
        let mut text = Vec::new();
        // There is nothing in it that could not be written.
        let _ = append(&mut text, Label { name: Some("reload"), id: Some(&id) }, &Reload {});
        self.told = text.into();
        Rest::of(&self.told, 0)
    }
}

/// That what happened cannot be told.
#[derive(Serialize)]
struct Reload {}

impl Source for Changed {
    async fn next(&mut self) -> Rest {
        loop {
            // Before the look: what comes after it is heard of.
            self.news.mark_unchanged();
            let next = self.changes.ring().next(self.progress, SystemClock.now());
            match next {
                Next::Send(rest, after) => {
                    self.progress.seen = Some(after);
                    return rest;
                }
                Next::Reload(after) => {
                    self.progress.seen = Some(after);
                    return self.reload(after);
                }
                Next::WaitForSnapshot => self.changes.0.wanted.notify_one(),
                Next::Wait => {}
            }
            if self.news.changed().await.is_err() {
                return pending().await;
            }
        }
    }
}
