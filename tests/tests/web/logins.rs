//! Logins of browsers: whose they are, how many there may be, and how they are
//! guarded from guessing.

use std::time::Duration;

use fastscheduler::prelude::*;
use fastscheduler::testing::ManualClock;
use fastscheduler::{Clock as _, SystemClock};
use fastscheduler_tests::log::Log;
use fastscheduler_tests::on_manual_clock;
use fastscheduler_tests::site::{Answer, Site};

const TOKEN: &str = "correct-horse-battery-staple";
const READ_TOKEN: &str = "only-looking-thanks";
const FORM: (&str, &str) = ("content-type", "application/x-www-form-urlencoded");
const JOBS: &str = "/scheduler/api/jobs";

async fn guarded() -> (Scheduler, ManualClock, Site) {
    let (builder, clock) = on_manual_clock();
    let scheduler = builder.token(TOKEN).read_only_token(READ_TOKEN).build().await.unwrap();
    let site = Site::of(&scheduler).await;
    (scheduler, clock, site)
}

async fn log_in(site: &Site, token: &str) -> Answer {
    site.ask("POST", "/scheduler/login", &[FORM], &format!("token={token}")).await
}

fn cookie(answer: &Answer) -> String {
    answer.header("set-cookie").split(';').next().unwrap().to_owned()
}

async fn status(site: &Site, header: (&str, &str)) -> u16 {
    site.ask("GET", JOBS, &[header], "").await.status.as_u16()
}

#[tokio::test]
async fn logins_with_one_token_do_not_end_those_with_the_other() {
    for (first, others) in [(TOKEN, READ_TOKEN), (READ_TOKEN, TOKEN)] {
        let (_scheduler, _clock, site) = guarded().await;
        let kept = cookie(&log_in(&site, first).await);
        let oldest = cookie(&log_in(&site, others).await);
        for _ in 0..100 {
            assert_eq!(log_in(&site, others).await.status, 303);
        }
        assert_eq!(status(&site, ("cookie", &kept)).await, 200, "{first}");
        assert_eq!(status(&site, ("cookie", &oldest)).await, 401, "the oldest of its own kind");
    }
}

#[tokio::test]
async fn a_login_is_read_from_the_field_that_the_document_names() {
    let (_scheduler, _clock, site) = guarded().await;
    let token = format!("Bearer {TOKEN}");
    let document =
        site.ask("GET", "/scheduler/api/openapi.json", &[("authorization", &token)], "").await.json();
    let fields = document["components"]["schemas"]["Login"]["required"].as_array().unwrap().clone();
    let form: Vec<_> = fields.iter().map(|field| format!("{}={TOKEN}", field.as_str().unwrap())).collect();
    assert_eq!(form.len(), 1, "{form:?}");
    assert_eq!(site.ask("POST", "/scheduler/login", &[FORM], &form[0]).await.status, 303, "{form:?}");
}

#[tokio::test]
async fn two_schedulers_on_one_host_have_a_login_each() {
    let mut cookies = Vec::new();
    let mut sites = Vec::new();
    for _ in 0..2 {
        let scheduler = on_manual_clock().0.token(TOKEN).http("127.0.0.1:0").build().await.unwrap();
        scheduler.start().await.unwrap();
        sites.push(Site::at(scheduler.http_address().unwrap()));
        let nested = on_manual_clock().0.token(TOKEN).build().await.unwrap();
        sites.push(Site::of(&nested).await);
    }
    for site in &sites {
        cookies.push(cookie(&log_in(site, TOKEN).await));
    }
    let mut names: Vec<_> = cookies.iter().map(|cookie| cookie.split('=').next().unwrap()).collect();
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), sites.len(), "{names:?}");
    // A browser sends all that it has.
    let all = cookies.join("; ");
    for site in &sites {
        assert_eq!(status(site, ("cookie", &all)).await, 200);
        let token = format!("Bearer {TOKEN}");
        let headers = [("authorization", &*token)];
        let document = site.ask("GET", "/scheduler/api/openapi.json", &headers, "").await.json();
        let name = document["components"]["securitySchemes"]["session"]["name"].as_str().unwrap().to_owned();
        assert!(
            all.contains(&format!("{name}=")) && name.ends_with(&site.address.port().to_string()),
            "{name}"
        );
    }
    // Behind a proxy that leaves the port out, a scheduler's own server goes by its own.
    let named = log_in_as(&sites[0], "scheduler.example").await;
    assert!(cookie(&named).starts_with(&format!("fastscheduler_session_{}=", sites[0].address.port())));
}

async fn log_in_as(site: &Site, host: &str) -> Answer {
    site.ask("POST", "/scheduler/login", &[FORM, ("host", host)], &format!("token={TOKEN}")).await
}

#[tokio::test]
async fn after_ten_wrong_logins_further_ones_wait_and_nobody_else_does() {
    let (_scheduler, clock, site) = guarded().await;
    let session = cookie(&log_in(&site, TOKEN).await);
    for number in 1..=10 {
        assert_eq!(log_in(&site, "wrong").await.status, 401, "{number}");
    }
    for body in ["token=wrong", "token=", "other=1"] {
        let began = SystemClock.elapsed();
        let answer = site.ask("POST", "/scheduler/login", &[FORM], body).await;
        assert_eq!((answer.status.as_u16(), answer.header("set-cookie")), (429, ""), "{body}");
        assert!(SystemClock.elapsed() >= began + Duration::from_secs(1), "{body}");
        assert!(
            answer.body.contains("too many") && answer.body.contains("name=\"token\""),
            "{}",
            answer.body
        );
    }
    // One that waits hinders nobody.
    let mut waiting = std::pin::pin!(log_in(&site, "wrong"));
    let others = async {
        for token in [TOKEN, READ_TOKEN] {
            assert_eq!(log_in(&site, token).await.status, 303);
        }
        assert_eq!(status(&site, ("cookie", &session)).await, 200);
        let right = format!("Bearer {TOKEN}");
        for (bearer, expected) in [(&*right, 200), ("Bearer wrong", 401)] {
            for _ in 0..20 {
                assert_eq!(status(&site, ("authorization", bearer)).await, expected, "{bearer}");
            }
        }
    };
    tokio::join!(others, async { assert_eq!(waiting.as_mut().await.status, 429) });
    clock.advance(Duration::from_secs(60));
    assert_eq!(log_in(&site, "wrong").await.status, 401, "a minute later");
}

#[tokio::test(flavor = "current_thread")]
async fn a_short_token_is_a_warning_that_does_not_show_it() {
    for (builder, warned) in [
        (on_manual_clock().0.token("fifteen-letters"), Some("`token` has 15 characters")),
        (on_manual_clock().0.token("sixteen--letters"), None),
        (on_manual_clock().0.read_only_token("short"), Some("`read_only_token` has 5 characters")),
        (on_manual_clock().0, None),
    ] {
        let log = Log::default();
        let _guard = tracing::subscriber::set_default(log.clone());
        let scheduler = builder.build().await.unwrap();
        scheduler.start().await.unwrap();
        let text = log.lines().join("\n");
        match warned {
            Some(warning) => assert!(text.contains(warning) && text.contains("at least 16"), "{text}"),
            None => assert!(!text.contains("characters"), "{text}"),
        }
        assert!(!text.contains("fifteen-letters") && !text.contains("short"), "{text}");
        scheduler.stop().await.unwrap();
    }
}
