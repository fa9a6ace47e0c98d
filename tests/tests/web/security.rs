//! Who may do what over HTTP.

use axum::Router;
use axum::routing::get;
use fastscheduler::prelude::*;
use fastscheduler::{SchedulerBuilder, SchedulerError};
use fastscheduler_tests::on_manual_clock;
use fastscheduler_tests::site::{Answer, Site};

const TOKEN: &str = "correct-horse";
const READ_TOKEN: &str = "battery-staple";
const FORM: (&str, &str) = ("content-type", "application/x-www-form-urlencoded");
const JSON: (&str, &str) = ("content-type", "application/json");

fn builder() -> SchedulerBuilder {
    on_manual_clock().0
}

/// A scheduler with both tokens and one job.
async fn guarded() -> (Scheduler, Site) {
    let scheduler = builder().token(TOKEN).read_only_token(READ_TOKEN).build().await.unwrap();
    scheduler.add(every(1).hours().call("quick")).await.unwrap();
    let site = Site::of(&scheduler).await;
    (scheduler, site)
}

/// A scheduler that anybody may use.
async fn open() -> Site {
    let scheduler = builder().build().await.unwrap();
    scheduler.add(every(1).hours().call("quick")).await.unwrap();
    Site::of(&scheduler).await
}

fn bearer(token: &str) -> String {
    format!("Bearer {token}")
}

fn detail(answer: &Answer) -> String {
    answer.json()["detail"].as_str().unwrap().to_owned()
}

async fn is_paused(scheduler: &Scheduler) -> bool {
    scheduler.job("job_0").await.unwrap().unwrap().is_paused()
}

const PAUSE: &str = "/scheduler/api/jobs/job_0/pause";

#[tokio::test]
async fn without_the_right_token_everything_is_refused() {
    let (scheduler, site) = guarded().await;
    let long = "x".repeat(10_000);
    for token in [
        "",
        "Bearer ",
        "Bearer wrong",
        "Bearer correct-horsE",
        "Bearer correct-hors",
        "Basic correct-horse",
        "correct-horse",
        &bearer(&long),
    ] {
        for (method, path) in [
            ("GET", "/scheduler/api/jobs"),
            ("GET", "/scheduler/events"),
            ("GET", "/scheduler/metrics"),
            ("GET", "/scheduler/api/openapi.json"),
            ("GET", "/scheduler/api/docs/"),
            ("GET", "/scheduler/nothing"),
            ("GET", "/scheduler"),
            ("POST", PAUSE),
            ("DELETE", "/scheduler/api/jobs/job_0"),
        ] {
            let answer = site.ask(method, path, &[("authorization", token)], "").await;
            assert_eq!(answer.status, 401, "{token} {method} {path}");
            assert_eq!(answer.header("www-authenticate"), "Bearer");
            assert!(detail(&answer).contains("a token is needed"), "{}", answer.body);
            assert!(!answer.body.contains(TOKEN) && !answer.body.contains(READ_TOKEN));
        }
    }
    assert!(!is_paused(&scheduler).await);
}

#[tokio::test]
async fn the_token_opens_everything() {
    let (scheduler, site) = guarded().await;
    let token = bearer(TOKEN);
    let headers = [("authorization", token.as_str())];
    assert_eq!(site.ask("GET", "/scheduler/api/jobs", &headers, "").await.json()["total"], 1);
    assert_eq!(site.ask("POST", PAUSE, &headers, "").await.status, 200);
    assert!(is_paused(&scheduler).await);
    assert_eq!(site.listen("/scheduler/events", &headers).await.next().await.unwrap().name, "message");
}

#[tokio::test]
async fn the_read_only_token_looks_and_changes_nothing() {
    let (scheduler, site) = guarded().await;
    let token = bearer(READ_TOKEN);
    let headers = [("authorization", token.as_str()), JSON];
    for path in ["/scheduler/api/jobs", "/scheduler/metrics", "/scheduler/api/status"] {
        assert_eq!(site.ask("GET", path, &headers, "").await.status, 200, "{path}");
    }
    site.listen("/scheduler/events?stream=changes", &headers).await.named("snapshot").await;
    for (method, path) in [
        ("POST", PAUSE),
        ("POST", "/scheduler/api/jobs"),
        ("PUT", "/scheduler/api/jobs/job_0"),
        ("DELETE", "/scheduler/api/jobs/job_0"),
        ("DELETE", "/scheduler/api/dead-letters"),
        ("PATCH", "/scheduler/api/jobs"),
    ] {
        let answer = site.ask(method, path, &headers, "{}").await;
        assert_eq!(answer.status, 403, "{method} {path}");
        assert!(detail(&answer).contains("may look"), "{}", answer.body);
    }
    assert!(!is_paused(&scheduler).await);
}

