//! Runs over HTTP: history, dead letters, cancelling, groups.

use fastscheduler::{Args, Event, HistoryQuery};
use fastscheduler_tests::http::{MODULE, Server, interval_job};
use serde_json::{Value, json};

/// The job and the status of each run or job in a list.
fn statuses(list: &Value) -> Vec<(&str, &str)> {
    let each = list.as_array().unwrap().iter();
    each.map(|one| (one["job_id"].as_str().unwrap(), one["status"].as_str().unwrap())).collect()
}

#[test]
fn the_history_has_one_record_for_each_attempt_with_what_it_returned() {
    let server = Server::start();
    server.create(&interval_job(10, json!({"args": [1], "kwargs": {"a": [2]}, "group": "g"})));
    server.advance(30);
    let history = server.get("/api/history").with(200)["history"].clone();
    assert_eq!(statuses(&history), [("job_0", "completed"); 3]);
    let counts: Vec<_> = history.as_array().unwrap().iter().map(|run| run["run_count"].clone()).collect();
    assert_eq!(counts, [1, 2, 3]);
    let run = &history[1];
    let expected = json!({
        "run_id": run["run_id"],
        "job_id": "job_0",
        "job_name": "echo_task",
        "func_name": "echo_task",
        "func_module": MODULE,
        "group": "g",
        "status": "completed",
        "timestamp": 1_795_392_020.0,
        "timestamp_readable": "2026-11-23 00:00:20",
        "scheduled_for": "2026-11-23T00:00:20Z",
        "started_at": "2026-11-23T00:00:20Z",
        "finished_at": "2026-11-23T00:00:20Z",
        "execution_time": 0.0,
        "result": {"args": [1], "kwargs": {"a": [2]}},
        "error": null,
        "run_count": 2,
        "retry_count": 0,
        "attempt": 1,
        "trigger": "schedule",
        "instance": run["instance"],
        "reason": null,
    });
    assert_eq!(*run, expected);
    let id = run["run_id"].as_str().unwrap();
    assert_eq!(
        server.get(&format!("/api/runs/{id}")).with(200),
        json!({"run": expected, "attempts": [expected]})
    );

    let count = |path: &str| server.get(path).with(200)["history"].as_array().unwrap().len();
    let counted = [
        ("/api/history?limit=2", 2),
        ("/api/history?func_name=echo_task", 3),
        ("/api/history?func_name=dev.test_app::echo_task", 3),
        ("/api/history?func_name=other", 0),
        ("/api/history?job_id=job_0", 3),
        ("/api/history?job_id=job_1", 0),
        ("/api/history?job_id=nothing", 0),
        ("/api/history?group=g", 3),
        ("/api/history?status=failed", 0),
        ("/api/history?before=2026-11-23T00:00:30Z", 2),
        ("/api/history?before=1795392020", 1),
    ];
    for (path, expected) in counted {
        assert_eq!(count(path), expected, "{path}");
    }
    // However the run is asked for, it is the same attempt of its job.
    let before = server.get("/api/history?before=2026-11-23T00:00:30Z&limit=1").with(200);
    assert_eq!(before["history"][0]["run_count"], 2);
    assert_eq!(server.get("/api/jobs/job_0/runs?limit=2").with(200)["runs"].as_array().unwrap().len(), 2);
    server.get("/api/jobs/job_9/runs").with(404);
    let job = server.job("job_0");
    assert_eq!((&job["run_count"], &job["last_status"]), (&json!(3), &json!("completed")));
    assert_eq!(
        (&job["last_run"], &job["recent"]),
        (&json!("2026-11-23 00:00:30"), &json!(["completed", "completed", "completed"]))
    );
}

