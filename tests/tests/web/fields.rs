//! Which field of a request an error names.

use fastscheduler_tests::http::{Server, interval_job};
use serde_json::{Value, json};

#[fastscheduler::job]
async fn greets(_name: String, _times: u8) {}

/// What is said of a job, and the field that is wrong.
const WRONG: [(&str, &str); 52] = [
    (r#"{"schedule_type": 1}"#, "schedule_type"),
    (r#"{"schedule_config": []}"#, "schedule_config"),
    (r#"{"schedule_config": {"interval": 0}}"#, "schedule_config.interval"),
    (r#"{"schedule_config": {"interval": "NaN"}}"#, "schedule_config.interval"),
    (r#"{"schedule_config": {"unit": "days"}}"#, "schedule_config.interval"),
    (r#"{"schedule_config": {"interval": 1, "unit": "fortnights"}}"#, "schedule_config.unit"),
    (r#"{"schedule_config": {"interval": 1, "colour": "red"}}"#, "schedule_config.colour"),
    (r#"{"schedule_type": "daily", "schedule_config": {"time": "25:00"}}"#, "schedule_config.time"),
    (r#"{"schedule_type": "daily", "schedule_config": {}}"#, "schedule_config.time"),
    (r#"{"schedule_type": "hourly", "schedule_config": {"time": ":60"}}"#, "schedule_config.time"),
    (
        r#"{"schedule_type": "weekly", "schedule_config": {"time": "10:00", "days": []}}"#,
        "schedule_config.days",
    ),
    (
        r#"{"schedule_type": "weekly", "schedule_config": {"time": "10:00", "days": [7]}}"#,
        "schedule_config.days",
    ),
    (
        r#"{"schedule_type": "weekly", "schedule_config": {"time": "10", "days": [1]}}"#,
        "schedule_config.time",
    ),
    (
        r#"{"schedule_type": "monthly", "schedule_config": {"time": "10:00", "day": 32}}"#,
        "schedule_config.day",
    ),
    (
        r#"{"schedule_type": "monthly", "schedule_config": {"time": "10:00", "day": "first"}}"#,
        "schedule_config.day",
    ),
    (r#"{"schedule_type": "monthly", "schedule_config": {"time": "x", "day": 1}}"#, "schedule_config.time"),
    (
        r#"{"schedule_type": "cron", "schedule_config": {"expression": "61 * * * *"}}"#,
        "schedule_config.expression",
    ),
    (
        r#"{"schedule_type": "cron", "schedule_config": {"expression": "0 0 30 2 *"}}"#,
        "schedule_config.expression",
    ),
    (r#"{"schedule_type": "once", "schedule_config": {"delay": 0}}"#, "schedule_config.delay"),
    (r#"{"schedule_type": "once", "schedule_config": {"delay": 1, "unit": "x"}}"#, "schedule_config.unit"),
    (r#"{"schedule_type": "once", "schedule_config": {"at": "tomorrow"}}"#, "schedule_config.at"),
    (r#"{"schedule_type": "once", "schedule_config": {"at": "2020-01-01 00:00:00"}}"#, "schedule_config.at"),
    (
        r#"{"schedule_type": "once", "schedule_config": {"at": "2099-01-01 00:00:00", "unit": "days"}}"#,
        "schedule_config.unit",
    ),
    (r#"{"schedule_type": "once", "schedule_config": {}}"#, "schedule_config"),
    (r#"{"timezone": "Mars/Olympus"}"#, "timezone"),
    (r#"{"timezone": 1}"#, "timezone"),
    (r#"{"gap": "jump"}"#, "gap"),
    (r#"{"fold": "third"}"#, "fold"),
    (r#"{"from": "soon"}"#, "from"),
    (r#"{"until": "2099-13-01"}"#, "until"),
    (r#"{"timeout": -1}"#, "timeout"),
    (r#"{"timeout": "60"}"#, "timeout"),
    (r#"{"jitter": -1}"#, "jitter"),
    (r#"{"max_retries": -1}"#, "max_retries"),
    (r#"{"max_retries": 1.5}"#, "max_retries"),
    (r#"{"retry_delay": -1}"#, "retry_delay"),
    (r#"{"retry_max_delay": -1}"#, "retry_max_delay"),
    (r#"{"retry_factor": 0.5}"#, "retry_factor"),
    (r#"{"retry_jitter": 2}"#, "retry_jitter"),
    (r#"{"job_name": ""}"#, "job_name"),
    (r#"{"group": ""}"#, "group"),
    (r#"{"overlap": "maybe"}"#, "overlap"),
    (r#"{"catch_up": "some"}"#, "catch_up"),
    (r#"{"enabled": "yes"}"#, "enabled"),
    (r#"{"args": "no list"}"#, "args"),
    (r#"{"kwargs": []}"#, "kwargs"),
    (r#"{"colour": "red"}"#, "colour"),
    (r#"{"func_name": null}"#, "func_name"),
    (r#"{"func_name": "greets", "func_module": null}"#, "kwargs._name"),
    (r#"{"func_name": "greets", "func_module": null, "args": ["you", 256]}"#, "kwargs._times"),
    (r#"{"func_name": "greets", "func_module": null, "args": ["you", 1, 2]}"#, "args"),
    (r#"{"func_name": "greets", "func_module": null, "kwargs": {"_name": 1, "_times": 1}}"#, "kwargs._name"),
];

/// A job's fields with those of `wrong` in their place.
fn with(wrong: &str) -> Value {
    let mut job = interval_job(10, json!({}));
    job.as_object_mut().unwrap().extend(serde_json::from_str::<serde_json::Map<_, _>>(wrong).unwrap());
    job
}

#[test]
fn an_error_names_the_field_of_a_job_that_is_wrong() {
    let server = Server::start();
    let id = server.create(&interval_job(10, json!({})));
    let path = format!("/api/jobs/{id}");
    for (wrong, field) in WRONG {
        let job = with(wrong);
        let mut answers = vec![server.post("/api/jobs", &job)];
        let is_of_schedule = field.starts_with("schedule_") || matches!(field, "timezone" | "from" | "until");
        if is_of_schedule {
            let mut schedule = job.clone();
            schedule.as_object_mut().unwrap().retain(|name, _| !name.starts_with("func_"));
            answers.push(server.post("/api/schedules/preview", &schedule));
        }
        // An update takes no function, and what it leaves out of a schedule stays.
        if !wrong.contains("func_") && !wrong.contains(r#"{"unit": "days"}"#) {
            answers.push(server.send_json("PUT", &path, wrong));
        }
        for answer in answers {
            let said = answer.json();
            assert!(matches!(answer.status, 400 | 422), "{wrong}: {said}");
            assert_eq!(said["field"], field, "{wrong}: {said}");
        }
    }
    for (arguments, field) in [
        (r#""args": [18446744073709551616]"#, "args"),
        (r#""kwargs": {"a": 0.12345678901234567890}"#, "kwargs"),
    ] {
        let body = format!(r#"{{"func_name": "echo_task", "schedule_type": "now", {arguments}}}"#);
        let said = server.send_json("POST", "/api/jobs", body).with(400);
        assert_eq!(said["field"], field, "{said}");
    }
    assert_eq!(server.get("/api/jobs").with(200)["total"], 1);
}

#[test]
fn an_error_names_the_parameter_that_is_wrong() {
    let server = Server::start();
    let id = server.create(&interval_job(10, json!({})));
    for (path, parameter) in [
        ("/api/jobs?limit=none", "limit"),
        ("/api/jobs?offset=-1", "offset"),
        ("/api/jobs?status=odd", "status"),
        ("/api/jobs?attention=odd", "attention"),
        ("/api/jobs?with=odd", "with"),
        ("/api/activity?minutes=0", "minutes"),
        ("/api/activity?minutes=1441", "minutes"),
        ("/api/timeline?from=soon", "from"),
        ("/api/timeline?to=soon", "to"),
        ("/api/timeline?limit=0", "limit"),
        ("/api/timeline?from=2026-11-23T00:00:00Z&to=2026-11-23T00:00:00Z", "to"),
        ("/api/timeline?from=2026-11-23T00:00:00Z&to=2026-12-23T00:00:00Z", "to"),
        ("/api/history?reason=odd", "reason"),
        ("/api/history?trigger=odd", "trigger"),
        ("/api/history?after=odd", "after"),
        ("/api/dead-letters?before=odd", "before"),
        ("/events?stream=changes&snapshot=odd", "snapshot"),
        ("/events?snapshot=none", "snapshot"),
        ("/api/jobs?sort=odd", "sort"),
        ("/api/jobs?limit=1&limit=2", "limit"),
        ("/api/history?limit=0", "limit"),
        ("/api/history?before=soon", "before"),
        ("/api/history?status=odd", "status"),
        ("/api/dead-letters?limit=0", "limit"),
        (&format!("/api/jobs/{id}/upcoming?n=0"), "n"),
        (&format!("/api/jobs/{id}/runs?limit=0"), "limit"),
        ("/events?stream=odd", "stream"),
    ] {
        let answer = server.get(path);
        assert!(
            matches!(answer.status, 400 | 422) && answer.json()["field"] == parameter,
            "{path}: {answer:?}"
        );
    }
}

#[test]
fn an_error_names_the_field_of_a_request_for_many_that_is_wrong() {
    let server = Server::start();
    server.create(&interval_job(10, json!({})));
    for (path, request, field) in [
        ("/api/jobs/bulk", json!({"action": "odd", "job_ids": ["job_0"]}), "action"),
        ("/api/jobs/bulk", json!({"job_ids": ["job_0"]}), "action"),
        ("/api/jobs/bulk", json!({"action": "run", "job_ids": []}), "job_ids"),
        ("/api/jobs/bulk", json!({"action": "run", "job_ids": vec!["job_0"; 1_001]}), "job_ids"),
        ("/api/jobs/bulk", json!({"action": "run", "filter": {"status": ["odd"]}}), "filter.status"),
        ("/api/jobs/bulk", json!({"action": "run", "filter": {"attention": ["odd"]}}), "filter.attention"),
        ("/api/jobs/bulk", json!({"action": "run", "filter": {"colour": "red"}}), "filter.colour"),
        ("/api/dead-letters/retry", json!({"run_ids": []}), "run_ids"),
        ("/api/dead-letters/retry", json!({"run_ids": vec!["job_0"; 1_001]}), "run_ids"),
    ] {
        let answer = server.post(path, &request);
        assert!(matches!(answer.status, 400 | 422) && answer.json()["field"] == field, "{field}: {answer:?}");
    }
    assert_eq!(server.job("job_0")["run_count"], 0);
}

#[test]
fn an_error_that_is_of_no_field_names_none() {
    let server = Server::start();
    for answer in [
        // These are the original's to the letter.
        server.post("/api/jobs", &with(r#"{"func_name": "missing"}"#)),
        server.post("/api/jobs", &with(r#"{"schedule_type": "sometimes"}"#)),
        server.send_json("POST", "/api/jobs", "{"),
        server.send_json("POST", "/api/jobs", "[]"),
        server.get("/api/jobs/job_9"),
        server.post(
            "/api/jobs",
            &with(r#"{"schedule_config": {"interval": 1}, "from": "2030-01-02", "until": "2030-01-01"}"#),
        ),
        server.post(
            "/api/jobs",
            &with(
                r#"{"schedule_type": "once", "schedule_config": {"at": "2099-01-01 00:00:00", "delay": 1}}"#,
            ),
        ),
    ] {
        assert!(answer.status >= 400 && answer.json().get("field").is_none(), "{answer:?}");
    }
}
