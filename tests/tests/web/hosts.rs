//! The names under which a scheduler is served, and the sites that may ask for
//! changes.

use axum::Router;
use fastscheduler::prelude::*;
use fastscheduler::{SchedulerBuilder, SchedulerError};
use fastscheduler_tests::on_manual_clock;
use fastscheduler_tests::site::Site;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

const TOKEN: &str = "correct-horse-battery-staple";
const CLEAR: (&str, &str) = ("DELETE", "/scheduler/api/dead-letters");

fn builder() -> SchedulerBuilder {
    on_manual_clock().0
}

/// A scheduler behind its own server, and behind one of an application, nested in
/// both of the ways that axum has.
async fn served(settings: impl Fn(SchedulerBuilder) -> SchedulerBuilder) -> Vec<(Scheduler, Site)> {
    let own = settings(builder()).http("127.0.0.1:0").build().await.unwrap();
    own.start().await.unwrap();
    let site = Site::at(own.http_address().unwrap());
    let mut served = vec![(own, site)];
    let nestings: [fn(Router) -> Router; 2] = [
        |router| Router::new().nest_service("/scheduler", router),
        |router| Router::new().nest("/scheduler", router),
    ];
    for nest in nestings {
        let scheduler = settings(builder()).build().await.unwrap();
        scheduler.start().await.unwrap();
        let site = Site::serve(nest(fastscheduler::web::router(&scheduler))).await;
        served.push((scheduler, site));
    }
    served
}

#[tokio::test]
async fn without_a_token_a_rebound_name_is_refused_nested_or_not() {
    for (index, (_scheduler, site)) in served(|builder| builder).await.into_iter().enumerate() {
        for host in
            ["rebound.example", "rebound.example:80", "localhost.rebound.example", "127.0.0.1.evil.example"]
        {
            for path in [
                "/scheduler",
                "/scheduler/api/jobs",
                "/scheduler/events",
                "/scheduler/login",
                "/scheduler/metrics",
            ] {
                let answer = site.ask("GET", path, &[("host", host)], "").await;
                assert_eq!(answer.status, 403, "{index} {host} {path}");
                let detail = answer.json()["detail"].as_str().unwrap().to_owned();
                assert!(detail.contains(&format!("`{host}`")), "{detail}");
                assert!(detail.contains(".allowed_hosts(..)"), "{detail}");
                assert!(detail.contains("FASTSCHEDULER_ALLOWED_HOSTS"), "{detail}");
            }
            // A page there would be of one origin with us.
            let own = format!("http://{host}");
            let headers = [("host", host), ("sec-fetch-site", "same-origin"), ("origin", &*own)];
            assert_eq!(site.ask(CLEAR.0, CLEAR.1, &headers, "").await.status, 403, "{index} {host}");
            for path in ["/scheduler/healthz", "/scheduler/readyz"] {
                assert_eq!(
                    site.ask("GET", path, &[("host", host)], "").await.status,
                    200,
                    "{index} {host} {path}"
                );
            }
        }
        for host in ["localhost", "a.localhost:1", "127.0.0.1:8000", "127.1.2.3", "[::1]:80"] {
            let answer = site.ask("GET", "/scheduler/api/jobs", &[("host", host)], "").await;
            assert_eq!(answer.status, 200, "{index} {host}");
        }
        // An application has addresses that others reach, and an address is no name.
        for host in ["10.0.0.7:8000", "[2001:db8::7]"] {
            let answer = site.ask("GET", "/scheduler/api/jobs", &[("host", host)], "").await;
            assert_eq!(answer.status, if index == 0 { 403 } else { 200 }, "{index} {host}");
        }
    }
}

#[tokio::test]
async fn allowed_hosts_are_served_and_with_a_token_any_is() {
    for (_scheduler, site) in served(|builder| builder.allowed_hosts(["jobs.example", "b.example:81"])).await
    {
        for (host, status) in [
            ("jobs.example", 200),
            ("Jobs.Example:8000", 200),
            ("b.example:81", 200),
            ("localhost", 200),
            ("b.example", 403),
            ("b.example:82", 403),
            ("x.jobs.example", 403),
        ] {
            let answer = site.ask("GET", "/scheduler/api/jobs", &[("host", host)], "").await;
            assert_eq!(answer.status, status, "{host}");
        }
    }
    for (_scheduler, site) in served(|builder| builder.allowed_hosts(["*"])).await {
        let answer = site.ask("GET", "/scheduler/api/jobs", &[("host", "anything.example")], "").await;
        assert_eq!(answer.status, 200);
    }
    for (_scheduler, site) in served(|builder| builder.token(TOKEN)).await {
        let token = format!("Bearer {TOKEN}");
        let headers = [("host", "anything.example"), ("authorization", &*token)];
        assert_eq!(site.ask("GET", "/scheduler/api/jobs", &headers, "").await.status, 200);
        let headers = [("host", "anything.example")];
        assert_eq!(site.ask("GET", "/scheduler/api/jobs", &headers, "").await.status, 401);
    }
}

