//! One open stream.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use axum::body::{Body, Bytes};
use futures_util::future::BoxFuture;
use futures_util::stream;
use thiserror::Error;

use super::frame::{KEEP_ALIVE, SHUTDOWN};
use super::text::Rest;
use crate::clock::{Clock as _, SystemClock};
use crate::scheduler::Scheduler;

/// How long a stream is silent before it says that it is alive.
const SILENCE: Duration = Duration::from_secs(15);

/// The most bytes that are handed to the connection at once: as much as a few
/// such pieces may wait there for a client that has stopped reading.
const PIECE: usize = 16 * 1024;

/// What a stream shows.
pub(super) trait Source: Send + 'static {
    /// What the client gets next, once there is any. It may be dropped while it
    /// waits, and nothing is lost by that.
    fn next(&mut self) -> impl Future<Output = Rest> + Send;
}

/// One open stream: it ends with the scheduler, or with its client.
pub(super) struct Listener<S> {
    source: S,
    stopping: Pin<Box<dyn Future<Output = ()> + Send>>,
    /// What the client is in the middle of.
    rest: Option<Rest>,
    has_ended: bool,
    _place: Place,
}

/// Why a stream was cut off.
#[derive(Debug, Error)]
#[error("the client reads too slowly")]
struct TooSlow;

impl<S: Source> Listener<S> {
    pub(super) fn new(source: S, scheduler: &Scheduler, place: Place) -> Self {
        let scheduler = scheduler.clone();
        let stopping = Box::pin(async move { scheduler.stopping().await });
        Self { source, stopping, rest: None, has_ended: false, _place: place }
    }

    pub(super) fn into_body(self) -> Body {
        let pieces = stream::unfold(self, |mut listener| async move {
            let piece = listener.next().await?;
            Some((piece, listener))
        });
        Body::from_stream(pieces)
    }

    async fn next(&mut self) -> Option<Result<Bytes, TooSlow>> {
        if self.has_ended {
            return None;
        }
        if self.rest.is_none() {
            let silence: BoxFuture<'_, ()> = SystemClock.sleep(SILENCE);
            tokio::select! {
                biased;
                () = &mut self.stopping => {
                    self.has_ended = true;
                    return Some(Ok(Bytes::from_static(SHUTDOWN)));
                }
                rest = self.source.next() => self.rest = Some(rest),
                () = silence => return Some(Ok(Bytes::from_static(KEEP_ALIVE))),
            }
        }
        let Some((piece, is_last)) = self.rest.as_mut().and_then(|rest| rest.take(PIECE)) else {
            // Half an event is sent and the other half is gone: the client
            // connects again, and gets what is there by then.
            self.has_ended = true;
            return Some(Err(TooSlow));
        };
        if is_last {
            self.rest = None;
        }
        Some(Ok(piece.into()))
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
pub(super) struct Place(Arc<AtomicUsize>);

impl Places {
    pub(super) fn new(most: usize) -> Self {
        Self { taken: Arc::default(), most }
    }

    pub(super) fn taken(&self) -> usize {
        self.taken.load(Ordering::Relaxed)
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
