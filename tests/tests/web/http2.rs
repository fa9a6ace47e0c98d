//! Over HTTP/2, where the host is a part of the request's target.

use axum::Router;
use fastscheduler_tests::on_manual_clock;
use fastscheduler_tests::site::{PATIENCE, Site};
use futures_util::FutureExt as _;
use http_body_util::{BodyExt as _, Full};
use hyper::Request;
use hyper::body::Bytes;
use hyper::client::conn::http2::{SendRequest, handshake};
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::net::TcpStream;

/// A connection to a site.
async fn connect(site: &Site) -> SendRequest<Full<Bytes>> {
    let stream = TokioIo::new(TcpStream::connect(site.address).await.unwrap());
    let (sender, connection) = handshake(TokioExecutor::new(), stream).await.unwrap();
    tokio::spawn(connection.map(drop));
    sender
}

/// The status of an answer, and its body.
async fn ask(
    sender: &mut SendRequest<Full<Bytes>>,
    (method, url): (&str, &str),
    headers: &[(&str, &str)],
    body: impl Into<Bytes>,
) -> (u16, String) {
    let mut request = Request::builder().method(method).uri(url);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let request = request.body(Full::from(body.into())).unwrap();
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
            let (answered, body) = ask(&mut sender, ("DELETE", &url), &headers, "").await;
            assert_eq!(answered, status, "{host} {origin:?}: {body}");
        }
    }
    scheduler.stop().await.unwrap();
}