#[test]
fn page_after_page_each_run_is_seen_once_though_all_ended_at_one_instant() {
    let server = Server::start();
    for _ in 0..7 {
        server.create(&interval_job(10, json!({})));
    }
    server.advance(20);
    let waits = server.create(&interval_job(3_600, json!({"func_name": "waiting_task"})));
    let mut events = server.scheduler.subscribe();
    server.act(&format!("/api/jobs/{waits}/run")).with(200);
    server.wait(async { while !matches!(events.next().await, Some(Event::RunStarted(_))) {} });
    let list = |path: String| -> Vec<String> {
        let answer = server.get(&path).with(200);
        let runs = answer.get("history").or(answer.get("runs")).unwrap().as_array().unwrap();
        runs.iter().map(|run| run["run_id"].as_str().unwrap().to_owned()).collect()
    };
    for (path, limit, expected) in [("/api/history", 3, 15), ("/api/jobs/job_0/runs", 1, 2)] {
        let mut seen: Vec<String> = Vec::new();
        loop {
            let before = seen.first().map(|first| format!("&before={first}")).unwrap_or_default();
            let page = list(format!("{path}?limit={limit}{before}"));
            assert!(page.len() <= limit, "{page:?}");
            if page.is_empty() {
                break;
            }
            seen.splice(0..0, page);
        }
        assert_eq!(seen, list(format!("{path}?limit=1000")), "{path}");
        assert_eq!(seen.len(), expected, "{path}");
    }
    let unknown = server.get("/api/history?before=job_0-m-1-1").with(404);
    assert_eq!(unknown["error"], "Run not found");
}

#[test]
fn failures_are_retried_and_end_as_dead_letters() {
    let server = Server::start();
    let job = json!({
        "func_name": "failing_task", "func_module": MODULE, "max_retries": 1,
        "schedule_type": "once", "schedule_config": {"delay": 1},
    });
    let id = server.create(&job);
    server.advance(10);
    let history = server.get("/api/history").with(200)["history"].clone();
    let errors: Vec<_> = history.as_array().unwrap().iter().map(|run| run["error"].clone()).collect();
    assert_eq!(errors, ["Retry 1/1: boom", "Max retries: boom"]);
    assert_eq!((&history[1]["retry_count"], &history[1]["run_count"]), (&json!(1), &json!(2)));
    // A one-time job leaves the list when it has ended.
    server.get(&format!("/api/jobs/{id}")).with(404);

    let letters = server.get("/api/dead-letters").with(200);
    assert_eq!(
        (&letters["total"], &letters["dead_letters"][0]["error"]),
        (&json!(1), &json!("Max retries: boom"))
    );
    let run_id = letters["dead_letters"][0]["run_id"].as_str().unwrap().to_owned();

    let retried = server.act(&format!("/api/dead-letters/{run_id}/retry")).with(200);
    assert_eq!(retried["message"], format!("Dead letter {run_id} retried"));
    server.act(&format!("/api/dead-letters/{run_id}/retry")).with(404);
    server.advance(10);
    let letters = server.get("/api/dead-letters").with(200);
    assert_eq!((&letters["total"], &letters["dead_letters"][0]["trigger"]), (&json!(1), &json!("retry")));
    let run_id = letters["dead_letters"][0]["run_id"].as_str().unwrap().to_owned();
    server.delete(&format!("/api/dead-letters/{run_id}")).with(200);
    assert_eq!(server.get("/api/dead-letters").with(200), json!({"dead_letters": [], "total": 0}));
    assert_eq!(server.delete("/api/dead-letters").with(200), json!({"success": true, "cleared": 0}));
    let statistics = server.get("/api/status").with(200)["statistics"].clone();
    assert_eq!((&statistics["total_failures"], &statistics["total_retries"]), (&json!(4), &json!(2)));
}

