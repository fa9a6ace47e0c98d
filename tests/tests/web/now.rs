//! Jobs that are to run at once, over HTTP.

use fastscheduler::testing;
use fastscheduler_tests::http::{MODULE, Server, interval_job};
use serde_json::{Value, json};

/// A request with a schedule that is due at once.
fn at_once(more: Value) -> Value {
    let mut body = json!({"func_name": "one_time_task", "func_module": MODULE, "schedule_type": "now"});
    body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    body
}

fn history(server: &Server, job: &str) -> Vec<Value> {
    server.wait(testing::quiet(&server.scheduler)).unwrap();
    let history = server.get(&format!("/api/history?job_id={job}")).with(200);
    history["history"].as_array().unwrap().clone()
}

#[test]
fn a_job_that_is_created_to_run_now_runs_without_time_passing() {
    let server = Server::start();
    for config in [json!({}), json!({"schedule_config": {}}), json!({"schedule_config": null})] {
        let id = server.create(&at_once(config.clone()));
        let runs = history(&server, &id);
        assert_eq!(runs.len(), 1, "{config}");
        assert_eq!(
            (&runs[0]["status"], &runs[0]["scheduled_for"]),
            (&json!("completed"), &json!("2026-11-23T00:00:00Z"))
        );
        server.get(&format!("/api/jobs/{id}")).detail(404);
    }
}

#[test]
fn what_a_job_shows_of_it_is_what_a_request_would_say() {
    let server = Server::start();
    let id = server.create(&at_once(json!({"enabled": false, "timezone": "Asia/Tokyo"})));
    let job = server.job(&id);
    assert_eq!(job["schedule"], "One-time job");
    assert_eq!((&job["schedule_type"], &job["schedule_config"]), (&json!("now"), &json!({})));
    assert_eq!(job["status"], "paused");

    // Nothing of the schedule is named, so it stays; its name is, so it begins anew.
    let put = |body: Value| server.put(&format!("/api/jobs/{id}"), &body).with(200);
    put(json!({"max_retries": 1}));
    put(json!({"schedule_config": {}, "max_retries": 2}));
    assert!(history(&server, &id).is_empty());
    server.advance(60);
    put(json!({"schedule_type": "now", "enabled": true}));
    let runs = history(&server, &id);
    assert_eq!(runs.last().unwrap()["scheduled_for"], "2026-11-23T00:01:00Z");
    assert_eq!(runs.last().unwrap()["status"], "completed");
    server.get(&format!("/api/jobs/{id}")).detail(404);
}

#[test]
fn an_update_makes_a_job_run_now_or_a_job_that_would_have_run_now_run_at_another_time() {
    let server = Server::start();
    let id = server.create(&interval_job(3_600, json!({})));
    server.advance(60);
    server.put(&format!("/api/jobs/{id}"), &json!({"schedule_type": "now"})).with(200);
    assert_eq!(history(&server, &id).last().unwrap()["scheduled_for"], "2026-11-23T00:01:00Z");

    let id = server.create(&at_once(json!({"enabled": false})));
    let daily = json!({"schedule_type": "daily", "schedule_config": {"time": "09:00"}, "enabled": true});
    server.put(&format!("/api/jobs/{id}"), &daily).with(200);
    assert_eq!(server.job(&id)["next_run"], "2026-11-23 09:00:00");
}

#[test]
fn a_preview_of_it_is_this_instant() {
    let server = Server::start();
    for config in [json!({}), json!({"schedule_config": {}})] {
        let mut body = json!({"schedule_type": "now", "timezone": "Asia/Tokyo"});
        body.as_object_mut().unwrap().extend(config.as_object().unwrap().clone());
        let preview = server.post("/api/schedules/preview", &body).with(200);
        assert_eq!(preview["schedule"], "One-time job");
        let fire = json!({"utc": "2026-11-23T00:00:00Z", "local": "2026-11-23 09:00:00", "offset": "+09:00"});
        assert_eq!(preview["upcoming"], json!([fire]));
    }
}

#[test]
fn a_configuration_that_does_not_fit_is_refused_with_what_would_be_right() {
    let server = Server::start();
    for (fields, status, says) in [
        (json!({"schedule_config": {"delay": 1}}), 422, "unknown field `delay`"),
        (json!({"schedule_config": []}), 422, "`schedule_config`"),
        (json!({"schedule_type": "once"}), 422, "missing field `schedule_config`"),
        (
            json!({"schedule_type": "interval", "schedule_config": null}),
            422,
            "missing field `schedule_config`",
        ),
        (
            json!({"schedule_type": "once", "schedule_config": {"delay": 0}}),
            400,
            "`0 seconds` is out of range; use 1 millisecond to 100 years, or the `schedule_type` `now` for a run at once",
        ),
    ] {
        for path in ["/api/jobs", "/api/schedules/preview"] {
            let mut body =
                if path == "/api/jobs" { at_once(json!({})) } else { json!({"schedule_type": "now"}) };
            body.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
            let detail = server.post(path, &body).detail(status);
            assert!(detail.contains(says), "{path} {fields}: {detail}");
        }
    }
    assert_eq!(server.get("/api/jobs").with(200)["total"], 0);
}

#[test]
fn the_document_says_that_it_needs_no_configuration() {
    let document = Server::start().get("/api/openapi.json").with(200);
    let types = &document["components"]["schemas"]["ScheduleType"];
    assert!(types.to_string().contains("\"now\""), "{types}");
    let body = &document["components"]["schemas"]["CreateJob"]["allOf"];
    assert!(!body[0]["required"].as_array().unwrap().contains(&json!("schedule_config")), "{body}");
    let [with_configuration, at_once] = body[1]["oneOf"].as_array().unwrap().as_slice() else {
        panic!("{body}");
    };
    for of_type in with_configuration["oneOf"].as_array().unwrap() {
        assert_eq!(of_type["required"], json!(["schedule_config", "schedule_type"]));
    }
    assert_eq!(at_once["required"], json!(["schedule_type"]));
    assert_eq!(document["components"]["schemas"]["NowConfig"]["additionalProperties"], false);
}
