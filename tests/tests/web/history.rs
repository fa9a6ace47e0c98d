//! The history by text and by several words, and page after page both ways.

use fastscheduler::Event;
use fastscheduler_tests::http::{Server, interval_job};
use serde_json::{Value, json};

fn ids(answer: &Value) -> Vec<String> {
    let runs = answer.get("history").or(answer.get("runs")).unwrap().as_array().unwrap();
    runs.iter().map(|run| run["run_id"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn runs_are_found_by_a_text_and_by_any_of_several_words() {
    let server = Server::start();
    server.create(&interval_job(10, json!({"job_name": "Digest", "group": "mail"})));
    let fails = json!({"job_name": "backup", "func_name": "failing_task", "max_retries": 0});
    let fails = server.create(&interval_job(20, fails));
    let paused = server.create(&interval_job(10, json!({"job_name": "sync", "enabled": false})));
    server.advance(40);
    server.act(&format!("/api/jobs/{paused}/resume")).with(200);
    server.act(&format!("/api/jobs/{fails}/run")).with(200);
    server.advance(1);
    for (query, expected) in [
        ("", 8),
        ("q=digest", 4),
        ("q=MAIL", 4),
        ("q=boom", 3),
        ("q=failing_task", 3),
        ("q=nothing", 0),
        ("status=failed", 3),
        ("status=failed&status=missed", 4),
        ("status=failed&status=missed&q=sync", 1),
        ("reason=paused", 1),
        ("reason=paused&reason=overlap", 1),
        ("reason=overlap", 0),
        ("trigger=manual", 1),
        ("trigger=manual&trigger=schedule", 8),
        ("trigger=schedule&status=failed", 2),
        ("group=mail&status=completed&status=failed", 4),
        ("job_id=job_1&trigger=manual", 1),
    ] {
        let found = ids(&server.get(&format!("/api/history?{query}")).with(200));
        assert_eq!(found.len(), expected, "{query}");
    }
    let of_job = server.get("/api/jobs/job_1/runs?trigger=schedule&q=boom&limit=1").with(200);
    assert_eq!((ids(&of_job).len(), &of_job["has_more"]), (1, &json!(true)));
    for (query, sentence) in [
        ("reason=tired", "`reason` is `tired`; use `overlap`, `paused`"),
        ("status=failed&status=asleep", "`status` is `asleep`; use `running`"),
        ("trigger=hand", "`trigger` is `hand`; use `schedule`"),
        ("after=yesterday", "`after` is `yesterday`; use the id of a run"),
        ("before=1&after=job_0-s-1-1", "use `before` or `after`, not both"),
    ] {
        for path in ["/api/history", "/api/jobs/job_1/runs"] {
            let detail = server.get(&format!("{path}?{query}")).detail(400);
            assert!(detail.contains(sentence), "{path}?{query}: {detail}");
        }
    }
    assert_eq!(server.get("/api/history?after=job_0-m-1-1").with(404)["error"], "Run not found");
}

#[test]
fn page_after_page_both_ways_each_run_is_seen_once_while_runs_are_added() {
    let server = Server::start();
    for _ in 0..3 {
        server.create(&interval_job(10, json!({})));
    }
    server.advance(50);
    let list = |query: &str| server.get(&format!("/api/history?{query}")).with(200);
    let all = ids(&list("limit=1000"));
    assert_eq!(all.len(), 15);

    let mut seen: Vec<String> = Vec::new();
    loop {
        let before = seen.first().map(|first| format!("&before={first}")).unwrap_or_default();
        let page = list(&format!("limit=4{before}"));
        seen.splice(0..0, ids(&page));
        server.advance(10);
        if page["has_more"] == false {
            break;
        }
    }
    assert_eq!(seen, all, "towards the oldest");

    let mut seen = vec![all[0].clone()];
    for number in 0.. {
        let page = list(&format!("limit=4&after={}", seen.last().unwrap()));
        seen.extend(ids(&page));
        if page["has_more"] == false {
            break;
        }
        if number < 3 {
            server.advance(10);
        }
    }
    assert_eq!(seen, ids(&list("limit=1000")), "towards the newest");
    let last = seen.last().unwrap();
    assert_eq!(list(&format!("after={last}")), json!({"history": [], "has_more": false}));
}

#[test]
fn runs_under_way_are_on_one_page_each_both_ways() {
    let server = Server::start();
    server.create(&interval_job(10, json!({})));
    let waits = server.create(&interval_job(3_600, json!({"func_name": "waiting_task"})));
    server.advance(20);
    let mut events = server.scheduler.subscribe();
    server.act(&format!("/api/jobs/{waits}/run")).with(200);
    server.wait(async { while !matches!(events.next().await, Some(Event::RunStarted(_))) {} });
    let list = |query: &str| server.get(&format!("/api/history?{query}")).with(200);
    let all = ids(&list(""));
    assert_eq!((all.len(), all[2].starts_with(&waits)), (3, true), "{all:?}");
    for limit in [1, 2, 3] {
        let mut seen = vec![all[0].clone()];
        loop {
            let page = list(&format!("limit={limit}&after={}", seen.last().unwrap()));
            seen.extend(ids(&page));
            if page["has_more"] == false {
                break;
            }
        }
        assert_eq!(seen, all, "{limit}");
        assert_eq!(ids(&list(&format!("after={}&limit={limit}", all[2]))), [""; 0]);
    }
}