#[tokio::test]
async fn with_a_read_only_token_alone_nobody_changes_anything() {
    let scheduler = builder().read_only_token(READ_TOKEN).build().await.unwrap();
    let site = Site::of(&scheduler).await;
    let token = bearer(READ_TOKEN);
    assert_eq!(site.get("/scheduler/api/jobs").await.status, 401);
    let headers = [("authorization", token.as_str())];
    assert_eq!(site.ask("GET", "/scheduler/api/jobs", &headers, "").await.status, 200);
    assert_eq!(site.ask("DELETE", "/scheduler/api/dead-letters", &headers, "").await.status, 403);
}

/// The cookie of an answer, without its attributes.
fn cookie(answer: &Answer) -> String {
    answer.header("set-cookie").split(';').next().unwrap().to_owned()
}

async fn log_in(site: &Site, token: &str) -> Answer {
    site.ask(
        "POST",
        "/scheduler/login",
        &[FORM, ("sec-fetch-site", "same-origin")],
        &format!("token={token}"),
    )
    .await
}

#[tokio::test]
async fn a_browser_is_sent_to_the_login_and_gets_a_cookie() {
    let (scheduler, site) = guarded().await;
    let html = [("accept", "text/html,application/xhtml+xml,*/*;q=0.8")];
    let page = site.ask("GET", "/scheduler", &html, "").await;
    assert_eq!((page.status.as_u16(), page.header("location")), (303, "scheduler/login"));
    assert_eq!(site.ask("GET", "/scheduler/api/jobs", &html, "").await.status, 401, "JSON for the API");
    let form = site.get("/scheduler/login").await;
    assert_eq!(form.status, 200);
    assert!(form.body.contains("<form method=\"post\" action=\"login\""), "{}", form.body);
    assert_eq!(site.get("/scheduler/assets/page.css").await.status, 200, "the page needs it");

    let answer = log_in(&site, TOKEN).await;
    assert_eq!((answer.status.as_u16(), answer.header("location")), (303, "index.html"));
    let attributes: Vec<&str> = answer.header("set-cookie").split("; ").skip(1).collect();
    assert_eq!(attributes, ["Max-Age=43200", "SameSite=Strict", "HttpOnly"]);
    let session = cookie(&answer);
    assert!(!session.contains(TOKEN), "{session}");

    let headers = [("cookie", session.as_str())];
    assert_eq!(site.ask("GET", "/scheduler", &headers, "").await.status, 200);
    assert_eq!(site.ask("POST", PAUSE, &headers, "").await.status, 200);
    assert!(is_paused(&scheduler).await);
    site.listen("/scheduler/events", &headers).await.next().await.unwrap();

    let page = site.ask("GET", "/scheduler", &headers, "").await.body;
    assert!(page.contains("<form method=\"post\" action=\"scheduler/logout\">"), "{page}");
    let out = site.ask("POST", "/scheduler/logout", &[headers[0], FORM], "").await;
    assert_eq!((out.status.as_u16(), out.header("location")), (303, "login"));
    let ended = format!("fastscheduler_session_{}=; Max-Age=0", site.address.port());
    assert!(out.header("set-cookie").starts_with(&ended), "{out:?}");
    assert_eq!(site.ask("GET", "/scheduler/api/jobs", &headers, "").await.status, 401);
}

#[tokio::test]
async fn a_login_with_the_read_only_token_may_only_look() {
    let (_scheduler, site) = guarded().await;
    let session = cookie(&log_in(&site, READ_TOKEN).await);
    let headers = [("cookie", session.as_str())];
    assert_eq!(site.ask("GET", "/scheduler/api/jobs", &headers, "").await.status, 200);
    assert_eq!(site.ask("POST", PAUSE, &headers, "").await.status, 403);
    assert_eq!(site.ask("POST", "/scheduler/logout", &headers, "").await.status, 303);
}

#[tokio::test]
async fn a_wrong_login_gets_no_cookie() {
    let (_scheduler, site) = guarded().await;
    for body in ["token=wrong", "token=", "", "other=correct-horse", "%ff%fe", "token=%00"] {
        let answer = site.ask("POST", "/scheduler/login", &[FORM], body).await;
        assert_eq!((answer.status.as_u16(), answer.header("set-cookie")), (401, ""), "{body}");
        assert!(answer.body.contains("That is not the token."));
    }
    let answer = site.ask("POST", "/scheduler/login", &[JSON], "token=correct-horse").await;
    assert_eq!(answer.status, 401, "not a form");
    let guessed = "0".repeat(64);
    for value in ["", TOKEN, &guessed] {
        let cookie = format!("fastscheduler_session_{}={value}", site.address.port());
        assert_eq!(site.ask("GET", "/scheduler/api/jobs", &[("cookie", &cookie)], "").await.status, 401);
    }
}

