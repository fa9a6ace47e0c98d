//! What a browser gets, and the server that a scheduler has of its own.

use std::collections::HashSet;

use fastscheduler::SchedulerError;
use fastscheduler_tests::faulty::{Action, Fault, Faulty};
use fastscheduler_tests::http::{Server, interval_job};
use fastscheduler_tests::on_manual_clock;
use fastscheduler_tests::site::Site;
use serde_json::{Value, json};

#[test]
fn the_page_is_served_with_its_files_and_nothing_inline() {
    let server = Server::start();
    let page = server.get("");
    assert_eq!(page.status, 200);
    assert!(page.headers["content-type"].to_str().unwrap().starts_with("text/html"));
    for inline in ["<style", "style=", "onclick", "onload", "<script>"] {
        assert!(!page.text.contains(inline), "{inline}");
    }
    for file in ["page.js", "page.css"] {
        assert!(page.text.contains(&format!("\"scheduler/assets/{file}\"")), "{file}");
        let asset = server.get(&format!("/assets/{file}"));
        assert_eq!(asset.status, 200, "{file}");
        let known =
            server.request("GET", &format!("/assets/{file}")).header("if-none-match", &asset.headers["etag"]);
        let again = server.send(known, ());
        assert_eq!((again.status, again.text.as_str()), (304, ""), "{file}");
    }
    server.get("/assets/nothing.js").detail(404);
    server.act("").detail(405);
}

#[test]
fn the_document_lists_every_endpoint_under_the_prefix() {
    let server = Server::start();
    let document = server.get("/api/openapi.json").with(200);
    assert_eq!(document["openapi"], "3.1.0");
    assert_eq!(document["servers"], json!([{"url": ".."}]));
    let paths = document["paths"].as_object().unwrap();
    let operations: usize = paths.values().map(|path| path.as_object().unwrap().len()).sum();
    assert!(operations >= 36, "{operations}");
    for (path, method) in [
        ("/api/jobs", "get"),
        ("/api/jobs", "post"),
        ("/api/jobs/{job_id}", "put"),
        ("/api/jobs/{job_id}/run", "post"),
        ("/api/jobs/bulk", "post"),
        ("/api/groups/{group}", "delete"),
        ("/api/history", "get"),
        ("/api/runs/{run_id}/cancel", "post"),
        ("/api/dead-letters/{run_id}/retry", "post"),
        ("/api/dead-letters/retry", "post"),
        ("/api/dead-letters/groups", "get"),
        ("/api/schedules/preview", "post"),
        ("/api/functions", "get"),
        ("/api/instances", "get"),
        ("/events", "get"),
        ("/healthz", "get"),
        ("/readyz", "get"),
        ("/metrics", "get"),
        ("/login", "get"),
        ("/login", "post"),
        ("/logout", "post"),
    ] {
        assert!(paths.get(path).and_then(|path| path.get(method)).is_some(), "{method} {path}");
    }
    let shown = server.get("/api/docs");
    assert_eq!((shown.status, &shown.headers["location"]), (308, &"docs/".parse().unwrap()));
    let page = server.get("/api/docs/");
    assert!(page.text.contains("swagger-ui"), "{}", page.text);
    assert!(!page.text.contains("http://") && !page.text.contains("https://"), "{}", page.text);
    assert!(server.get("/api/docs/swagger-initializer.js").text.contains("../openapi.json"));
    server.get("/api/docs/nothing").detail(404);
}

#[test]
fn the_document_says_of_each_answer_what_it_is_and_where_it_leads() {
    let document = Server::start().get("/api/openapi.json").with(200);
    let mut ids = HashSet::new();
    for (path, operations) in document["paths"].as_object().unwrap() {
        for (method, operation) in operations.as_object().unwrap() {
            assert!(ids.insert(operation["operationId"].as_str().unwrap()), "{method} {path}");
            for (status, answer) in operation["responses"].as_object().unwrap() {
                let description = answer["description"].as_str();
                assert!(description.is_some_and(|text| !text.is_empty()), "{method} {path} {status}");
            }
        }
    }
    let created = &document["paths"]["/api/jobs"]["post"]["responses"]["201"];
    for next in ["show_job", "update_job", "pause_job", "resume_job", "cancel_job", "list_job_runs"] {
        let link = json!({"operationId": next, "parameters": {"job_id": "$response.body#/job_id"}});
        assert_eq!(created["links"][next], link, "{next}");
    }
    let mut references = Vec::new();
    find_references(&document, &mut references);
    for reference in references {
        let place = reference.strip_prefix('#').unwrap();
        assert!(document.pointer(place).is_some(), "{reference}");
    }
}

