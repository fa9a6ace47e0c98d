//! The settings of jobs that requests name and answers show.

use fastscheduler_tests::http::{Server, interval_job};
use serde_json::{Value, json};

#[test]
fn the_wait_before_retries_is_created_shown_and_updated() {
    let server = Server::start();
    let shown = |id: &str| {
        let job = server.job(id);
        ["retry_delay", "retry_max_delay", "retry_factor", "retry_jitter"].map(|field| job[field].clone())
    };
    let plain = server.create(&interval_job(60, json!({})));
    assert_eq!(shown(&plain), [json!(2.0), json!(3_600.0), json!(2.0), json!(0.0)]);
    let waits = json!({"retry_delay": 0, "retry_max_delay": 600, "retry_factor": 1.5, "retry_jitter": 0.2});
    let id = server.create(&interval_job(60, waits));
    assert_eq!(shown(&id), [json!(0.0), json!(600.0), json!(1.5), json!(0.2)]);
    let path = format!("/api/jobs/{id}");
    server.put(&path, &json!({"retry_delay": 5, "retry_factor": 3})).with(200);
    assert_eq!(shown(&id), [json!(5.0), json!(600.0), json!(3.0), json!(0.2)]);
    let none =
        json!({"retry_delay": null, "retry_max_delay": null, "retry_factor": null, "retry_jitter": null});
    server.put(&path, &none).with(200);
    assert_eq!(shown(&id), shown(&plain), "null is the default");
    for (field, value, status) in [
        ("retry_delay", json!(-1), 400),
        ("retry_delay", json!(0.000_1), 400),
        ("retry_max_delay", json!(1e12), 400),
        ("retry_factor", json!(0.5), 400),
        ("retry_jitter", json!(1.5), 400),
        ("retry_delay", json!("5s"), 422),
        ("retry_factor", json!(true), 422),
    ] {
        let detail = server.put(&path, &json!({field: value})).detail(status);
        assert!(detail.contains(field), "{detail}");
        let created = server.post("/api/jobs", &interval_job(60, json!({field: value}))).detail(status);
        assert!(created.contains(field), "{created}");
    }
}

#[test]
fn creating_and_updating_name_the_same_settings() {
    let document = Server::start().get("/api/openapi.json").with(200);
    let schemas = &document["components"]["schemas"];
    let fields = |schema: &Value| -> Vec<String> {
        let own = ["func_name", "func_module", "if_revision", "schedule_type", "schedule_config"];
        let object = schema["allOf"].get(0).unwrap_or(schema);
        let properties = object["properties"].as_object().unwrap();
        properties.keys().filter(|field| !own.contains(&field.as_str())).cloned().collect()
    };
    let (create, update) = (fields(&schemas["CreateJob"]), fields(&schemas["UpdateJob"]));
    assert!(create.iter().any(|field| field == "retry_delay"), "{create:?}");
    assert_eq!(create, update);
}

#[test]
fn a_first_and_a_last_date_are_created_shown_previewed_and_updated() {
    let server = Server::start();
    let window = json!({"from": "2026-12-01", "until": "2026-12-02 00:00:30", "timezone": "UTC"});
    let id = server.create(&interval_job(43_200, window.clone()));
    let job = server.job(&id);
    assert_eq!((&job["from"], &job["until"]), (&json!("2026-12-01"), &json!("2026-12-02 00:00:30")));
    assert_eq!(job["schedule"], "Every 12 hours (UTC), from 2026-12-01 until 2026-12-02 00:00:30");
    assert_eq!(job["next_run_at"], "2026-12-01T00:00:00Z");
    let mut preview = json!({
        "schedule_type": "interval", "schedule_config": {"interval": 12, "unit": "hours"}
    });
    preview.as_object_mut().unwrap().extend(window.as_object().unwrap().clone());
    let upcoming = server.post("/api/schedules/preview", &preview).with(200);
    assert_eq!(upcoming["upcoming"].as_array().unwrap().len(), 3, "{upcoming}");
    let path = format!("/api/jobs/{id}");
    server.put(&path, &json!({"from": null, "until": "2026-12-31"})).with(200);
    let job = server.job(&id);
    assert_eq!((&job["from"], &job["until"]), (&Value::Null, &json!("2026-12-31")));
    for (field, value, says) in [
        ("from", "2027-02-29", "`2027-02-29` is not a date"),
        ("until", "soon", "`soon` is not a date"),
        ("from", "2027-01-01", "never fires; move `from` or `until`"),
    ] {
        let detail = server.put(&path, &json!({field: value})).detail(400);
        assert!(detail.contains(says), "{detail}");
    }
    let once = json!({"schedule_type": "once", "schedule_config": {"delay": 5}, "until": "2027-01-01"});
    let detail = server.post("/api/jobs", &interval_job(1, once)).detail(400);
    assert!(detail.contains("for schedules that repeat"), "{detail}");
    let over = server.post("/api/jobs", &interval_job(60, json!({"until": "2020-01-01"}))).with(201);
    let gone = format!("/api/jobs/{}", over["job_id"].as_str().unwrap());
    server.get(&gone).detail(404);
}
