//! Requests that take no body, sent with one.

use std::time::Duration;

use fastscheduler::prelude::*;
use fastscheduler_tests::held::Held;
use fastscheduler_tests::site::Site;
use fastscheduler_tests::{advance, started};

const JSON: &[(&str, &str)] = &[("content-type", "application/json")];
const OTHER: &[(&str, &str)] = &[("content-type", "application/x-other")];

/// A scheduler with a dead letter, a run under way and a paused job; and all
/// actions on them, those that take something away last.
async fn with_actions() -> (Scheduler, Held, Vec<(&'static str, String)>) {
    let (scheduler, clock) = started().await;
    scheduler.add(every(10).seconds().retries(0).call("fails")).await.unwrap();
    advance(&scheduler, &clock, 20).await;
    let (mut held, job) = Held::new();
    scheduler.add(once(1).run("held", job)).await.unwrap();
    scheduler.add(every(1).hours().group("g").enabled(false).call("quick")).await.unwrap();
    clock.advance(Duration::from_secs(1));
    held.begins().await;
    let under_way = scheduler.running().remove(0).run_id;
    let letters = scheduler.dead_letters(2).await.unwrap();
    let [first, second] = [0, 1].map(|letter: usize| letters[letter].run.run_id);
    let mut actions: Vec<(&str, String)> = Vec::new();
    for action in ["resume", "pause", "enable", "disable", "run"] {
        actions.push(("POST", format!("jobs/job_2/{action}")));
    }
    for action in ["resume", "pause"] {
        actions.push(("POST", format!("groups/g/{action}")));
    }
    actions.push(("POST", format!("runs/{under_way}/cancel")));
    actions.push(("POST", format!("dead-letters/{first}/retry")));
    actions.push(("DELETE", format!("dead-letters/{second}")));
    actions.push(("DELETE", "dead-letters".to_owned()));
    actions.push(("POST", "jobs/job_0/cancel".to_owned()));
    actions.push(("DELETE", "jobs/job_2".to_owned()));
    actions.push(("DELETE", "groups/g".to_owned()));
    (scheduler, held, actions)
}

#[tokio::test]
async fn an_action_with_a_body_that_could_not_be_used_is_refused_and_not_done() {
    let (scheduler, _held, actions) = with_actions().await;
    let site = Site::of(&scheduler).await;
    let large = format!("\"{}\"", "x".repeat(1024 * 1024));
    let deep = format!("{}{}", "[".repeat(1_000), "]".repeat(1_000));
    let bodies = [
        (JSON, large.as_str(), 413, "the body is larger than 1 MiB"),
        (&[], &large, 413, "the body is larger than 1 MiB"),
        (JSON, "{", 422, "EOF"),
        (JSON, "{} trailing", 422, "trailing characters"),
        (JSON, "nonsense", 422, "expected ident"),
        (JSON, &deep, 400, "the body is nested 1000 deep"),
    ];
    let look = async || {
        let mut seen = Vec::new();
        for list in ["jobs", "history", "dead-letters"] {
            seen.push(site.get(&format!("/scheduler/api/{list}")).await.body);
        }
        seen
    };
    let before = look().await;
    for (method, path) in &actions {
        for (headers, body, status, says) in bodies {
            let answer = site.ask(method, &format!("/scheduler/api/{path}"), headers, body).await;
            assert_eq!(answer.status.as_u16(), status, "{method} {path}: {}", answer.body);
            let detail = answer.json()["detail"].to_string();
            assert!(detail.contains(says), "{method} {path}: {detail}");
        }
        assert_eq!(look().await, before, "{method} {path}");
    }
}

#[tokio::test]
async fn an_action_is_done_without_a_body_and_with_one_that_can_be_read() {
    let bodies = [
        (&[][..], ""),
        (JSON, ""),
        (OTHER, ""),
        (JSON, "{\"unused\": [1]}"),
        (JSON, "null"),
        (OTHER, "\u{1}"),
    ];
    for (headers, body) in bodies {
        let (scheduler, _held, actions) = with_actions().await;
        let site = Site::of(&scheduler).await;
        for (method, path) in &actions {
            let answer = site.ask(method, &format!("/scheduler/api/{path}"), headers, body).await;
            assert_eq!(answer.status.as_u16(), 200, "{method} {path} {body}: {}", answer.body);
        }
        scheduler.stop().await.unwrap();
    }
}
