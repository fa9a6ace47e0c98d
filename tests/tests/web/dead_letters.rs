//! Dead letters: finding them, in groups of the same error, and running many again.

use fastscheduler::Event;
use fastscheduler_tests::http::{Server, interval_job};
use serde_json::{Value, json};

/// A job `refuses` fails with an error that names its argument, and all of its own
/// until `mended` is registered.
fn server() -> Server {
    let server = Server::start();
    let refuses =
        |to: String| async move { Err::<(), _>(anyhow::anyhow!("no user '{to}' after {} s", to.len())) };
    server.scheduler.register_function("post::refuses", refuses).unwrap();
    for (to, group) in [("anna", "mail"), ("benedikt", "mail"), ("clara", "post")] {
        let more = json!({"func_name": "refuses", "func_module": "post", "args": [to], "group": group, "max_retries": 0});
        server.create(&interval_job(60, more));
    }
    let boom = json!({"func_name": "failing_task", "max_retries": 0, "job_name": "fails"});
    server.create(&interval_job(60, boom));
    server.advance(120);
    server
}

fn letters(server: &Server, query: &str) -> (Vec<String>, u64) {
    let answer = server.get(&format!("/api/dead-letters?{query}")).with(200);
    let runs = answer["dead_letters"].as_array().unwrap().iter();
    (runs.map(|run| run["run_id"].as_str().unwrap().to_owned()).collect(), answer["total"].as_u64().unwrap())
}

/// The key of the errors of `refuses`, as it is sent.
const REFUSED: &str = "no+user+'%E2%80%A6'+after+%23+s";

const KEY: &str = "no user '…' after # s";

#[test]
fn letters_are_found_by_any_of_their_fields_page_after_page() {
    let server = server();
    let (all, total) = letters(&server, "");
    assert_eq!((all.len(), total), (8, 8));
    for (query, expected) in [
        ("q=BENEDIKT".to_owned(), 2),
        ("q=refuses&group=mail".to_owned(), 4),
        ("job_id=job_0".to_owned(), 2),
        ("job_id=job_99".to_owned(), 0),
        ("job_id=nonsense".to_owned(), 0),
        ("error=boom".to_owned(), 2),
        (format!("error={REFUSED}"), 6),
        (format!("error={REFUSED}&group=post"), 2),
        ("error=bo".to_owned(), 0),
        ("error=".to_owned(), 0),
    ] {
        let (found, total) = letters(&server, &query);
        assert_eq!((found.len(), total), (expected, expected as u64), "{query}");
        let mut seen: Vec<String> = Vec::new();
        loop {
            let before = seen.last().map(|last| format!("&before={last}")).unwrap_or_default();
            let (page, _) = letters(&server, &format!("{query}&limit=1{before}"));
            if page.is_empty() {
                break;
            }
            seen.extend(page);
            if seen.len() == 1 {
                // Letters that come meanwhile are before the page.
                server.advance(60);
            }
        }
        assert_eq!(seen, found, "{query}");
        // The letters that came are gone again.
        for letter in letters(&server, "").0.iter().filter(|letter| !all.contains(letter)) {
            server.delete(&format!("/api/dead-letters/{letter}")).with(200);
        }
    }
    server.delete(&format!("/api/dead-letters/{}", all[0])).with(200);
    server.get(&format!("/api/dead-letters?before={}", all[0])).with(404);
    let refused = server.get("/api/dead-letters?before=yesterday").detail(400);
    assert_eq!(refused, "`before` is `yesterday`; use the id of a run");
}

#[test]
fn errors_that_differ_in_numbers_and_quoted_parts_are_one_group() {
    let server = server();
    let groups = server.get("/api/dead-letters/groups").with(200)["groups"].clone();
    let mut groups: Vec<Value> = groups.as_array().unwrap().clone();
    groups.sort_by_key(|group| group["count"].as_u64());
    assert_eq!(groups.len(), 2, "{groups:?}");
    let boom = json!({
        "error": "boom", "sample": "boom", "count": 2, "jobs": ["job_3"], "job_count": 1,
        "first": "2026-11-23T00:01:00Z", "last": "2026-11-23T00:02:00Z",
    });
    assert_eq!(groups[0], boom);
    assert_eq!(
        (&groups[1]["error"], &groups[1]["count"], &groups[1]["job_count"]),
        (&json!(KEY), &json!(6), &json!(3))
    );
    let newest = letters(&server, &format!("error={REFUSED}&limit=1")).0;
    let run = server.get(&format!("/api/runs/{}", newest[0])).with(200);
    assert_eq!(run["run"]["error"], format!("Max retries: {}", groups[1]["sample"].as_str().unwrap()));
    assert_eq!(
        groups[1]["jobs"].as_array().unwrap()[0],
        run["run"]["job_id"],
        "that of the newest letter first"
    );

    let of_group = server.get("/api/dead-letters/groups?group=post").with(200)["groups"].clone();
    assert_eq!((of_group.as_array().unwrap().len(), &of_group[0]["count"]), (1, &json!(2)));
}

#[test]
fn the_letters_of_one_group_are_dropped() {
    let server = server();
    let drop =
        |error: &str| server.delete(&format!("/api/dead-letters?error={error}")).with(200)["cleared"].clone();
    assert_eq!((drop("none+of+them"), drop(""), letters(&server, "").1), (json!(0), json!(0), 8));
    assert_eq!((drop(REFUSED), letters(&server, "").1, letters(&server, "error=boom").1), (json!(6), 2, 2));
    assert_eq!((drop(REFUSED), letters(&server, "").1), (json!(0), 2));
}

