//! Taking connections: so many at once, and none for longer than it is of use.

use std::convert::Infallible;
use std::io;
use std::net::SocketAddr;
use std::panic::AssertUnwindSafe;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use axum::Router;
use axum::body::{Body, Bytes, HttpBody};
use axum::extract::Request;
use axum::response::Response;
use futures_util::FutureExt as _;
use futures_util::future::{BoxFuture, Shared};
use http_body::{Frame, SizeHint};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tower_service::Service as _;

use super::watched::{Watch, Watched};
use crate::clock::{Clock as _, SystemClock};
use crate::job::panic_text;

/// The most that waits in the system for one client to read, in bytes.
const SEND_BUFFER: u32 = 256 * 1024;

/// The most clients that wait to be let in.
const BACKLOG: u32 = 1_024;

/// How long to wait after the system has refused a connection.
const AFTER_FAILURE: Duration = Duration::from_secs(1);

/// That no more requests are taken.
type Stopping = Shared<BoxFuture<'static, ()>>;

/// Listens at the first of the addresses that can be had.
pub(super) fn listen(addresses: &[SocketAddr]) -> io::Result<TcpListener> {
    let mut failed = io::Error::new(io::ErrorKind::AddrNotAvailable, "the name has no address");
    for address in addresses {
        match listen_at(*address) {
            Ok(listener) => return Ok(listener),
            Err(error) => failed = error,
        }
    }
    Err(failed)
}

fn listen_at(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = if address.is_ipv4() { TcpSocket::new_v4() } else { TcpSocket::new_v6() }?;
    #[cfg(unix)]
    socket.set_reuseaddr(true)?;
    // Each connection has it from its listener. It would grow to megabytes for a
    // client that does not read.
    socket.set_send_buffer_size(SEND_BUFFER)?;
    socket.bind(address)?;
    socket.listen(BACKLOG)
}

/// Serves so many connections at once, until the stop begins and those that there
/// are have had their answers.
pub(super) async fn serve(
    listener: TcpListener,
    application: Router,
    most: usize,
    stopping: BoxFuture<'static, ()>,
) {
    let stopping: Stopping = stopping.shared();
    let room = Arc::new(Semaphore::new(most));
    let mut connections = JoinSet::new();
    loop {
        while connections.try_join_next().is_some() {}
        let next = async {
            let place = Arc::clone(&room).acquire_owned().await;
            (place, accept(&listener).await)
        };
        let (place, stream) = tokio::select! {
            biased;
            () = stopping.clone() => break,
            next = next => next,
        };
        let serving = serve_one(stream, application.clone(), stopping.clone());
        connections.spawn(async move {
            let _place = place;
            if let Err(panic) = AssertUnwindSafe(serving).catch_unwind().await {
                tracing::error!(error = panic_text(panic), "a request has ended its connection");
            }
        });
    }
    drop(listener);
    while connections.join_next().await.is_some() {}
}

/// The next connection.
async fn accept(listener: &TcpListener) -> TcpStream {
    loop {
        match listener.accept().await {
            Ok((stream, _)) => return stream,
            Err(error) if is_of_client(&error) => {}
            Err(error) => {
                // There may be no file left, and then the next try fails as well.
                tracing::error!(error = &error as &dyn std::error::Error, "cannot take connections");
                SystemClock.sleep(AFTER_FAILURE).await;
            }
        }
    }
}

/// Whether the client that was to be let in has gone.
fn is_of_client(error: &io::Error) -> bool {
    use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset};
    matches!(error.kind(), ConnectionAborted | ConnectionRefused | ConnectionReset)
}

async fn serve_one(stream: TcpStream, application: Router, stopping: Stopping) {
    // An answer must not wait for the client to confirm the one before it.
    if let Err(error) = stream.set_nodelay(true) {
        tracing::debug!(error = &error as &dyn std::error::Error, "answers may wait");
    }
    let watch = Watch::new();
    let answers = service_fn(|request: Request<Incoming>| {
        let answering = Answering::begin(&watch);
        let answered = application.clone().call(request.map(Body::new));
        async move {
            let Ok(answer): Result<Response, Infallible> = answered.await;
            Ok::<_, Infallible>(answer.map(|body| Answer { body, _answering: answering }))
        }
    });
    let connection = http1::Builder::new()
        .header_read_timeout(None)
        .serve_connection(TokioIo::new(Watched::new(stream, watch.clone())), answers);
    let mut connection = pin!(connection);
    let served = tokio::select! {
        served = connection.as_mut() => served,
        what = watch.too_long() => {
            return tracing::debug!("closed a connection whose client took too long for {what}");
        }
        () = stopping => {
            connection.as_mut().graceful_shutdown();
            tokio::select! {
                served = connection => served,
                _ = watch.too_long() => return,
            }
        }
    };
    if let Err(error) = served {
        tracing::debug!(error = &error as &dyn std::error::Error, "a connection ended early");
    }
}

/// A request that is being answered.
struct Answering(Watch);

impl Answering {
    fn begin(watch: &Watch) -> Self {
        watch.request_begins();
        Self(watch.clone())
    }
}

impl Drop for Answering {
    fn drop(&mut self) {
        self.0.request_ends();
    }
}

/// The body of an answer, which is being given until it is written or dropped.
struct Answer {
    body: Body,
    _answering: Answering,
}

impl HttpBody for Answer {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        Pin::new(&mut self.body).poll_frame(context)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
