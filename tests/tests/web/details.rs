//! What jobs and runs tell besides: since when, why, what is in the way, and what comes
//! next.

use fastscheduler::Event;
use fastscheduler_tests::http::{MODULE, Server, interval_job};
use serde_json::{Value, json};

/// Runs a job now, and waits until it is under way.
fn begin(server: &Server, id: &str) -> String {
    let mut events = server.scheduler.subscribe();
    let run = server.act(&format!("/api/jobs/{id}/run")).with(200)["run_id"].as_str().unwrap().to_owned();
    server.wait(async { while !matches!(events.next().await, Some(Event::RunStarted(_))) {} });
    run
}

/// Waits until a run is recorded after something was done.
fn recorded(server: &Server, act: impl FnOnce()) {
    let mut events = server.scheduler.subscribe();
    act();
    server.wait(async { while !matches!(events.next().await, Some(Event::RunRecorded(_))) {} });
}

fn history(server: &Server, more: &str) -> Vec<Value> {
    server.get(&format!("/api/history{more}")).with(200)["history"].as_array().unwrap().clone()
}

#[test]
fn a_job_tells_its_settings_and_since_when_it_is_what_it_is() {
    let server = Server::start();
    server.advance(5);
    let id = server.create(&interval_job(10, json!({"jitter": 1.5, "gap": "shift", "fold": "both"})));
    let plain = server.create(&interval_job(10, json!({})));
    let fields = ["jitter", "gap", "fold", "created_at", "paused_at", "unaccounted_from", "fires_due"];
    let of = |id: &str| {
        let job = server.job(id);
        fields.map(|field| job[field].clone())
    };
    let created = "2026-11-23T00:00:05Z";
    let first = "2026-11-23T00:00:15Z";
    let expected = |settings: [Value; 3], paused_at: Value, due: u64| {
        let [jitter, gap, fold] = settings;
        [jitter, gap, fold, json!(created), paused_at, json!(first), json!(due)]
    };
    let settings = || [json!(1.5), json!("shift"), json!("both")];
    assert_eq!(of(&id), expected(settings(), Value::Null, 0));
    assert_eq!(of(&plain), expected([Value::Null, Value::Null, Value::Null], Value::Null, 0));
    server.act(&format!("/api/jobs/{id}/pause")).with(200);
    server.advance(33);
    assert_eq!(of(&id), expected(settings(), json!(created), 3));
    assert_eq!(server.job(&plain)["fires_due"], 0);
    let job = server.job(&id);
    assert_eq!(
        (&job["declared"], &job["running"], &job["next_attempt_at"]),
        (&Value::Null, &json!([]), &Value::Null)
    );
    assert_eq!(job.get("recent_runs"), None, "only if they are asked for");
    server.act(&format!("/api/jobs/{id}/resume")).with(200);
    assert_eq!(server.job(&id)["paused_at"], Value::Null);
    let skipped = &history(&server, "?status=missed")[0];
    assert_eq!((&skipped["reason"], &skipped["paused_from"]), (&json!("paused"), &json!(created)));
    assert_eq!((skipped.get("cause"), skipped.get("in_the_way")), (None, None));

    server.put(
        &format!("/api/jobs/{plain}"),
        &json!({"schedule_type": "interval", "schedule_config": {"interval": 7}}),
    );
    let skipped = history(&server, "?status=missed").pop().unwrap();
    assert_eq!((&skipped["reason"], &skipped["cause"]), (&json!("rescheduled"), &json!("schedule")));
}

