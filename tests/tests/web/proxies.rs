//! Proxies in front that strip the prefix, add one, or rename it.

use std::net::SocketAddr;

use axum::Router;
use axum::body::Body;
use axum::extract::Request;
use axum::response::{IntoResponse as _, Response};
use fastscheduler::prelude::*;
use fastscheduler_tests::on_manual_clock;
use fastscheduler_tests::site::Site;
use futures_util::FutureExt as _;
use hyper::StatusCode;
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;

use super::prefix::{open, references, resolved};

const TOKEN: &str = "correct-horse-battery-staple";
const FORM: (&str, &str) = ("content-type", "application/x-www-form-urlencoded");
const BROWSER: (&str, &str) = ("accept", "text/html");

/// A proxy: what begins with a prefix outside begins with another one inside.
#[derive(Debug, Clone, Copy)]
struct Proxy {
    outside: &'static str,
    inside: &'static str,
    /// The value of `X-Forwarded-Prefix`.
    says: Option<&'static str>,
}

const fn proxy(outside: &'static str, inside: &'static str) -> Proxy {
    Proxy { outside, inside, says: None }
}

impl Proxy {
    const fn says(self, prefix: &'static str) -> Self {
        Self { says: Some(prefix), ..self }
    }

    async fn before(self, server: SocketAddr) -> Site {
        Site::serve(Router::new().fallback(async move |request| self.forward(request, server).await)).await
    }

    async fn forward(self, mut request: Request, server: SocketAddr) -> Response {
        let path = request.uri().path_and_query().unwrap().as_str();
        let rest = path.strip_prefix(self.outside);
        let Some(rest) = rest.filter(|rest| rest.is_empty() || rest.starts_with(['/', '?'])) else {
            return (StatusCode::NOT_FOUND, "the proxy knows no such prefix").into_response();
        };
        let path = format!("{}{rest}", self.inside);
        *request.uri_mut() = if path.starts_with('/') { path } else { format!("/{path}") }.parse().unwrap();
        if let Some(prefix) = self.says {
            request.headers_mut().insert("x-forwarded-prefix", prefix.parse().unwrap());
        }
        let stream = TokioIo::new(TcpStream::connect(server).await.unwrap());
        let (mut sender, connection) = hyper::client::conn::http1::handshake(stream).await.unwrap();
        tokio::spawn(connection.map(drop));
        sender.send_request(request).await.unwrap().map(Body::new)
    }
}

