//! What a connection waits for, and for how long it may.

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::sync::Notify;

use crate::clock::{Clock as _, SystemClock};

/// How long a client may take for the head of a request.
const HEAD: Duration = Duration::from_secs(10);

/// How long a connection may be idle between two requests.
const IDLE: Duration = Duration::from_secs(75);

/// How long a client may leave what it is sent without reading any of it.
const UNREAD: Duration = Duration::from_mins(1);

/// What a connection waits for. Clones watch the same connection.
#[derive(Debug, Clone)]
pub(super) struct Watch(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    state: Mutex<State>,
    /// That a wait has begun, which may end before the one that was known.
    begun: Notify,
}

#[derive(Debug)]
struct State {
    phase: Phase,
    /// Since when the connection is in this phase, by the time that passes.
    since: Duration,
    /// Since when the client has not taken what it is sent.
    unread_since: Option<Duration>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    /// The head of a request is to come, or has begun to.
    Head,
    /// A request is being answered.
    Busy,
    /// Nothing has come since the last answer.
    Idle,
}

impl Watch {
    pub(super) fn new() -> Self {
        let state = State { phase: Phase::Head, since: SystemClock.elapsed(), unread_since: None };
        Self(Arc::new(Inner { state: Mutex::new(state), begun: Notify::new() }))
    }

    /// A whole head has come.
    pub(super) fn request_begins(&self) {
        self.enter(Phase::Busy);
    }

    /// The answer is written, or dropped.
    pub(super) fn request_ends(&self) {
        self.enter(Phase::Idle);
    }

    /// Waits until the client has taken too long, and returns what for.
    pub(super) async fn too_long(&self) -> &'static str {
        loop {
            let begun = self.0.begun.notified();
            let now = SystemClock.elapsed();
            let wait = self.state().longest_wait();
            let Some((until, what)) = wait else {
                begun.await;
                continue;
            };
            let Some(left) = until.checked_sub(now).filter(|left| !left.is_zero()) else { return what };
            tokio::select! {
                () = SystemClock.sleep(left) => {}
                () = begun => {}
            }
        }
    }

    fn enter(&self, phase: Phase) {
        let mut state = self.state();
        state.phase = phase;
        state.since = SystemClock.elapsed();
        drop(state);
        self.0.begun.notify_one();
    }

    fn has_read(&self) {
        if self.state().phase == Phase::Idle {
            self.enter(Phase::Head);
        }
    }

    fn has_written(&self, is_pending: bool) {
        let mut state = self.state();
        if !is_pending {
            state.unread_since = None;
        } else if state.unread_since.is_none() {
            state.unread_since = Some(SystemClock.elapsed());
            drop(state);
            self.0.begun.notify_one();
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // Each change of it is whole.
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// Until when the client may take, and for what; nothing is to come from it
    /// while it is answered and reads.
    fn longest_wait(&self) -> Option<(Duration, &'static str)> {
        let of_phase = match self.phase {
            Phase::Head => Some((self.since + HEAD, "the head of its request")),
            Phase::Idle => Some((self.since + IDLE, "its next request")),
            Phase::Busy => None,
        };
        let unread = self.unread_since.map(|since| (since + UNREAD, "reading what it is sent"));
        of_phase.into_iter().chain(unread).min_by_key(|(until, _)| *until)
    }
}

/// A connection that says what it waits for.
#[derive(Debug)]
pub(super) struct Watched {
    stream: TcpStream,
    watch: Watch,
}

impl Watched {
    pub(super) fn new(stream: TcpStream, watch: Watch) -> Self {
        Self { stream, watch }
    }

    fn note<T>(&self, written: Poll<T>) -> Poll<T> {
        self.watch.has_written(written.is_pending());
        written
    }
}

impl AsyncRead for Watched {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        let read = Pin::new(&mut self.stream).poll_read(context, buffer);
        if buffer.filled().len() > before {
            self.watch.has_read();
        }
        read
    }
}

impl AsyncWrite for Watched {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write(context, bytes);
        self.note(written)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        parts: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write_vectored(context, parts);
        self.note(written)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}