#[tokio::test]
async fn over_https_the_cookie_is_for_https_only() {
    let (_scheduler, site) = guarded().await;
    let host = format!("https://{}", site.address);
    for header in [("x-forwarded-proto", "https"), ("origin", host.as_str())] {
        let answer = site.ask("POST", "/scheduler/login", &[FORM, header], &format!("token={TOKEN}")).await;
        assert!(answer.header("set-cookie").ends_with("; HttpOnly; Secure"), "{header:?} {answer:?}");
    }
}

#[tokio::test]
async fn changes_that_another_site_asks_for_are_refused_whoever_asks() {
    let (scheduler, site) = guarded().await;
    let session = cookie(&log_in(&site, TOKEN).await);
    for header in [
        ("sec-fetch-site", "cross-site"),
        ("sec-fetch-site", "same-site"),
        ("origin", "https://evil.example"),
        ("origin", "null"),
    ] {
        for (method, path) in [
            ("POST", PAUSE),
            ("DELETE", "/scheduler/api/jobs/job_0"),
            ("POST", "/scheduler/login"),
            ("POST", "/scheduler/logout"),
        ] {
            let answer = site.ask(method, path, &[header, ("cookie", &session)], "").await;
            assert_eq!(answer.status, 403, "{header:?} {path}");
            assert!(detail(&answer).contains("from another"), "{}", answer.body);
        }
        let answer = site.ask("GET", "/scheduler/api/jobs", &[header, ("cookie", &session)], "").await;
        assert_eq!(answer.status, 200, "looking changes nothing");
        assert_eq!(answer.header("access-control-allow-origin"), "");
    }
    let own = format!("http://{}", site.address);
    assert!(!is_paused(&scheduler).await);
    assert_eq!(site.ask("POST", PAUSE, &[("origin", &own), ("cookie", &session)], "").await.status, 200);
}

#[tokio::test]
async fn without_tokens_another_site_is_refused_all_the_same() {
    let site = open().await;
    assert_eq!(site.ask("POST", PAUSE, &[("origin", "https://evil.example")], "").await.status, 403);
    assert_eq!(site.ask("POST", PAUSE, &[], "").await.status, 200, "no browser");
}

#[tokio::test]
async fn a_form_changes_nothing() {
    let site = open().await;
    for content_type in [
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=x",
        "text/plain",
        "Text/Plain;charset=utf-8",
    ] {
        for path in [PAUSE, "/scheduler/api/jobs", "/scheduler/api/schedules/preview"] {
            let answer = site.ask("POST", path, &[("content-type", content_type)], "a=b").await;
            assert_eq!(answer.status, 415, "{content_type} {path}");
        }
    }
}

#[tokio::test]
async fn every_answer_has_the_headers_that_keep_others_out() {
    let (_scheduler, site) = guarded().await;
    let token = bearer(TOKEN);
    let own = ("authorization", token.as_str());
    for (method, path, header) in [
        ("GET", "/scheduler", own),
        ("GET", "/scheduler/api/jobs", own),
        ("GET", "/scheduler/api/jobs", ("a", "b")),
        ("POST", PAUSE, ("origin", "null")),
        ("GET", "/scheduler/login", ("a", "b")),
        ("GET", "/scheduler/healthz", ("a", "b")),
        ("GET", "/scheduler/assets/page.js", ("a", "b")),
        ("GET", "/scheduler/nothing", own),
        ("PATCH", "/scheduler/api/jobs", own),
        ("GET", "/scheduler/metrics", own),
    ] {
        let answer = site.ask(method, path, &[header], "").await;
        let policy = answer.header("content-security-policy");
        assert!(policy.contains("default-src 'none'") && policy.contains("frame-ancestors 'none'"), "{path}");
        assert!(!policy.contains("unsafe"), "{policy}");
        assert_eq!(answer.header("x-content-type-options"), "nosniff", "{path}");
        assert_eq!(answer.header("x-frame-options"), "DENY", "{path}");
        assert_eq!(answer.header("referrer-policy"), "same-origin", "{path}");
        let may_be_kept = path.ends_with("scheduler") || path.contains("assets");
        let caching = if may_be_kept { "no-cache" } else { "no-store" };
        assert_eq!(answer.header("cache-control"), caching, "{path}");
    }
}

