//! One open stream.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use axum::body::{Body, Bytes};
use futures_util::future::BoxFuture;
use futures_util::stream;
use thiserror::Error;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::frame::{KEEP_ALIVE, SHUTDOWN};
use super::text::Rest;
use crate::clock::{Clock as _, SystemClock};
use crate::scheduler::Scheduler;

/// How long a stream is silent before it says that it is alive.
const SILENCE: Duration = Duration::from_secs(15);

/// The most bytes that are handed to the connection at once.
const PIECE: usize = 16 * 1024;

/// The most pieces that wait in the connection for its client to read. A
/// connection that is full would not ask for more, and could not be told that
/// there is none.
const MOST_UNDER_WAY: usize = 4;

/// How long a client may leave what waits for it without taking any of it.
const UNTAKEN: Duration = Duration::from_mins(1);

/// How long after the stop began a client may read what it is sent.
const GRACE: Duration = Duration::from_millis(500);

/// What a stream shows.
pub(super) trait Source: Send + 'static {
    /// What the client gets next, once there is any. It may be dropped while it
    /// waits, and nothing is lost by that.
    fn next(&mut self) -> impl Future<Output = Rest> + Send;
}

/// One open stream: it ends with the scheduler, or with its client.
pub(super) struct Listener<S> {
    source: S,
    /// Ready once the scheduler is being stopped.
    stopping: BoxFuture<'static, ()>,
    /// Ready when a client has had its time after that.
    too_late: BoxFuture<'static, ()>,
    /// A permit for each piece that may be under way.
    room: Arc<Semaphore>,
    /// What the client is in the middle of.
    rest: Option<Rest>,
    phase: Phase,
    _place: Place,
}

#[derive(Debug, Clone, Copy)]
enum Phase {
    Open,
    /// The last event was sent.
    Leaving,
    Ended,
}

/// Why a stream was cut off.
#[derive(Debug, Error)]
#[error("the client reads too slowly")]
struct TooSlow;

/// A part of a stream, which is dropped once the connection has sent it.
struct Piece {
    bytes: Vec<u8>,
    _under_way: OwnedSemaphorePermit,
}

impl AsRef<[u8]> for Piece {
    fn as_ref(&self) -> &[u8] {
        &self.bytes
    }
}

impl<S: Source> Listener<S> {
    pub(super) fn new(source: S, scheduler: &Scheduler, place: Place) -> Self {
        let (stopping, late) = (scheduler.clone(), scheduler.clone());
        Self {
            source,
            stopping: Box::pin(async move { stopping.stopping().await }),
            too_late: Box::pin(async move {
                late.stopping().await;
                SystemClock.sleep(GRACE).await;
            }),
            room: Arc::new(Semaphore::new(MOST_UNDER_WAY)),
            rest: None,
            phase: Phase::Open,
            _place: place,
        }
    }

    pub(super) fn into_body(self) -> Body {
        let pieces = stream::unfold(self, |mut listener| async move {
            let piece = listener.next().await?;
            Some((piece, listener))
        });
        Body::from_stream(pieces)
    }

    async fn next(&mut self) -> Option<Result<Bytes, TooSlow>> {
        match self.phase {
            Phase::Open => Some(self.next_piece().await),
            // The end of an answer waits for the client to read all of it, so it must have.
            Phase::Leaving => match self.room(MOST_UNDER_WAY).await {
                Ok(_) => None,
                Err(too_slow) => Some(Err(too_slow)),
            },
            Phase::Ended => None,
        }
    }

    async fn next_piece(&mut self) -> Result<Bytes, TooSlow> {
        if self.rest.is_none() {
            let silence: BoxFuture<'_, ()> = SystemClock.sleep(SILENCE);
            tokio::select! {
                biased;
                () = &mut self.stopping => {
                    let last = self.piece(SHUTDOWN.to_vec()).await?;
                    self.phase = Phase::Leaving;
                    return Ok(last);
                }
                rest = self.source.next() => self.rest = Some(rest),
                () = silence => return self.piece(KEEP_ALIVE.to_vec()).await,
            }
        }
        // Before the text is looked at, which is shared and copied as late as can be.
        let under_way = self.room(1).await?;
        let Some((bytes, is_last)) = self.rest.as_mut().and_then(|rest| rest.take(PIECE)) else {
            // Half an event is sent and the other half is gone: the client
            // connects again, and gets what is there by then.
            self.phase = Phase::Ended;
            return Err(TooSlow);
        };
        if is_last {
            self.rest = None;
        }
        Ok(Bytes::from_owner(Piece { bytes, _under_way: under_way }))
    }

    async fn piece(&mut self, bytes: Vec<u8>) -> Result<Bytes, TooSlow> {
        let under_way = self.room(1).await?;
        Ok(Bytes::from_owner(Piece { bytes, _under_way: under_way }))
    }

    /// Waits until the connection has so much room.
    async fn room(&mut self, pieces: usize) -> Result<OwnedSemaphorePermit, TooSlow> {
        let pieces = u32::try_from(pieces).unwrap_or(u32::MAX);
        let room = Arc::clone(&self.room).acquire_many_owned(pieces);
        tokio::select! {
            biased;
            // It is never closed.
            Ok(room) = room => return Ok(room),
            () = &mut self.too_late => {}
            () = SystemClock.sleep(UNTAKEN) => {}
        }
        self.phase = Phase::Ended;
        Err(TooSlow)
    }
}

/// How many streams there may be, and are.
#[derive(Debug)]
pub(super) struct Places {
    taken: Arc<AtomicUsize>,
    most: usize,
}

/// A stream's right to be open.
#[derive(Debug)]
pub(in crate::web) struct Place(Arc<AtomicUsize>);

impl Places {
    pub(super) fn new(most: usize) -> Self {
        Self { taken: Arc::default(), most }
    }

    pub(super) fn taken(&self) -> usize {
        self.taken.load(Ordering::Relaxed)
    }

    pub(super) fn most(&self) -> usize {
        self.most
    }

    /// A place, if one is free.
    pub(super) fn take(&self) -> Option<Place> {
        let place = Place(Arc::clone(&self.taken));
        let before = self.taken.fetch_add(1, Ordering::Relaxed);
        (before < self.most).then_some(place)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_given_back() {
        let places = Places::new(2);
        let (first, _second) = (places.take().unwrap(), places.take().unwrap());
        assert!(places.take().is_none());
        assert_eq!(places.taken(), 2);
        drop(first);
        assert!(places.take().is_some());
    }
}
