//! Over HTTP/2, where the host is a part of the request's target.

use std::pin::Pin;
use std::task::{Context, Poll};

use axum::Router;
use fastscheduler_tests::site::{PATIENCE, Site};
use fastscheduler_tests::{on_manual_clock, started};
use futures_util::FutureExt as _;
use http_body_util::BodyExt as _;
use hyper::Request;
use hyper::body::{Body, Bytes, Frame};
use hyper::client::conn::http2::{SendRequest, handshake};
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::net::TcpStream;
use tokio::sync::oneshot;

const MEBIBYTE: usize = 1024 * 1024;

/// A body of that many bytes, which says how many of them were not taken.
struct Upload {
    left: usize,
    ended: Option<oneshot::Sender<usize>>,
}

impl Upload {
    fn of(length: usize) -> (Self, oneshot::Receiver<usize>) {
        let (ended, left) = oneshot::channel();
        (Self { left: length, ended: Some(ended) }, left)
    }
}

impl Body for Upload {
    type Data = Bytes;
    type Error = std::convert::Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        let length = self.left.min(16 * 1024);
        self.left -= length;
        Poll::Ready((length > 0).then(|| Ok(Frame::data(vec![b'a'; length].into()))))
    }
}

impl Drop for Upload {
    fn drop(&mut self) {
        if let Some(ended) = self.ended.take() {
            // Nobody may want to know.
            let _ = ended.send(self.left);
        }
    }
}

/// A connection to a site.
async fn connect(site: &Site) -> SendRequest<Upload> {
    let stream = TokioIo::new(TcpStream::connect(site.address).await.unwrap());
    let (sender, connection) = handshake(TokioExecutor::new(), stream).await.unwrap();
    tokio::spawn(connection.map(drop));
    sender
}

/// The status of an answer, and its body.
async fn ask(
    sender: &mut SendRequest<Upload>,
    (method, url): (&str, &str),
    headers: &[(&str, &str)],
    body: Upload,
) -> (u16, String) {
    let mut request = Request::builder().method(method).uri(url);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let request = request.body(body).unwrap();
    let asked = async {
        let answer = sender.send_request(request).await.expect("an answer");
        let status = answer.status().as_u16();
        let body = answer.collect().await.expect("a whole answer").to_bytes();
        (status, String::from_utf8(body.to_vec()).unwrap())
    };
    tokio::time::timeout(PATIENCE, asked).await.expect("it answers")
}

#[tokio::test]
async fn the_host_is_that_of_the_target() {
    let scheduler = on_manual_clock().0.allowed_hosts(["jobs.example"]).build().await.unwrap();
    scheduler.start().await.unwrap();
    let router = || fastscheduler::web::router(&scheduler);
    for application in
        [Router::new().nest_service("/scheduler", router()), Router::new().nest("/scheduler", router())]
    {
        let site = Site::serve(application).await;
        let mut sender = connect(&site).await;
        for (host, origin, status) in [
            ("localhost", None, 200),
            ("rebound.example", None, 403),
            ("jobs.example", Some("http://jobs.example"), 200),
            ("jobs.example:8000", Some("http://jobs.example:8000"), 200),
            ("jobs.example:8000", Some("http://jobs.example"), 403),
            ("jobs.example", Some("http://evil.example"), 403),
        ] {
            let url = format!("http://{host}/scheduler/api/dead-letters");
            let headers: Vec<_> = origin.iter().map(|origin| ("origin", *origin)).collect();
            let (answered, body) = ask(&mut sender, ("DELETE", &url), &headers, Upload::of(0).0).await;
            assert_eq!(answered, status, "{host} {origin:?}: {body}");
        }
    }
    scheduler.stop().await.unwrap();
}

#[tokio::test]
async fn a_body_over_the_limit_gets_its_answer_and_its_stream_is_not_reset() {
    let (scheduler, _clock) = started().await;
    let site = Site::of(&scheduler).await;
    let mut sender = connect(&site).await;
    for length in [2 * MEBIBYTE, 5 * MEBIBYTE, 20 * MEBIBYTE] {
        for (path, kind, limit) in [
            ("/scheduler/api/jobs", "application/json", "larger than 1 MiB"),
            ("/scheduler/login", "application/x-www-form-urlencoded", "larger than 8 KiB"),
        ] {
            for says_its_length in [true, false] {
                let case = format!("{path} {length} {says_its_length}");
                let url = format!("http://{}{path}", site.address);
                let (body, left) = Upload::of(length);
                let length = length.to_string();
                let headers = [("content-type", kind), ("content-length", &length)];
                let headers = if says_its_length { &headers[..] } else { &headers[..1] };
                let (status, answer) = ask(&mut sender, ("POST", &url), headers, body).await;
                assert_eq!(status, 413, "{case}: {answer}");
                assert!(answer.contains(limit), "{case}: {answer}");
                let left = tokio::time::timeout(PATIENCE, left).await.expect("it ends").unwrap();
                assert_eq!(left, 0, "{case}: the client was cut off");
            }
        }
    }
    let url = format!("http://{}/scheduler/api/jobs", site.address);
    assert_eq!(ask(&mut sender, ("GET", &url), &[], Upload::of(0).0).await.0, 200);
    scheduler.stop().await.unwrap();
}