#[test]
fn the_letters_of_a_group_run_again_also_those_whose_jobs_are_gone() {
    let server = server();
    server.delete("/api/jobs/job_1").with(200);
    let answer = server.post("/api/dead-letters/retry", &json!({"error": KEY})).with(200);
    assert_eq!(answer, json!({"retried": 6, "refused": []}));
    server.advance(1);
    let again = server.get("/api/history?trigger=retry&q=no+user").with(200)["history"].clone();
    let mut jobs: Vec<&str> =
        again.as_array().unwrap().iter().map(|run| run["job_id"].as_str().unwrap()).collect();
    jobs.sort_unstable();
    assert_eq!(jobs, ["job_0", "job_0", "job_2", "job_2", "job_4", "job_5"], "new jobs for one that is gone");
    assert_eq!(letters(&server, "").1, 8, "they failed again");
    let unknown = server.post("/api/dead-letters/retry", &json!({"error": "none of them"})).with(200);
    assert_eq!(unknown, json!({"retried": 0, "refused": []}));
}

#[test]
fn letters_are_retried_by_name_and_each_refusal_is_listed() {
    let server = server();
    let (named, _) = letters(&server, "error=boom");
    let unknown = "job_9-s-1795392030000000-1";
    let run_ids = json!([named[0], unknown, named[0], "nonsense", named[1]]);
    let answer = server.post("/api/dead-letters/retry", &json!({"run_ids": run_ids})).with(200);
    let refused = json!([
        {"run_id": unknown, "detail": format!("Run {unknown} not found")},
        {"run_id": "nonsense", "detail": "Run nonsense not found"},
    ]);
    assert_eq!(answer, json!({"retried": 2, "refused": refused}));
    let again = server.post("/api/dead-letters/retry", &json!({"run_ids": [named[0]]})).with(200);
    assert_eq!((&again["retried"], &again["refused"][0]["run_id"]), (&json!(0), &json!(named[0])));
    server.advance(1);
    assert_eq!(server.post("/api/dead-letters/retry", &json!({"all": true})).with(200)["retried"], 8);
}

#[test]
fn a_retry_that_does_not_say_which_letters_is_refused() {
    let server = server();
    let sentence = "name the letters by `run_ids`, by `error` or by `\"all\": true`, one of the three";
    for body in [
        json!({}),
        json!({"all": false}),
        json!({"all": true, "error": "boom"}),
        json!({"run_ids": ["job_3-s-1-1"], "all": true}),
        json!({"run_ids": ["job_3-s-1-1"], "error": "boom"}),
    ] {
        assert_eq!(server.post("/api/dead-letters/retry", &body).detail(400), sentence, "{body}");
    }
    let none = server.post("/api/dead-letters/retry", &json!({"run_ids": []})).detail(400);
    assert_eq!(none, "`run_ids` names 0; name 1 to 1000");
    let many = server.post("/api/dead-letters/retry", &json!({"run_ids": vec!["x"; 1_001]})).detail(400);
    assert_eq!(many, "`run_ids` names 1001; name 1 to 1000");
    server.post("/api/dead-letters/retry", &json!({"colour": "red"})).detail(422);
    assert_eq!(letters(&server, "").1, 8);
}

#[test]
fn those_who_listen_to_changes_are_told_of_a_letter() {
    let server = Server::start();
    server.create(&interval_job(60, json!({"func_name": "failing_task", "max_retries": 0})));
    let mut letters = server.scheduler.subscribe();
    let events = server.wait(async {
        let site = fastscheduler_tests::site::Site::of(&server.scheduler).await;
        let mut stream = site.listen("/scheduler/events?stream=changes", &[]).await;
        assert_eq!(stream.next().await.unwrap().name, "snapshot");
        fastscheduler_tests::advance(&server.scheduler, &server.clock, 60).await;
        while !matches!(letters.next().await, Some(Event::DeadLettered(_))) {}
        let mut events = Vec::new();
        while events.last().is_none_or(|event: &fastscheduler_tests::site::Sent| event.name != "dead_letter")
        {
            events.push(stream.next().await.unwrap());
        }
        events
    });
    let letter = events.last().unwrap().json();
    let mut run = events.iter().find(|event| event.name == "run").unwrap().json();
    (run["args"], run["kwargs"]) = (json!([]), json!({}));
    assert_eq!(letter, run, "it is the record of its last run, with the arguments that it keeps");
    assert_eq!((&letter["error"], &letter["run_count"]), (&json!("Max retries: boom"), &json!(1)));
}

#[test]
fn letters_are_dropped_by_the_filters_of_their_list_and_none_by_one_that_is_misspelt() {
    let server = server();
    for (query, cleared) in [
        ("job_id=job_99", 0),
        ("job_id=nonsense", 0),
        ("q=BENEDIKT", 2),
        ("group=post", 2),
        ("job_id=job_0&error=boom", 0),
        ("job_id=job_0", 2),
    ] {
        let answer = server.delete(&format!("/api/dead-letters?{query}")).with(200);
        assert_eq!(answer["cleared"], cleared, "{query}");
    }
    let refused = server.delete("/api/dead-letters?eror=boom").with(422);
    assert_eq!(refused["field"], "eror", "{refused}");
    assert_eq!(letters(&server, "").1, 2);
    assert_eq!(server.delete("/api/dead-letters").with(200)["cleared"], 2);
}
