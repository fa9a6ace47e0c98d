//! What happens, for those who listen.

use std::sync::Arc;

use tokio::sync::broadcast;
use tokio::sync::broadcast::error::{RecvError, TryRecvError};
use tokio_util::sync::CancellationToken;

use super::problems::Problem;
use crate::job::{DeadLetter, JobId, Run, RunId};
use crate::storage::Change;

/// A listener that is further behind than this many batches of events misses
/// the oldest.
const LISTENER_BUFFER: usize = 1_024;

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
    /// A fire failed for good. The record of its last attempt came just before,
    /// as [`RunRecorded`](Self::RunRecorded).
    DeadLettered(Arc<DeadLetter>),
    /// Dead letters are gone: they were dropped, or taken to be run again.
    DeadLettersRemoved,
    /// A problem began: something that an operator should know, as long as it lasts.
    /// See [`Scheduler::problems`](crate::Scheduler::problems).
    ProblemBegan(Arc<Problem>),
    /// A problem is over. This is how it was at its end.
    ProblemEnded(Arc<Problem>),
    /// The listener was too slow, and missed this many batches of events.
    Missed(u64),
}

/// Events as they happen; made by [`Scheduler::subscribe`](crate::Scheduler::subscribe).
///
/// Each subscriber gets all events from its subscription on. One that falls
/// far behind misses the oldest, and is told so by [`Event::Missed`]; it never
/// slows the scheduler down. [`next`](Self::next) returns `None` once the
/// scheduler has stopped.
///
/// # Examples
///
/// ```
/// use fastscheduler::prelude::*;
/// use fastscheduler::{Event, storage::MemoryStorage};
///
/// # tokio::runtime::Runtime::new()?.block_on(async {
/// let scheduler = Scheduler::builder().storage(MemoryStorage::default()).build().await?;
/// let mut events = scheduler.subscribe();
/// let alerts = tokio::spawn(async move {
///     // Ends when the scheduler has stopped.
///     while let Some(event) = events.next().await {
///         if let Event::DeadLettered(letter) = event {
///             eprintln!("{} failed: {:?}", letter.run.job_name, letter.run.error);
///         }
///     }
/// });
/// scheduler.start().await?;
/// scheduler.stop().await?;
/// alerts.await?;
/// # anyhow::Ok(()) })?;
/// # anyhow::Ok(())
/// ```
#[derive(Debug)]
pub struct Events {
    receiver: broadcast::Receiver<Arc<[Event]>>,
    /// Cancelled when no more events come.
    closed: CancellationToken,
    batch: Arc<[Event]>,
    at: usize,
}

/// Where events come from, in batches.
#[derive(Debug)]
pub(super) struct Feed {
    sender: broadcast::Sender<Arc<[Event]>>,
    closed: CancellationToken,
}

impl Default for Feed {
    fn default() -> Self {
        Self { sender: broadcast::Sender::new(LISTENER_BUFFER), closed: CancellationToken::new() }
    }
}

impl Feed {
    pub(super) fn listeners(&self) -> usize {
        self.sender.receiver_count()
    }

    fn has_listeners(&self) -> bool {
        self.listeners() > 0 && !self.closed.is_cancelled()
    }

    pub(super) fn subscribe(&self) -> Events {
        let (receiver, closed) = (self.sender.subscribe(), self.closed.clone());
        Events { receiver, closed, batch: Arc::default(), at: 0 }
    }

    /// Tells those who listen what was stored.
    pub(super) fn announce(&self, changes: &[Change]) {
        if !self.has_listeners() {
            return;
        }
        let events: Vec<Event> = changes.iter().flat_map(events).collect();
        for batch in events.chunks(BATCH) {
            self.send(batch.into());
        }
    }

    /// Tells those who listen of one event, which is made only if there are any.
    pub(super) fn tell(&self, event: impl FnOnce() -> Event) {
        if self.has_listeners() {
            self.send([event()].into());
        }
    }

    fn send(&self, batch: Arc<[Event]>) {
        // Nobody listening any more is no failure.
        let _ = self.sender.send(batch);
    }

    /// Ends the events of every subscriber, after those that were sent before.
    pub(super) fn close(&self) {
        self.closed.cancel();
    }
}

impl Events {
    /// Returns the next event, once it happens, or `None` when the scheduler has
    /// stopped and all events have been returned.
    ///
    /// A scheduler has stopped when [`stop`](crate::Scheduler::stop) returns, also
    /// if it was never started. If a job calls `stop`, events end when that job has
    /// ended too.
    ///
    /// Dropping the future loses no event.
    pub async fn next(&mut self) -> Option<Event> {
        loop {
            if let Some(event) = self.batch.get(self.at) {
                self.at += 1;
                return Some(event.clone());
            }
            let received = tokio::select! {
                biased;
                received = self.receiver.recv() => received,
                // What was sent before has to be looked for once more.
                () = self.closed.cancelled() => match self.receiver.try_recv() {
                    Ok(batch) => Ok(batch),
                    Err(TryRecvError::Lagged(batches)) => Err(RecvError::Lagged(batches)),
                    Err(TryRecvError::Empty | TryRecvError::Closed) => Err(RecvError::Closed),
                },
            };
            match received {
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

/// What a change is to those who listen.
fn events(change: &Change) -> impl Iterator<Item = Event> {
    let dead_letter = match change {
        Change::EndAttempt(ended) => ended.dead_letter.as_deref(),
        _ => None,
    };
    let dead_letter = dead_letter.map(|letter| Event::DeadLettered(Arc::new(letter.clone())));
    let event = match change {
        Change::AddJob(job) => Some(Event::JobChanged(job.id())),
        Change::AddAgain { job, .. } => Some(Event::JobChanged(*job)),
        Change::ReviseJob(revision) => Some(Event::JobChanged(revision.job)),
        Change::RemoveJob { job, .. } => Some(Event::JobRemoved(*job)),
        Change::EndAttempt(ended) => Some(Event::RunRecorded(Arc::clone(&ended.run))),
        Change::Skip(skipped) => Some(Event::RunRecorded(Arc::clone(&skipped.run))),
        Change::TakeDeadLetter(_) => Some(Event::DeadLettersRemoved),
        Change::RequireJob(_) | Change::RemoveTombstone(_) | Change::OpenFire(_) | Change::Claim(_) => None,
    };
    event.into_iter().chain(dead_letter)
}