#[tokio::test]
async fn a_host_or_an_origin_that_can_never_match_is_refused_with_what_would_be_right() {
    for host in ["", "http://jobs.example", "jobs.example/scheduler", "two words", "*.example"] {
        let refused = builder().allowed_hosts([host]).build().await.unwrap_err();
        assert!(matches!(refused, SchedulerError::Setting { .. }));
        let refused = refused.to_string();
        assert!(refused.starts_with(&format!("`allowed_hosts` is `{host}`")), "{refused}");
        assert!(refused.contains("such as `jobs.example`"), "{refused}");
    }
    for origin in ["", "*", "jobs.example", "https://", "https://jobs.example/", "ftp://jobs.example", "null"]
    {
        let refused = builder().allowed_origins([origin]).build().await.unwrap_err().to_string();
        assert!(refused.starts_with(&format!("`allowed_origins` is `{origin}`")), "{refused}");
        assert!(refused.contains("such as `https://jobs.example`"), "{refused}");
    }
}

#[tokio::test]
async fn behind_a_proxy_that_replaces_the_host_allowed_origins_may_ask_for_changes() {
    for (_scheduler, site) in
        served(|builder| builder.token(TOKEN).allowed_origins(["https://ops.example"])).await
    {
        let token = format!("Bearer {TOKEN}");
        let of = |origin: &'static str| [("authorization", token.clone()), ("origin", origin.to_owned())];
        for (origin, status) in [
            ("https://ops.example", 200),
            ("http://ops.example", 403),
            ("https://ops.example:8443", 403),
            ("https://evil.example", 403),
            ("null", 403),
        ] {
            let headers = of(origin);
            let headers = headers.each_ref().map(|(name, value)| (*name, value.as_str()));
            let answer = site.ask(CLEAR.0, CLEAR.1, &headers, "").await;
            assert_eq!(answer.status, status, "{origin}");
            if status == 403 {
                let detail = answer.json()["detail"].as_str().unwrap().to_owned();
                assert!(detail.contains(origin) && detail.contains(".allowed_origins(..)"), "{detail}");
            }
        }
        let form = ("content-type", "application/x-www-form-urlencoded");
        let headers = [form, ("origin", "https://ops.example")];
        let answer = site.ask("POST", "/scheduler/login", &headers, &format!("token={TOKEN}")).await;
        assert_eq!(answer.status, 303);
    }
}

/// What is answered to a request, as text.
async fn raw(site: &Site, request: &str) -> String {
    let mut stream = TcpStream::connect(site.address).await.unwrap();
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    answer
}

#[tokio::test]
async fn a_monitor_may_name_no_host_and_nobody_may_name_two() {
    for (index, (_scheduler, site)) in served(|builder| builder).await.into_iter().enumerate() {
        for path in ["/scheduler/healthz", "/scheduler/readyz"] {
            let answer = raw(&site, &format!("GET {path} HTTP/1.0\r\n\r\n")).await;
            assert!(answer.starts_with("HTTP/1.0 200"), "{index} {path}: {answer}");
        }
        let answer = raw(&site, "GET /scheduler/api/jobs HTTP/1.0\r\n\r\n").await;
        assert!(answer.starts_with("HTTP/1.0 403"), "{index}: {answer}");
        assert!(answer.contains("the request names no host"), "{index}: {answer}");
        let answer = raw(&site, "GET /scheduler/api/jobs HTTP/1.0\r\nhost: localhost\r\n\r\n").await;
        assert!(answer.starts_with("HTTP/1.0 200"), "{index}: {answer}");
        let mut paths = vec!["/scheduler", "/scheduler/api/jobs", "/scheduler/healthz", "/scheduler/nothing"];
        if index == 0 {
            paths.extend(["/", "/nothing"]);
        }
        for path in paths {
            for (first, second) in [
                ("localhost", "rebound.example"),
                ("rebound.example", "localhost"),
                ("localhost", "localhost"),
            ] {
                let head = format!(
                    "GET {path} HTTP/1.1\r\nhost: {first}\r\nhost: {second}\r\nconnection: close\r\n\r\n"
                );
                let answer = raw(&site, &head).await;
                assert!(answer.starts_with("HTTP/1.1 400"), "{index} {path} {first} {second}: {answer}");
                assert!(answer.contains("two `Host` headers"), "{answer}");
            }
        }
    }
}
