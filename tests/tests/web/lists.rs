//! Lists of jobs by several filters at once, and how many jobs there are of each kind.

use fastscheduler::Event;
use fastscheduler_tests::http::{MODULE, Server, interval_job};
use serde_json::{Value, json};

/// Jobs of three groups: of `mail` one is paused and one runs, of `night` one is
/// paused, and of `rest` one is scheduled.
fn server() -> Server {
    let server = Server::start();
    let job = |name: &str, group: &str, more: Value| {
        let mut job = interval_job(60, more);
        job["job_name"] = json!(name);
        job["group"] = json!(group);
        server.create(&job)
    };
    job("digest", "mail", json!({"enabled": false}));
    let runs = job("reminder", "mail", json!({"func_name": "waiting_task", "func_module": MODULE}));
    job("backup", "night", json!({"enabled": false}));
    job("digest of all", "rest", json!({}));
    let mut events = server.scheduler.subscribe();
    server.act(&format!("/api/jobs/{runs}/run")).with(200);
    server.wait(async { while !matches!(events.next().await, Some(Event::RunStarted(_))) {} });
    server
}

/// The names in a list of jobs, by name.
fn names(list: &Value) -> Vec<&str> {
    list["jobs"].as_array().unwrap().iter().map(|job| job["job_name"].as_str().unwrap()).collect()
}

#[test]
fn jobs_are_listed_by_any_of_several_groups_and_statuses() {
    let server = server();
    for (query, expected) in [
        ("", vec!["backup", "digest", "digest of all", "reminder"]),
        ("&group=mail", vec!["digest", "reminder"]),
        ("&group=mail&group=rest", vec!["digest", "digest of all", "reminder"]),
        ("&group=mail&group=mail", vec!["digest", "reminder"]),
        ("&group=", vec![]),
        ("&status=paused", vec!["backup", "digest"]),
        ("&status=paused&status=running", vec!["backup", "digest", "reminder"]),
        ("&status=paused&status=running&group=mail&group=rest", vec!["digest", "reminder"]),
        ("&status=scheduled&group=mail&group=rest&q=DIGEST", vec!["digest of all"]),
        ("&status=orphaned&status=failed", vec![]),
    ] {
        let list = server.get(&format!("/api/jobs?sort=name{query}")).with(200);
        assert_eq!(names(&list), expected, "{query}");
        assert_eq!(list["total"], expected.len(), "{query}");
        assert_eq!(list.get("counts"), None, "{query}: nobody asked for them");
    }
}

#[test]
fn counts_by_status_are_those_under_the_other_filters() {
    let server = server();
    for (query, expected) in [
        ("", json!({"paused": 2, "running": 1, "scheduled": 1})),
        ("&status=paused", json!({"paused": 2, "running": 1, "scheduled": 1})),
        ("&limit=1&offset=1", json!({"paused": 2, "running": 1, "scheduled": 1})),
        ("&group=mail", json!({"paused": 1, "running": 1})),
        ("&group=mail&group=night&status=scheduled", json!({"paused": 2, "running": 1})),
        ("&q=digest", json!({"paused": 1, "scheduled": 1})),
        ("&q=digest&group=mail&status=running", json!({"paused": 1})),
        ("&q=none+of+them", json!({})),
    ] {
        let list = server.get(&format!("/api/jobs?with=counts{query}")).with(200);
        assert_eq!(list["counts"], expected, "{query}");
    }
}

#[test]
fn groups_come_with_how_many_jobs_they_have() {
    let server = server();
    let names = json!({"groups": ["default", "mail", "night", "rest"]});
    assert_eq!(server.get("/api/groups").with(200), names, "nobody asked for counts");
    let groups = server.get("/api/groups?with=counts").with(200);
    assert_eq!(groups["groups"], names["groups"]);
    let counts = json!([
        {"group": "default", "total": 0, "by_status": {}},
        {"group": "mail", "total": 2, "by_status": {"paused": 1, "running": 1}},
        {"group": "night", "total": 1, "by_status": {"paused": 1}},
        {"group": "rest", "total": 1, "by_status": {"scheduled": 1}},
    ]);
    assert_eq!(groups["counts"], counts);
}

#[test]
fn a_filter_that_is_none_of_its_words_is_refused_with_those_that_are() {
    let server = server();
    for (query, sentence) in [
        (
            "status=paused&status=asleep",
            "`status` is `asleep`; use `scheduled`, `running`, `paused`, `completed`, `failed` or `orphaned`",
        ),
        ("with=everything", "`with` is `everything`; use `counts` or `recent`"),
    ] {
        assert_eq!(server.get(&format!("/api/jobs?{query}")).detail(400), sentence);
    }
    let refused = server.get("/api/groups?with=everything").detail(400);
    assert_eq!(refused, "`with` is `everything`; use `counts`");
}