#[test]
fn the_document_shows_of_each_answer_an_example_that_fits_it() {
    let document = Server::start().get("/api/openapi.json").with(200);
    let mut answers = 0;
    for (path, operations) in document["paths"].as_object().unwrap() {
        for (method, operation) in operations.as_object().unwrap() {
            let responses = operation["responses"].as_object().unwrap();
            for (status, answer) in responses.iter().filter(|(status, _)| status.starts_with('2')) {
                let Some(content) = answer["content"].get("application/json") else { continue };
                let place = format!("{method} {path} {status}");
                let example = content.get("example").unwrap_or_else(|| panic!("{place} has no example"));
                check_fit(&document, &content["schema"], example, &place);
                answers += 1;
            }
            for parameter in operation["parameters"].as_array().into_iter().flatten() {
                assert!(parameter["description"].is_string(), "{method} {path}: {parameter}");
            }
        }
    }
    assert!(answers >= 36, "{answers}");
}

/// Holds that objects of an example have the fields that their schemas require, and no others than these name.
fn check_fit(document: &Value, schema: &Value, example: &Value, place: &str) {
    match example {
        Value::Object(fields) => {
            let parts = parts(document, schema);
            for required in parts.iter().filter_map(|part| part["required"].as_array()).flatten() {
                assert!(fields.contains_key(required.as_str().unwrap()), "{place} lacks {required}");
            }
            let has_any = |part: &&Value| part.get("properties").is_none();
            if parts.iter().all(has_any) {
                return;
            }
            for (name, value) in fields {
                let known = parts.iter().find_map(|part| part["properties"].get(name));
                let known = known.unwrap_or_else(|| panic!("{place} has `{name}`, which its schema lacks"));
                check_fit(document, known, value, &format!("{place}: {name}"));
            }
        }
        Value::Array(items) => {
            let of_items = parts(document, schema).into_iter().find_map(|part| part.get("items"));
            for item in items {
                check_fit(document, of_items.unwrap_or(&Value::Null), item, place);
            }
        }
        _ => {}
    }
}

/// The parts that make up a schema, by reference or not; of a choice, what is not null.
fn parts<'a>(document: &'a Value, schema: &'a Value) -> Vec<&'a Value> {
    if let Some(reference) = schema["$ref"].as_str() {
        return parts(document, document.pointer(reference.strip_prefix('#').unwrap()).unwrap());
    }
    let combined = schema["allOf"].as_array().or_else(|| schema["oneOf"].as_array());
    match combined {
        Some(combined) => combined.iter().flat_map(|part| parts(document, part)).collect(),
        None => vec![schema],
    }
}

#[test]
fn the_document_refuses_the_texts_that_requests_are_refused_for() {
    let server = Server::start();
    let document = server.get("/api/openapi.json").with(200);
    let schemas = &document["components"]["schemas"];
    let job = |field: &str| {
        let mut job = interval_job(60, json!({}));
        job[field] = json!("");
        ("POST", "/api/jobs", job)
    };
    let scheduled = |kind: &str, field: &str| {
        let job = json!({"func_name": "echo_task", "schedule_type": kind, "schedule_config": {field: ""}});
        ("POST", "/api/jobs", job)
    };
    let id = server.create(&interval_job(60, json!({})));
    let path = format!("/api/jobs/{id}");
    let update = |field: &str| ("PUT", &*path, json!({field: ""}));
    let preview = json!({"schedule_type": "daily", "schedule_config": {"time": "09:00"}, "timezone": ""});
    for (schema, field, (method, path, body)) in [
        ("CreateJob", "func_name", job("func_name")),
        ("CreateJob", "job_name", job("job_name")),
        ("CreateJob", "group", job("group")),
        ("CreateJob", "timezone", job("timezone")),
        ("UpdateJob", "job_name", update("job_name")),
        ("UpdateJob", "group", update("group")),
        ("UpdateJob", "timezone", update("timezone")),
        ("PreviewRequest", "timezone", ("POST", "/api/schedules/preview", preview)),
        ("CronConfig", "expression", scheduled("cron", "expression")),
        ("AtTime", "at", scheduled("once", "at")),
    ] {
        let least = &find_object(&document, schemas, schema)["properties"][field]["minLength"];
        assert_eq!(least, 1, "{schema}.{field}");
        server.send_json(method, path, body.to_string()).detail(400);
    }
    // The zones that there are fit.
    let pattern = &find_object(&document, schemas, "UpdateJob")["properties"]["timezone"]["pattern"];
    assert_eq!(pattern, "^[A-Za-z][A-Za-z0-9_+/-]*$");
    for zone in chrono_tz::TZ_VARIANTS {
        let is_sign = |sign: u8| sign.is_ascii_alphanumeric() || b"_+/-".contains(&sign);
        assert!(zone.name().starts_with(|first: char| first.is_ascii_alphabetic()), "{zone}");
        assert!(zone.name().bytes().all(is_sign), "{zone}");
    }
    for what in ["`job_id`", "`name`", "`next_run`", "`last_run`"] {
        let parameters = document["paths"]["/api/jobs"]["get"]["parameters"].as_array().unwrap();
        let offset = parameters.iter().find(|parameter| parameter["name"] == "offset").unwrap();
        assert!(offset["description"].as_str().unwrap().contains(what), "{what}: {offset}");
    }
}

