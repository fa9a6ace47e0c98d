//! Connections that are used for one request after another, whatever becomes
//! of each.

use std::time::Duration;

use fastscheduler::prelude::*;
use fastscheduler::{Clock as _, SystemClock};
use fastscheduler_tests::on_manual_clock;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

async fn serving() -> Scheduler {
    let scheduler = on_manual_clock().0.http("127.0.0.1:0").build().await.unwrap();
    scheduler.start().await.unwrap();
    scheduler.add(every(1).hours().call("quick")).await.unwrap();
    scheduler
}

/// A connection, as text goes over it.
struct Connection(TcpStream);

impl Connection {
    async fn to(scheduler: &Scheduler) -> Self {
        let stream = TcpStream::connect(scheduler.http_address().unwrap()).await.unwrap();
        stream.set_nodelay(true).unwrap();
        Self(stream)
    }

    async fn write(&mut self, text: &str) {
        self.0.write_all(text.as_bytes()).await.unwrap();
    }

    /// The head of an answer, whose body is read too.
    async fn answer(&mut self) -> String {
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            head.push(self.0.read_u8().await.expect("an answer"));
        }
        let head = String::from_utf8(head).unwrap().to_ascii_lowercase();
        let length = head.split("content-length: ").nth(1).and_then(|rest| rest.lines().next());
        let mut body = vec![0; length.map_or(0, |length| length.parse().unwrap())];
        self.0.read_exact(&mut body).await.unwrap();
        head
    }
}

#[tokio::test]
async fn an_answer_before_the_body_has_come_does_not_hurt_the_next_request() {
    let scheduler = serving().await;
    for (request, more, status) in [
        ("POST /scheduler/api/jobs/job_0/pause", "", "200"),
        ("POST /scheduler/api/jobs/job_9/pause", "", "404"),
        ("POST /scheduler/api/nothing", "", "404"),
        ("POST /nowhere", "", "404"),
        ("DELETE /scheduler/api/jobs", "", "405"),
        ("POST /scheduler/api/jobs/job_0/pause", "origin: http://elsewhere.example\r\n", "403"),
        ("POST /scheduler/api/jobs", "content-type: application/x-www-form-urlencoded\r\n", "415"),
    ] {
        let mut connection = Connection::to(&scheduler).await;
        for _ in 0..3 {
            let head = format!("{request} HTTP/1.1\r\nhost: localhost\r\n{more}content-length: 2\r\n\r\n");
            connection.write(&head).await;
            // Long enough for an answer that does not wait for what follows.
            SystemClock.sleep(Duration::from_millis(5)).await;
            connection.write("{}").await;
            let answer = connection.answer().await;
            assert!(answer.starts_with(&format!("http/1.1 {status}")), "{request}: {answer}");
            assert!(!answer.contains("connection: close"), "{request}: {answer}");
        }
        connection.write("GET /scheduler/healthz HTTP/1.1\r\nhost: localhost\r\n\r\n").await;
        assert!(connection.answer().await.starts_with("http/1.1 200"), "after {request}");
    }
    scheduler.stop().await.unwrap();
}

#[tokio::test]
async fn a_body_that_is_too_large_is_refused_before_it_is_sent() {
    let scheduler = serving().await;
    let mut connection = Connection::to(&scheduler).await;
    let request = "POST /scheduler/api/jobs HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\n\
                   expect: 100-continue\r\ncontent-length: 2000000\r\n\r\n";
    connection.write(request).await;
    let answer = connection.answer().await;
    assert!(answer.starts_with("http/1.1 413"), "{answer}");
    assert!(answer.contains("connection: close"), "{answer}");
    scheduler.stop().await.unwrap();
}

#[tokio::test]
async fn every_answer_has_the_headers_that_protect_browsers() {
    let scheduler = serving().await;
    for (request, status) in [
        ("GET /", "307"),
        ("POST /", "405"),
        ("GET /nowhere", "404"),
        ("GET /scheduler/", "200"),
        ("GET /scheduler/nowhere", "404"),
        ("GET /scheduler/api/jobs/job_9", "404"),
    ] {
        let mut connection = Connection::to(&scheduler).await;
        connection.write(&format!("{request} HTTP/1.1\r\nhost: localhost\r\n\r\n")).await;
        let answer = connection.answer().await;
        assert!(answer.starts_with(&format!("http/1.1 {status}")), "{request}: {answer}");
        for header in [
            "content-security-policy: default-src 'none'",
            "x-content-type-options: nosniff",
            "x-frame-options: deny",
            "cache-control: no-",
        ] {
            assert!(answer.contains(header), "{request} lacks `{header}`: {answer}");
        }
    }
    scheduler.stop().await.unwrap();
}

#[tokio::test]
async fn no_answer_lets_another_site_read_it() {
    let scheduler = serving().await;
    let origin = "origin: https://elsewhere.example\r\nsec-fetch-site: cross-site";
    let asks = "access-control-request-method: POST\r\naccess-control-request-headers: content-type";
    let paths = [
        "/",
        "/nowhere",
        "/scheduler/",
        "/scheduler/nowhere",
        "/scheduler/login",
        "/scheduler/events",
        "/scheduler/openapi.json",
        "/scheduler/metrics",
        "/scheduler/healthz",
        "/scheduler/api/jobs",
        "/scheduler/api/jobs/job_0",
        "/scheduler/api/jobs/job_0/pause",
    ];
    for path in paths {
        for method in ["GET", "OPTIONS", "POST", "PUT", "PATCH", "DELETE"] {
            let mut connection = Connection::to(&scheduler).await;
            connection
                .write(&format!(
                    "{method} {path} HTTP/1.1\r\nhost: localhost\r\n{origin}\r\n{asks}\r\ncontent-length: 0\r\n\r\n"
                ))
                .await;
            let answer = connection.answer().await;
            assert!(answer.starts_with("http/1.1 "), "{method} {path}: {answer}");
            assert!(!answer.contains("\r\naccess-control-"), "{method} {path}: {answer}");
        }
    }
    scheduler.stop().await.unwrap();
}