#[test]
fn what_is_under_way_tells_its_deadline_and_its_arguments_to_the_digit() {
    let server = Server::start();
    let more = json!({
        "func_name": "waiting_task", "timeout": 60, "max_retries": 1, "retry_delay": 30,
        "args": [u64::MAX, i64::MIN], "kwargs": {"large": 9_007_199_254_740_993_u64},
    });
    let id = server.create(&interval_job(100, more));
    let run_id = begin(&server, &id);
    let job = server.job(&id);
    let running = json!([{
        "run_id": run_id, "started_at": "2026-11-23T00:00:00Z", "deadline_at": "2026-11-23T00:01:00Z",
    }]);
    assert_eq!(job["running"], running);
    for path in ["/api/history".to_owned(), format!("/api/jobs/{id}/runs"), format!("/api/runs/{run_id}")] {
        let text = server.get(&path).text;
        assert!(text.contains("\"args\":[18446744073709551615,-9223372036854775808]"), "{path}: {text}");
        assert!(text.contains("\"kwargs\":{\"large\":9007199254740993}"), "{path}: {text}");
    }
    assert_eq!(server.get(&format!("/api/runs/{run_id}")).with(200)["attempts"], json!([]));

    // Its first attempt times out, and so does the second.
    recorded(&server, || server.clock.advance(std::time::Duration::from_secs(60)));
    server.wait(async { fastscheduler::testing::quiet(&server.scheduler).await.unwrap() });
    let job = server.job(&id);
    assert_eq!((&job["running"], &job["next_attempt_at"]), (&json!([]), &json!("2026-11-23T00:01:30Z")));
    let run = server.get(&format!("/api/runs/{run_id}")).with(200);
    assert_eq!((&run["run"]["timed_out"], &run["run"]["holds_thread"]), (&json!(true), &json!(false)));
    assert_eq!((run["run"].get("args"), run["run"].get("kwargs")), (None, None), "it is not kept");
    let mut events = server.scheduler.subscribe();
    server.clock.advance(std::time::Duration::from_secs(30));
    server.wait(async { while !matches!(events.next().await, Some(Event::RunStarted(_))) {} });
    recorded(&server, || server.clock.advance(std::time::Duration::from_secs(60)));
    let second = run_id.strip_suffix("-1").unwrap().to_owned() + "-2";
    let shown = server.get(&format!("/api/runs/{second}")).with(200);
    let attempts = shown["attempts"].as_array().unwrap();
    let ids: Vec<_> = attempts.iter().map(|run| run["run_id"].as_str().unwrap()).collect();
    assert_eq!(ids, [&*run_id, &*second]);
    assert!(attempts.iter().all(|run| run["timed_out"] == true));
    // The dead letter keeps what it was called with.
    let letters = server.get("/api/dead-letters");
    for text in [letters.text, server.get(&format!("/api/runs/{second}")).text] {
        assert!(text.contains("\"args\":[18446744073709551615,-9223372036854775808]"), "{text}");
        assert!(text.contains("\"kwargs\":{\"large\":9007199254740993}"), "{text}");
    }
}

#[test]
fn a_run_that_was_in_the_way_is_named() {
    let server = Server::start();
    let id = server.create(&interval_job(10, json!({"func_name": "waiting_task", "max_retries": 0})));
    let run_id = begin(&server, &id);
    server.clock.advance(std::time::Duration::from_secs(25));
    assert_eq!(server.job(&id)["fires_due"], 2);
    recorded(&server, || {
        server.act(&format!("/api/runs/{run_id}/cancel")).with(200);
    });
    server.wait(async { fastscheduler::testing::quiet(&server.scheduler).await.unwrap() });
    let skipped = history(&server, "?status=missed").pop().unwrap();
    assert_eq!((&skipped["reason"], &skipped["count"]), (&json!("overlap"), &json!(2)));
    assert_eq!(skipped["in_the_way"], json!(run_id));
    let failed = server.get(&format!("/api/runs/{run_id}")).with(200)["run"].clone();
    assert_eq!((&failed["timed_out"], failed.get("holds_thread")), (&json!(false), None));
}

#[test]
fn jobs_come_with_their_last_runs_if_they_are_asked_for() {
    let server = Server::start();
    let failing = json!({"func_name": "failing_task", "max_retries": 0});
    let failing = server.create(&interval_job(10, failing));
    let other = server.create(&interval_job(3_600, json!({})));
    server.advance(60);
    let due = |second: u32| format!("2026-11-23T00:{:02}:{:02}Z", second / 60, second % 60);
    let micros = |second: u64| (1_795_392_000 + second) * 1_000_000;
    let expected: Vec<Value> = [20, 30, 40, 50, 60]
        .map(|second| {
            json!({
                "run_id": format!("{failing}-s-{}-1", micros(second.into())), "status": "failed",
                "due": due(second), "took": 0.0, "error": "Max retries: boom",
            })
        })
        .to_vec();
    let jobs = server.get("/api/jobs?with=recent&sort=job_id").with(200)["jobs"].clone();
    assert_eq!((&jobs[0]["recent_runs"], &jobs[1]["recent_runs"]), (&json!(expected), &json!([])));
    let shown = server.get(&format!("/api/jobs/{failing}?with=recent")).with(200);
    assert_eq!(shown["job"]["recent_runs"], json!(expected));
    assert_eq!(server.job(&other).get("recent_runs"), None);
    assert_eq!(server.get("/api/jobs?with=all").detail(400), "`with` is `all`; use `counts` or `recent`");
    assert_eq!(
        server.get(&format!("/api/jobs/{failing}?with=counts")).detail(400),
        "`with` is `counts`; use `recent`"
    );
    assert_eq!(server.get("/api/jobs/job_9?with=recent").with(404)["error"], "Job not found");
    assert_eq!(jobs[0]["func_module"], MODULE);
}
