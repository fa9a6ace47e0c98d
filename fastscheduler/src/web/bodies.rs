//! Reading what is left of a request's body.
//!
//! An answer that is given before all of the body has arrived would leave the
//! rest to be read as the next request of the connection; the server closes it
//! instead, without a word, and the client's next request fails. So the rest
//! is read, or the answer says that the connection closes.
//!
//! Over HTTP/2 the server would reset the stream instead, and many clients then
//! take the answer for lost. There the rest is read after the answer.

use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use axum::body::{Body, BodyDataStream, Bytes, HttpBody as _};
use axum::extract::Request;
use axum::http::header::{CONNECTION, EXPECT};
use axum::http::{HeaderValue, Version};
use axum::middleware::Next;
use axum::response::Response;
use futures_util::{Stream, StreamExt as _};
use tokio::sync::oneshot;

use crate::clock::{Clock as _, SystemClock};

/// The most bytes that are read for nothing, and for how long.
const MOST: usize = 4 * 1024 * 1024;
const PATIENCE: Duration = Duration::from_secs(1);

/// The most bytes that are read for nothing of one stream over HTTP/2, as long as
/// they come.
const MOST_OF_STREAM: usize = 64 * 1024 * 1024;

/// A body that is given back where it was read to, unless that is its end.
struct Lent {
    body: Option<BodyDataStream>,
    back: Option<oneshot::Sender<BodyDataStream>>,
}

impl Stream for Lent {
    type Item = Result<Bytes, axum::Error>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let Some(body) = &mut self.body else { return Poll::Ready(None) };
        let next = ready!(body.poll_next_unpin(context));
        if next.is_none() {
            self.body = None;
        }
        Poll::Ready(next)
    }
}

impl Drop for Lent {
    fn drop(&mut self) {
        if let (Some(body), Some(back)) = (self.body.take(), self.back.take()) {
            // Nobody wants it any more if the client has gone.
            let _ = back.send(body);
        }
    }
}

/// Answers a request, and reads its body to the end.
pub(super) async fn read_to_the_end(request: Request, next: Next) -> Response {
    if request.body().is_end_stream() {
        return next.run(request).await;
    }
    let is_asked_for = request.headers().contains_key(EXPECT);
    let version = request.version();
    let (back, rest) = oneshot::channel();
    let lent = |body: Body| Body::from_stream(Lent { body: Some(body.into_data_stream()), back: Some(back) });
    let mut answer = next.run(request.map(lent)).await;
    let mut rest = rest;
    let is_read = match rest.try_recv() {
        // Its client has not begun to send it, and waits to be told to.
        Ok(_) if is_asked_for => false,
        Ok(rest) if version > Version::HTTP_11 => {
            // It ends with the connection, if not before.
            tokio::spawn(drain_stream(rest));
            return answer;
        }
        // Who is nearer to the handler has tried that.
        Ok(_) if answer.headers().contains_key(CONNECTION) => false,
        Ok(rest) => drain(rest).await,
        Err(_) => true,
    };
    if !is_read && version <= Version::HTTP_11 {
        answer.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
    }
    answer
}

/// Reads the rest of a body, and says whether that was all of it.
async fn drain(mut rest: BodyDataStream) -> bool {
    let read = async {
        let mut length = 0;
        while let Some(Ok(piece)) = rest.next().await {
            length += piece.len();
            if length > MOST {
                return false;
            }
        }
        true
    };
    tokio::select! {
        biased;
        is_read = read => is_read,
        () = SystemClock.sleep(PATIENCE) => false,
    }
}

/// Reads the rest of a stream's body, until that ends, does not come any more, or is
/// too much.
async fn drain_stream(mut rest: BodyDataStream) {
    let mut length = 0;
    while length <= MOST_OF_STREAM {
        let piece = tokio::select! {
            biased;
            piece = rest.next() => piece,
            () = SystemClock.sleep(PATIENCE) => None,
        };
        let Some(Ok(piece)) = piece else { break };
        length += piece.len();
    }
}