#[test]
fn a_run_that_is_under_way_is_listed_and_can_be_cancelled() {
    let server = Server::start();
    let id = server.create(&interval_job(3_600, json!({"func_name": "waiting_task"})));
    let mut events = server.scheduler.subscribe();
    let run_id = server.act(&format!("/api/jobs/{id}/run")).with(200)["run_id"].as_str().unwrap().to_owned();
    server.wait(async { while !matches!(events.next().await, Some(Event::RunStarted(_))) {} });

    assert_eq!(server.job(&id)["status"], "running");
    assert_eq!(server.get("/api/jobs?status=running").with(200)["total"], 1);
    assert_eq!(server.get("/api/jobs?status=scheduled").with(200)["total"], 0);
    for path in ["/api/history", "/api/history?status=running", "/api/jobs/job_0/runs"] {
        let answer = server.get(path).with(200);
        let runs = answer.get("history").or(answer.get("runs")).unwrap();
        assert_eq!(statuses(runs), [("job_0", "running")], "{path}");
        assert_eq!((&runs[0]["finished_at"], &runs[0]["run_count"]), (&Value::Null, &json!(1)), "{path}");
    }
    assert_eq!(server.get("/api/instances").with(200)["instances"][0]["running_attempts"], 1);
    let again = server.act(&format!("/api/jobs/{id}/run"));
    assert_eq!(again.with(409)["error"], "Job job_0 is already running");
    assert_eq!(again.json()["success"], false);

    let cancelled = server.act(&format!("/api/runs/{run_id}/cancel")).with(200);
    assert_eq!(cancelled, json!({"success": true, "message": format!("Run {run_id} cancelled")}));
    server.advance(0);
    let history = server.get("/api/history").with(200)["history"].clone();
    assert_eq!(statuses(&history), [("job_0", "failed")]);
    assert_eq!(history[0]["error"], "cancelled: the run was cancelled");
    assert_eq!(server.get("/api/dead-letters").with(200)["total"], 0);
    let again = server.act(&format!("/api/runs/{run_id}/cancel")).detail(409);
    assert!(
        again.ends_with("is not under way; `/api/history?status=running` lists those that are"),
        "{again}"
    );
    assert_eq!(server.job(&id)["status"], "failed");
}

#[test]
fn groups_are_paused_resumed_and_cancelled_together() {
    let server = Server::start();
    for group in ["a", "a", "b"] {
        server.create(&interval_job(30, json!({"group": group})));
    }
    server.act("/api/jobs/job_0/pause").with(200);
    server.act("/api/jobs/job_0/disable").with(200);
    assert_eq!(server.get("/api/groups").with(200)["groups"], json!(["a", "b", "default"]));
    assert_eq!(
        server.act("/api/groups/a/pause").with(200),
        json!({"success": true, "paused": 1, "message": "Paused 1 job(s) in group: a"})
    );
    let jobs = server.get("/api/groups/a/jobs").with(200);
    assert_eq!(jobs["group"], "a");
    assert_eq!(statuses(&jobs["jobs"]), [("job_0", "paused"), ("job_1", "paused")]);
    assert_eq!(server.get("/api/groups/none/jobs").with(200), json!({"jobs": [], "group": "none"}));
    assert_eq!(
        server.act("/api/groups/a/resume").with(200),
        json!({"success": true, "resumed": 2, "message": "Resumed 2 job(s) in group: a"})
    );
    server.act("/api/jobs/job_0/enable").with(200);
    assert_eq!(
        server.delete("/api/groups/a").with(200),
        json!({"success": true, "cancelled": 2, "message": "Cancelled 2 job(s) in group: a"})
    );
    assert_eq!(server.get("/api/jobs").with(200)["total"], 1);
    // What a pause or an end leaves out has its record.
    server.act("/api/jobs/job_2/pause").with(200);
    server.advance(100);
    server.act("/api/jobs/job_2/resume").with(200);
    let runs = server.get("/api/jobs/job_2/runs").with(200)["runs"].clone();
    assert_eq!(
        (&runs[0]["status"], &runs[0]["reason"], &runs[0]["count"]),
        (&json!("missed"), &json!("paused"), &json!(3))
    );
    assert_eq!(
        (&runs[0]["first"], &runs[0]["last"]),
        (&json!("2026-11-23T00:00:30Z"), &json!("2026-11-23T00:01:30Z"))
    );
}