/// The schema of an object, which may be a part of another one.
fn find_object<'a>(document: &'a Value, schemas: &'a Value, name: &str) -> &'a Value {
    let schema = &schemas[name];
    let parts = schema["allOf"].as_array().map(Vec::as_slice).unwrap_or_default();
    let has_fields = |part: &&'a Value| part.get("properties").is_some();
    std::iter::once(schema).chain(parts).find(has_fields).unwrap_or_else(|| panic!("{name} in {document}"))
}

fn find_references<'a>(value: &'a Value, found: &mut Vec<&'a str>) {
    match value {
        Value::Object(fields) => {
            found.extend(fields.get("$ref").and_then(Value::as_str));
            fields.values().for_each(|value| find_references(value, found));
        }
        Value::Array(items) => items.iter().for_each(|value| find_references(value, found)),
        _ => {}
    }
}

#[tokio::test]
async fn the_document_asks_for_a_token_where_the_scheduler_does() {
    for token in [None, Some("needed")] {
        let builder = on_manual_clock().0;
        let scheduler = match token {
            Some(token) => builder.token(token).build().await.unwrap(),
            None => builder.build().await.unwrap(),
        };
        let authorization = token.map(|token| format!("Bearer {token}"));
        let headers: Vec<_> = authorization.iter().map(|value| ("authorization", value.as_str())).collect();
        let site = Site::of(&scheduler).await;
        let document = site.ask("GET", "/scheduler/api/openapi.json", &headers, "").await.json();
        let of = |path: &str, method: &str| document["paths"][path][method].clone();
        for (path, method) in [("/api/jobs", "get"), ("/api/jobs", "post"), ("/events", "get")] {
            let operation = of(path, method);
            assert_eq!(operation.get("security").is_some(), token.is_some(), "{method} {path}");
            assert_eq!(operation["responses"].get("401").is_some(), token.is_some(), "{method} {path}");
        }
        assert_eq!(of("/healthz", "get").get("security"), None);
        assert_eq!(document["components"].get("securitySchemes").is_some(), token.is_some());
    }
}

#[tokio::test]
async fn a_scheduler_serves_from_its_start_to_its_stop() {
    let scheduler = on_manual_clock().0.http("127.0.0.1:0").build().await.unwrap();
    assert_eq!(scheduler.http_address(), None);
    scheduler.start().await.unwrap();
    let address = scheduler.http_address().unwrap();
    let ask = |path: &'static str| {
        let url = format!("http://{address}{path}");
        tokio::task::spawn_blocking(move || {
            let agent: ureq::Agent = ureq::Agent::config_builder().http_status_as_error(false).build().into();
            agent.get(url).call().map(|answer| answer.status().as_u16())
        })
    };
    assert_eq!(ask("/scheduler/api/status").await.unwrap().unwrap(), 200);
    // By way of a redirect, and of two.
    assert_eq!(ask("/scheduler").await.unwrap().unwrap(), 200);
    assert_eq!(ask("/").await.unwrap().unwrap(), 200);
    assert_eq!(ask("/nothing").await.unwrap().unwrap(), 404);

    let taken = on_manual_clock().0.http(address.to_string()).build().await.unwrap();
    let refused = taken.start().await.unwrap_err();
    assert!(matches!(refused, SchedulerError::Listen { .. }), "{refused}");
    assert_eq!(refused.to_string(), format!("cannot listen at `{address}`"));

    scheduler.stop().await.unwrap();
    assert!(ask("/scheduler/api/status").await.unwrap().is_err());
    // It can be started now that the address is free.
    taken.start().await.unwrap();
    taken.stop().await.unwrap();
}

#[tokio::test]
async fn a_start_that_failed_or_was_dropped_leaves_no_address_and_the_next_one_has_its_own() {
    let store = Faulty::default();
    let scheduler = on_manual_clock().0.storage(store.clone()).http("127.0.0.1:0").build().await.unwrap();
    store.once(Action::Other, Fault::Fails);
    scheduler.start().await.unwrap_err();
    assert_eq!(scheduler.http_address(), None);
    let _held = store.holds(Action::Other);
    {
        let starting = scheduler.start();
        tokio::pin!(starting);
        while !store.has_held() {
            assert!(futures_util::poll!(starting.as_mut()).is_pending());
            tokio::task::yield_now().await;
        }
        assert_eq!(scheduler.http_address(), None, "nothing is served yet");
    }
    assert_eq!(scheduler.http_address(), None);
    scheduler.start().await.unwrap();
    assert_eq!(Site::of(&scheduler).await.ask("GET", "/scheduler/healthz", &[], "").await.status, 200);
    let served = scheduler.http_address().unwrap();
    tokio::net::TcpStream::connect(served).await.unwrap();
    scheduler.stop().await.unwrap();
}

#[tokio::test]
async fn an_address_that_others_reach_is_refused() {
    for address in ["0.0.0.0:0", "[::]:0", "192.0.2.1:80"] {
        let scheduler = on_manual_clock().0.http(address).build().await.unwrap();
        let refused = scheduler.start().await.unwrap_err();
        assert!(refused.to_string().starts_with(&format!("`http` is `{address}`")), "{refused}");
    }
}
