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