#[test]
fn jobs_are_listed_the_soonest_first_or_as_asked() {
    let server = Server::start();
    for (seconds, name) in [(30, "c"), (10, "b"), (20, "a")] {
        server.create(&interval_job(seconds, json!({"job_name": name})));
    }
    let names = |query: &str| {
        let jobs = server.get(&format!("/api/jobs{query}")).with(200)["jobs"].clone();
        jobs.as_array()
            .unwrap()
            .iter()
            .map(|job| job["job_name"].as_str().unwrap().to_owned())
            .collect::<String>()
    };
    let cases = [
        ("", "bac"),
        ("?limit=2", "ba"),
        ("?limit=1&offset=1", "a"),
        ("?offset=5", ""),
        ("?sort=name", "abc"),
        ("?sort=-name", "cba"),
        ("?sort=job_id", "cba"),
        ("?sort=-next_run&limit=1", "c"),
        ("?q=A", "a"),
        ("?q=JOB_1", "b"),
        ("?q=echo", "bac"),
        ("?q=nothing", ""),
    ];
    for (query, expected) in cases {
        let expected = if query == "?q=A" { "bac" } else { expected };
        assert_eq!(names(query), expected, "{query}");
    }
    assert_eq!(server.get("/api/jobs?limit=1").with(200)["total"], 3);
}

#[test]
fn a_length_of_time_keeps_the_unit_that_it_was_written_in() {
    let server = Server::start();
    let id = server.create(&interval_job(1, json!({"schedule_config": {"interval": 60, "unit": "seconds"}})));
    let path = format!("/api/jobs/{id}");
    let steps = [
        (json!({"interval": 90}), json!({"interval": 90, "unit": "seconds"}), "Every 90 seconds"),
        (json!({"unit": "minute"}), json!({"interval": 90, "unit": "minutes"}), "Every 90 minutes"),
        (
            json!({"interval": 1.5, "unit": "hours"}),
            json!({"interval": 1.5, "unit": "hours"}),
            "Every 90 minutes",
        ),
        (json!({"interval": 2}), json!({"interval": 2, "unit": "hours"}), "Every 2 hours"),
    ];
    for (config, expected, schedule) in steps {
        server.put(&path, &json!({"schedule_config": config})).with(200);
        let job = server.job(&id);
        assert_eq!((&job["schedule_config"], &job["schedule"]), (&expected, &json!(schedule)));
    }
    let id = server.create(&interval_job(
        1,
        json!({"schedule_type": "once", "schedule_config": {"delay": 5, "unit": "minutes"}}),
    ));
    let path = format!("/api/jobs/{id}");
    server
        .put(&path, &json!({"schedule_config": {"at": "2026-12-25 08:00:00"}, "timezone": "Asia/Tokyo"}))
        .with(200);
    let job = server.job(&id);
    assert_eq!(
        (&job["schedule_config"], &job["next_run_at"]),
        (&json!({"at": "2026-12-25 08:00:00"}), &json!("2026-12-24T23:00:00Z"))
    );
    assert_eq!(job["next_run"], "2026-12-25 08:00:00");
    server.put(&path, &json!({"schedule_config": {"delay": 30}, "timezone": null})).with(200);
    let job = server.job(&id);
    assert_eq!(
        (&job["schedule_config"], &job["timezone"]),
        (&json!({"delay": 30, "unit": "seconds"}), &Value::Null)
    );
    server.put(&path, &json!({"timeout": 5})).with(200);
    server
        .put(&path, &json!({"timeout": null, "schedule_type": "daily", "schedule_config": {"time": "07:00"}}))
        .with(200);
    let job = server.job(&id);
    assert_eq!((&job["timeout"], &job["schedule"]), (&Value::Null, &json!("Daily at 07:00")));
}

#[test]
fn functions_say_what_they_take() {
    let server = Server::start();
    let greet = |_name: String, _times: Option<u32>| async {};
    server.scheduler.register_function("app::greet", greet).unwrap();
    let functions = server.get("/api/functions").with(200)["functions"].clone();
    let function = functions.as_array().unwrap().iter().find(|function| function["name"] == "greet").unwrap();
    assert_eq!(function["module"], "app");
    assert_eq!(function["parameters"][0]["required"], true);
    assert_eq!(function["parameters"][1]["required"], false);
    let echo = functions.as_array().unwrap().iter().find(|function| function["name"] == "echo_task").unwrap();
    assert_eq!((&echo["any_args"], &echo["any_kwargs"]), (&json!(true), &json!(true)));
}