#[tokio::test]
async fn an_address_that_others_reach_needs_a_token() {
    for address in ["0.0.0.0:0", "[::]:0"] {
        let scheduler = builder().http(address).build().await.unwrap();
        let refused = scheduler.start().await.unwrap_err().to_string();
        assert!(
            refused.contains("only this machine reaches") && refused.contains("FASTSCHEDULER_TOKEN"),
            "{refused}"
        );
    }
    let scheduler = builder().http("0.0.0.0:0").token(TOKEN).build().await.unwrap();
    scheduler.start().await.unwrap();
    let port = scheduler.http_address().unwrap().port();
    let site = Site::at(([127, 0, 0, 1], port).into());
    assert_eq!(site.get("/scheduler/api/jobs").await.status, 401);
    let token = bearer(TOKEN);
    let headers = [("authorization", token.as_str()), ("host", "scheduler.example")];
    assert_eq!(site.ask("GET", "/scheduler/api/jobs", &headers, "").await.status, 200);
    scheduler.stop().await.unwrap();
}

#[tokio::test]
async fn a_server_for_this_machine_is_asked_by_its_own_names_only() {
    let scheduler = builder().http("127.0.0.1:0").build().await.unwrap();
    scheduler.start().await.unwrap();
    let site = Site::at(scheduler.http_address().unwrap());
    for host in ["localhost", "localhost:8000", "127.0.0.1:1", "[::1]:8000"] {
        assert_eq!(site.ask("GET", "/scheduler/api/jobs", &[("host", host)], "").await.status, 200, "{host}");
    }
    for host in ["evil.example", "127.0.0.1.evil.example:8000", "10.0.0.1"] {
        for path in ["/scheduler/api/jobs", "/scheduler/events", "/scheduler/"] {
            let answer = site.ask("GET", path, &[("host", host)], "").await;
            assert_eq!(answer.status, 403, "{host}");
            assert!(detail(&answer).contains("is not a name of this machine"), "{}", answer.body);
        }
    }
    scheduler.stop().await.unwrap();
}

#[tokio::test]
async fn the_tokens_apply_in_an_application_of_ones_own_and_to_nothing_else_there() {
    let scheduler = builder().token(TOKEN).build().await.unwrap();
    let application = Router::new()
        .route("/", get(|| async { "hello" }))
        .nest("/deep/down", fastscheduler::web::router(&scheduler));
    let site = Site::serve(application).await;
    assert_eq!(site.get("/").await.body, "hello");
    assert_eq!(site.get("/deep/down/api/jobs").await.status, 401);
    let answer = site.ask("POST", "/deep/down/login", &[FORM], &format!("token={TOKEN}")).await;
    assert!(answer.header("set-cookie").starts_with("fastscheduler_session"), "{answer:?}");
    assert_eq!(answer.header("location"), "index.html");
}

#[tokio::test]
async fn a_token_that_cannot_be_sent_or_told_apart_is_refused_without_being_shown() {
    let refused = [
        builder().token(""),
        builder().token("two words"),
        builder().read_only_token("geheim\u{fc}"),
        builder().token("twice-the-same").read_only_token("twice-the-same"),
    ];
    for builder in refused {
        let error = builder.build().await.unwrap_err();
        assert!(matches!(error, SchedulerError::Setting { .. }));
        for text in [error.to_string(), format!("{error:?}")] {
            assert!(!["two words", "geheim", "twice"].iter().any(|secret| text.contains(secret)), "{text}");
        }
    }
}

#[tokio::test]
async fn no_secret_is_in_any_output() {
    let builder = builder().token(TOKEN).read_only_token(READ_TOKEN);
    let mut texts = vec![format!("{builder:?} {builder:#?}")];
    let scheduler = builder.build().await.unwrap();
    texts.push(format!("{scheduler:?} {scheduler:#?} {}", scheduler.status().await.unwrap()));
    let site = Site::of(&scheduler).await;
    let token = bearer(TOKEN);
    for path in [
        "",
        "/metrics",
        "/api/openapi.json",
        "/api/status",
        "/api/instances",
        "/healthz",
        "/readyz",
        "/login",
    ] {
        let path = format!("/scheduler{path}");
        texts.push(site.ask("GET", &path, &[("authorization", &token)], "").await.body);
    }
    for text in texts {
        assert!(!text.contains(TOKEN) && !text.contains(READ_TOKEN), "{text}");
    }
}