/// Who serves the scheduler, and where.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Serves {
    Itself,
    ApplicationAsService(&'static str),
    ApplicationAsRouter(&'static str),
}

impl Serves {
    async fn start(self) -> (Scheduler, Site) {
        let builder = on_manual_clock().0.token(TOKEN);
        let builder = if self == Self::Itself { builder.http("127.0.0.1:0") } else { builder };
        let scheduler = builder.build().await.unwrap();
        scheduler.start().await.unwrap();
        let router = fastscheduler::web::router(&scheduler);
        let site = match self {
            Self::Itself => Site::at(scheduler.http_address().unwrap()),
            Self::ApplicationAsService(prefix) => {
                Site::serve(Router::new().nest_service(prefix, router)).await
            }
            Self::ApplicationAsRouter(prefix) => Site::serve(Router::new().nest(prefix, router)).await,
        };
        (scheduler, site)
    }
}

/// Logs in where a browser is led to, opens all that the page refers to, and logs out.
async fn all_works(serves: Serves, proxy: Proxy, address: &str) {
    let case = format!("{serves:?} {proxy:?} {address}");
    let (scheduler, server) = serves.start().await;
    let site = proxy.before(server.address).await;

    let (url, login) = open(&site, address, &[BROWSER]).await;
    assert!(login.body.contains("name=\"token\""), "{case}: {url}: {}", login.body);
    for reference in references(&login.body).into_iter().filter(|reference| *reference != "login") {
        assert_eq!(open(&site, &resolved(&url, reference), &[]).await.1.status, 200, "{case}: {reference}");
    }
    let url = resolved(&url, "login");
    let answer = site.ask("POST", &url, &[FORM], &format!("token={TOKEN}")).await;
    assert_eq!(answer.status, 303, "{case}: {url}");
    let (cookie, attributes) = answer.header("set-cookie").split_once(';').unwrap();
    assert!(!attributes.to_ascii_lowercase().contains("path"), "{case}: {attributes}");
    // A browser sends the cookie to what is below the folder that it came from.
    let folder = url.rsplit_once('/').unwrap().0;
    let session = [BROWSER, ("cookie", cookie)];
    let open_logged_in = async |url: &str| {
        let (url, answer) = open(&site, url, &session).await;
        assert!(url == folder || url.starts_with(&format!("{folder}/")), "{case}: {url} gets no cookie");
        assert_eq!(answer.status, 200, "{case}: {url}: {}", answer.body);
        (url, answer)
    };

    let (home, page) = open_logged_in(&resolved(&url, answer.header("location"))).await;
    assert!(page.body.contains("page.js"), "{case}: {home}: {}", page.body);
    let (home, page) = if serves == Serves::Itself { (home, page) } else { open_logged_in(address).await };
    let references = references(&page.body);
    assert!(references.len() >= 5, "{case}: {references:?}");
    for reference in references.iter().filter(|reference| !reference.ends_with("logout")) {
        open_logged_in(&resolved(&home, reference)).await;
    }
    let base = page.body.split('"').find_map(|text| text.strip_suffix("assets/page.js")).unwrap();
    let (document_at, document) = open_logged_in(&resolved(&home, &format!("{base}api/openapi.json"))).await;
    let root = resolved(&document_at, document.json()["servers"][0]["url"].as_str().unwrap());
    assert_eq!(open_logged_in(&format!("{root}/api/jobs")).await.1.json()["total"], 0, "{case}");
    let (docs, _) = open_logged_in(&format!("{root}/api/docs")).await;
    assert!(
        open_logged_in(&resolved(&docs, "swagger-initializer.js")).await.1.body.contains("../openapi.json")
    );
    let mut events = site.listen(&format!("{root}/events"), &session).await;
    assert_eq!(events.next().await.unwrap().name, "message", "{case}");

    let logout = references.iter().find(|reference| reference.ends_with("logout")).unwrap();
    let url = resolved(&home, logout);
    let answer = site.ask("POST", &url, &[FORM, ("cookie", cookie)], "").await;
    let (_, login) = open(&site, &resolved(&url, answer.header("location")), &session).await;
    assert!(login.body.contains("name=\"token\""), "{case}: {}", login.body);
    scheduler.stop().await.unwrap();
}

#[tokio::test]
async fn behind_a_proxy_that_strips_adds_or_renames_the_prefix_everything_works() {
    use Serves::{ApplicationAsRouter, ApplicationAsService, Itself};
    for serves in [Itself, ApplicationAsService("/scheduler")] {
        for (proxy, address) in [
            (proxy("/ops", ""), "/ops/scheduler/"),
            (proxy("", "/scheduler"), "/"),
            (proxy("/ops", "/scheduler"), "/ops/"),
            (proxy("/deep/down", "/scheduler"), "/deep/down/"),
            (proxy("/ops", "/scheduler").says("/ops"), "/ops/"),
        ] {
            all_works(serves, proxy, address).await;
        }
    }
    for serves in [Itself, ApplicationAsService("/scheduler"), ApplicationAsRouter("/scheduler")] {
        all_works(serves, proxy("/ops", "/scheduler"), "/ops/index.html").await;
    }
    all_works(ApplicationAsService("/admin/jobs"), proxy("/ops", "/admin/jobs"), "/ops/").await;
    all_works(ApplicationAsService("/deep/{tenant}/jobs"), proxy("/ops", "/deep/acme/jobs"), "/ops/").await;
}

#[tokio::test]
async fn a_login_that_was_opened_before_the_page_leads_to_it_behind_a_proxy_that_renames() {
    use Serves::{ApplicationAsRouter, ApplicationAsService, Itself};
    for serves in [Itself, ApplicationAsService("/scheduler"), ApplicationAsRouter("/scheduler")] {
        let (scheduler, server) = serves.start().await;
        let site = proxy("/ops", "/scheduler").before(server.address).await;
        let answer = site.ask("POST", "/ops/login", &[FORM], &format!("token={TOKEN}")).await;
        assert_eq!(answer.status, 303, "{serves:?}");
        let cookie = answer.header("set-cookie").split(';').next().unwrap();
        let page = resolved("/ops/login", answer.header("location"));
        let (url, page) = open(&site, &page, &[BROWSER, ("cookie", cookie)]).await;
        assert!(page.status == 200 && page.body.contains("page.js"), "{serves:?}: {url}: {page:?}");
        scheduler.stop().await.unwrap();
    }
}

#[tokio::test]
async fn an_address_without_a_slash_goes_by_its_last_segment_or_by_the_forwarded_prefix() {
    use Serves::{ApplicationAsRouter, ApplicationAsService, Itself};
    for serves in [Itself, ApplicationAsService("/scheduler"), ApplicationAsRouter("/scheduler")] {
        for (proxy, address) in [
            (proxy("/ops", ""), "/ops/scheduler"),
            (proxy("/scheduler", "/scheduler"), "/scheduler"),
            (proxy("/ops", "/scheduler").says("/ops"), "/ops"),
            (proxy("/deep/down", "/scheduler").says("/deep/down/"), "/deep/down"),
            (proxy("/deep/down", "/scheduler").says("/deep, /down"), "/deep/down"),
        ] {
            all_works(serves, proxy, address).await;
        }
    }
    // Our own server also leads on from its root, which is there if a prefix was only stripped.
    for (proxy, address) in [
        (proxy("/ops", "").says("/ops"), "/ops/scheduler"),
        (proxy("/ops", "").says("/ops"), "/ops"),
        (proxy("/ops", "").says("/ops"), "/ops/"),
        (proxy("/ops", ""), "/ops/"),
    ] {
        all_works(Itself, proxy, address).await;
    }
}

#[tokio::test]
async fn a_forwarded_prefix_never_leads_to_another_site() {
    let (scheduler, site) = Serves::Itself.start().await;
    for prefix in ["//evil.example", "https://evil.example", "/\\evil.example", "evil", "/a//b", "/../a"] {
        let answer = site.ask("GET", "/scheduler", &[BROWSER, ("x-forwarded-prefix", prefix)], "").await;
        assert_eq!(answer.header("location"), "scheduler/", "{prefix}");
        let answer = site.ask("GET", "/", &[("x-forwarded-prefix", prefix)], "").await;
        assert_eq!(answer.header("location"), "scheduler/", "{prefix}");
    }
    scheduler.stop().await.unwrap();
}
