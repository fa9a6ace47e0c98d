//! What happens, for those who listen.

use std::sync::Arc;

use tokio::sync::broadcast;
use tokio::sync::broadcast::error::{RecvError, TryRecvError};

use super::Engine;
use crate::job::{JobId, Run, RunId};
use crate::storage::Change;

/// The most events that are passed on together.
const BATCH: usize = 256;

/// Something that happened.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum Event {
    /// A job is new, or was added again, paused, resumed or updated.
    JobChanged(JobId),
    /// A job is gone: it was cancelled, or has run for the last time.
    JobRemoved(JobId),
    /// An attempt is under way. One that ends at once has no such event.
    RunStarted(RunId),
    /// An attempt ended, or fires were skipped.
    RunRecorded(Arc<Run>),
    /// Dead letters are gone: they were dropped, or taken to be run again.
    DeadLettersRemoved,
    /// The listener was too slow, and missed this many batches of events.
    Missed(u64),
}

/// Events as they happen; made by [`Scheduler::subscribe`](crate::Scheduler::subscribe).
///
/// Each subscriber gets all events from its subscription on. One that falls
/// far behind misses the oldest, and is told so by [`Event::Missed`]; it never
/// slows the scheduler down.
#[derive(Debug)]
pub struct Events {
    receiver: broadcast::Receiver<Arc<[Event]>>,
    batch: Arc<[Event]>,
    at: usize,
}

impl Events {
    fn new(receiver: broadcast::Receiver<Arc<[Event]>>) -> Self {
        Self { receiver, batch: Arc::default(), at: 0 }
    }

    /// The next event, once it happens; `None` when the scheduler is gone.
    ///
    /// It may be dropped while it waits, and nothing is lost by that.
    pub async fn next(&mut self) -> Option<Event> {
        loop {
            if let Some(event) = self.batch.get(self.at) {
                self.at += 1;
                return Some(event.clone());
            }
            match self.receiver.recv().await {
                Ok(batch) => (self.batch, self.at) = (batch, 0),
                Err(RecvError::Lagged(batches)) => return Some(Event::Missed(batches)),
                Err(RecvError::Closed) => return None,
            }
        }
    }

    /// The next event, if one has happened.
    pub fn try_next(&mut self) -> Option<Event> {
        loop {
            if let Some(event) = self.batch.get(self.at) {
                self.at += 1;
                return Some(event.clone());
            }
            match self.receiver.try_recv() {
                Ok(batch) => (self.batch, self.at) = (batch, 0),
                Err(TryRecvError::Lagged(batches)) => return Some(Event::Missed(batches)),
                Err(TryRecvError::Empty | TryRecvError::Closed) => return None,
            }
        }
    }
}

impl Engine {
    pub(crate) fn subscribe(&self) -> Events {
        Events::new(self.events.subscribe())
    }

    /// Tells those who listen what was stored.
    pub(crate) fn announce(&self, changes: &[Change]) {
        if self.events.receiver_count() == 0 {
            return;
        }
        let events: Vec<Event> = changes.iter().filter_map(event).collect();
        for batch in events.chunks(BATCH) {
            // Nobody listening any more is no failure.
            let _ = self.events.send(batch.into());
        }
    }

    /// Tells those who listen that all dead letters were dropped.
    pub(crate) fn announce_cleared(&self) {
        if self.events.receiver_count() > 0 {
            let _ = self.events.send([Event::DeadLettersRemoved].into());
        }
    }

    pub(super) fn announce_start(&self, run: RunId) {
        if self.events.receiver_count() > 0 {
            let _ = self.events.send([Event::RunStarted(run)].into());
        }
    }
}

fn event(change: &Change) -> Option<Event> {
    match change {
        Change::AddJob(job) => Some(Event::JobChanged(job.id())),
        Change::AddAgain { job, .. } => Some(Event::JobChanged(*job)),
        Change::ReviseJob(revision) => Some(Event::JobChanged(revision.job)),
        Change::RemoveJob { job, .. } => Some(Event::JobRemoved(*job)),
        Change::EndAttempt(ended) => Some(Event::RunRecorded(Arc::clone(&ended.run))),
        Change::Skip(skipped) => Some(Event::RunRecorded(Arc::clone(&skipped.run))),
        Change::TakeDeadLetter(_) => Some(Event::DeadLettersRemoved),
        Change::RequireJob(_) | Change::RemoveTombstone(_) | Change::OpenFire(_) | Change::Claim(_) => None,
    }
}
