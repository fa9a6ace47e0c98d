//! A server on a free port of this machine, and a client that talks to it.

use std::net::SocketAddr;
use std::time::Duration;

use axum::Router;
use futures_util::FutureExt as _;
use http_body_util::{BodyExt as _, Full};
use hyper::body::{Bytes, Incoming};
use hyper::client::conn::http1;
use hyper::header::HeaderMap;
use hyper::{Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use serde_json::Value;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

/// Against hanging only.
pub const PATIENCE: Duration = Duration::from_secs(60);

/// A server that ends gracefully, or with its test.
pub struct Site {
    pub address: SocketAddr,
    server: Option<(oneshot::Sender<()>, JoinHandle<std::io::Result<()>>)>,
}

/// A whole answer.
#[derive(Debug)]
pub struct Answer {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub body: String,
}

impl Site {
    /// Serves an application.
    pub async fn serve(application: Router) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("it is bound");
        let (closing, closed) = oneshot::channel();
        let server = axum::serve(listener, application).with_graceful_shutdown(closed.map(drop));
        Self { address, server: Some((closing, tokio::spawn(server.into_future()))) }
    }

    /// A server that somebody else runs.
    pub fn at(address: SocketAddr) -> Self {
        Self { address, server: None }
    }

    /// Serves a scheduler under the usual prefix.
    pub async fn of(scheduler: &fastscheduler::Scheduler) -> Self {
        Self::serve(Router::new().nest("/scheduler", fastscheduler::web::router(scheduler))).await
    }

    /// Takes no more requests, and waits until those under way are answered.
    pub async fn close(self) {
        let (closing, server) = self.server.expect("it is ours");
        // It may have ended by itself.
        let _ = closing.send(());
        let served = tokio::time::timeout(PATIENCE, server).await.expect("it ends");
        served.expect("it does not panic").expect("it does not fail");
    }

    /// Sends a request, and returns the beginning of the answer.
    pub async fn send(&self, request: Request<Full<Bytes>>) -> Response<Incoming> {
        let stream = TcpStream::connect(self.address).await.expect("the server listens");
        let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await.expect("it speaks HTTP");
        tokio::spawn(connection.map(drop));
        let sent = sender.send_request(request);
        tokio::time::timeout(PATIENCE, sent).await.expect("it answers").expect("it answers with HTTP")
    }

    /// Sends a request, and returns the whole answer.
    pub async fn ask(&self, method: &str, path: &str, headers: &[(&str, &str)], body: &str) -> Answer {
        let mut answer = self.send(self.request(method, path, headers, body)).await;
        let (status, headers) = (answer.status(), std::mem::take(answer.headers_mut()));
        let body =
            tokio::time::timeout(PATIENCE, answer.collect()).await.expect("it ends").expect("it is whole");
        let body = String::from_utf8(body.to_bytes().to_vec()).expect("it is text");
        Answer { status, headers, body }
    }

    pub fn request(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: &str,
    ) -> Request<Full<Bytes>> {
        let mut request = Request::builder().method(method).uri(path);
        if !headers.iter().any(|(name, _)| name.eq_ignore_ascii_case("host")) {
            request = request.header("host", self.address.to_string());
        }
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        request.body(Full::from(body.to_owned())).expect("a request")
    }

    pub async fn get(&self, path: &str) -> Answer {
        self.ask("GET", path, &[], "").await
    }

    /// Opens a stream of events.
    pub async fn listen(&self, path: &str, headers: &[(&str, &str)]) -> EventStream {
        let answer = self.send(self.request("GET", path, headers, "")).await;
        assert_eq!(answer.status(), StatusCode::OK);
        assert_eq!(answer.headers()["content-type"], "text/event-stream");
        EventStream { body: answer.into_body(), text: Vec::new(), seen: 0 }
    }
}

impl Answer {
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("{error}: {}", self.body))
    }

    /// A header, or nothing.
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().expect("it is text"))
    }
}

/// An open stream of events.
pub struct EventStream {
    body: Incoming,
    text: Vec<u8>,
    /// How much of the text has been looked at.
    seen: usize,
}

/// An event as a browser would see it.
#[derive(Debug, Clone, PartialEq)]
pub struct Sent {
    /// `message` unless it has a name.
    pub name: String,
    pub id: Option<String>,
    pub data: String,
}

impl Sent {
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.data).unwrap_or_else(|error| panic!("{error}: {}", self.data))
    }
}

impl EventStream {
    /// The next event; `None` when the stream has ended.
    pub async fn next(&mut self) -> Option<Sent> {
        loop {
            let unseen = &self.text[self.seen.saturating_sub(1)..];
            if let Some(end) = unseen.windows(2).position(|pair| pair == b"\n\n") {
                let rest = self.text.split_off(self.seen.saturating_sub(1) + end + 2);
                let event = std::mem::replace(&mut self.text, rest);
                self.seen = 0;
                match read(std::str::from_utf8(&event).expect("events are text")) {
                    Some(event) => return Some(event),
                    None => continue,
                }
            }
            self.seen = self.text.len();
            let frame = tokio::time::timeout(PATIENCE, self.body.frame()).await.expect("it goes on")?;
            let data = frame.expect("it is not cut off").into_data().expect("no trailers");
            self.text.extend_from_slice(&data);
        }
    }

    /// The first event that is looked for.
    pub async fn find(&mut self, is_it: impl Fn(&Sent) -> bool) -> Sent {
        loop {
            let event = self.next().await.expect("it has not ended");
            if is_it(&event) {
                return event;
            }
        }
    }

    /// The first event of that name.
    pub async fn named(&mut self, name: &str) -> Sent {
        self.find(|event| event.name == name).await
    }
}

/// What the lines of an event say; nothing if they are comments.
fn read(lines: &str) -> Option<Sent> {
    let mut event = Sent { name: "message".to_owned(), id: None, data: String::new() };
    let mut has_data = false;
    for line in lines.lines().filter(|line| !line.is_empty() && !line.starts_with(':')) {
        match line.split_once(": ").expect("a field") {
            ("event", name) => name.clone_into(&mut event.name),
            ("id", id) => event.id = Some(id.to_owned()),
            ("data", data) => {
                event.data.push_str(data);
                has_data = true;
            }
            (field, _) => panic!("an unknown field `{field}`"),
        }
    }
    has_data.then_some(event)
}