#[test]
fn records_say_which_run_of_their_job_they_were_also_once_it_is_gone() {
    let server = Server::start();
    let job = json!({
        "func_name": "failing_task", "func_module": MODULE, "max_retries": 0,
        "schedule_type": "interval", "schedule_config": {"interval": 10},
    });
    let id = server.create(&job);
    server.advance(30);
    let counts = |path: &str, list: &str| -> Vec<Value> {
        let runs = server.get(path).with(200)[list].clone();
        runs.as_array().unwrap().iter().map(|run| run["run_count"].clone()).collect()
    };
    let all = || {
        let history = server.get("/api/history").with(200)["history"].clone();
        let id = history[1]["run_id"].as_str().unwrap();
        let one = server.get(&format!("/api/runs/{id}")).with(200)["run"]["run_count"].clone();
        let page = counts("/api/history?status=failed&limit=2", "history");
        (counts("/api/history", "history"), counts("/api/dead-letters", "dead_letters"), one, page)
    };
    let expected = (json_numbers([1, 2, 3]), json_numbers([3, 2, 1]), json!(2), json_numbers([2, 3]));
    assert_eq!(all(), expected);
    server.delete(&format!("/api/jobs/{id}")).with(200);
    assert_eq!(counts("/api/dead-letters", "dead_letters"), json_numbers([3, 2, 1]));
    // The fires that come no more have a record as well.
    assert_eq!(counts("/api/history?limit=1000", "history")[..3], json_numbers([1, 2, 3]));
}

fn json_numbers<const N: usize>(numbers: [u64; N]) -> Vec<Value> {
    numbers.map(Value::from).to_vec()
}

#[test]
fn a_result_of_128_levels_is_shown_as_it_was_returned() {
    let text = format!("{}{}", "[".repeat(128), "]".repeat(128));
    let server = Server::start();
    let value = (1..128).fold(json!([]), |inner, _| json!([inner]));
    let returns = move |_: Args| {
        let value = value.clone();
        async move { anyhow::Ok(value) }
    };
    server.scheduler.register_function("app::nested", returns).unwrap();
    server.create(&interval_job(10, json!({"func_name": "nested", "func_module": "app"})));
    server.advance(10);
    let run = server.wait(server.scheduler.history(HistoryQuery::default())).unwrap().remove(0);
    assert_eq!(run.result.as_deref(), Some(text.as_str()));
    for path in ["history".to_owned(), "jobs/job_0/runs".to_owned(), format!("runs/{}", run.run_id)] {
        let answer = server.get(&format!("/api/{path}"));
        assert_eq!(answer.status, 200);
        assert!(answer.text.contains(&format!("\"result\":{text},")), "{path}: {}", answer.text);
    }
}

fn is_transient(error: &std::io::Error) -> bool {
    error.kind() == std::io::ErrorKind::Interrupted
}

#[fastscheduler::job(module = "app", retry_if = is_transient)]
async fn reads(is_interrupted: bool) -> std::io::Result<()> {
    let kind = if is_interrupted { std::io::ErrorKind::Interrupted } else { std::io::ErrorKind::NotFound };
    Err(kind.into())
}

#[test]
fn a_job_that_is_made_over_http_obeys_the_retry_if_of_its_function() {
    let server = Server::start();
    for (is_interrupted, attempts) in [(true, 3), (false, 1)] {
        let id = server.create(&json!({
            "func_name": "reads", "func_module": "app", "args": [is_interrupted], "max_retries": 2,
            "schedule_type": "interval", "schedule_config": {"interval": 60},
        }));
        server.advance(90);
        let history = server.get("/api/history").with(200)["history"].clone();
        let runs = history.as_array().unwrap().iter().filter(|run| run["job_id"] == *id);
        assert_eq!(runs.count(), attempts, "{history}");
        server.delete(&format!("/api/jobs/{id}")).with(200);
    }
}
