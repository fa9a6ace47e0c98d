//! Previews of schedules over HTTP, and the fires to come of jobs.

use fastscheduler_tests::http::{Server, interval_job};
use serde_json::{Value, json};

#[test]
fn a_preview_shows_a_schedule_before_it_is_a_job() {
    let server = Server::start();
    let preview = server
        .post(
            "/api/schedules/preview",
            &json!({
                "schedule_type": "daily", "schedule_config": {"time": "02:30"}, "timezone": "Europe/Paris",
            }),
        )
        .with(200);
    assert_eq!(preview["schedule"], "Daily at 02:30 (Europe/Paris)");
    assert_eq!(preview["timezone"], "Europe/Paris");
    assert_eq!(preview["upcoming"].as_array().unwrap().len(), 10);
    assert_eq!(
        preview["upcoming"][0],
        json!({"utc": "2026-11-23T01:30:00Z", "local": "2026-11-23 02:30:00", "offset": "+01:00"})
    );
    assert_eq!(preview["notes"].as_array().unwrap().len(), 2, "{preview}");
    let cron = |expression: &str| {
        let config = json!({"schedule_type": "cron", "schedule_config": {"expression": expression}});
        let preview = server.post("/api/schedules/preview", &config).with(200);
        (preview["schedule"].as_str().unwrap().to_owned(), preview["notes"].to_string())
    };
    let (sentence, notes) = cron("0 0 13 * FRI");
    assert!(sentence.ends_with(", when the day of month or the day of week matches"), "{sentence}");
    assert!(notes.contains("match either") && !notes.contains("Linux"), "{notes}");
    let (sentence, notes) = cron("0 0 */2 * MON");
    assert!(sentence.contains(" or "), "{sentence}");
    assert!(notes.contains("match either") && notes.contains("Linux's cron differs"), "{notes}");
    let (sentence, notes) = cron("0 0 13 * +FRI");
    assert!(sentence.ends_with(", when both the day of month and the day of week match"), "{sentence}");
    assert!(notes.contains("match both"), "{notes}");
    assert_eq!(cron("0 0 */1 * MON"), ("Cron: 0 0 */1 * MON".to_owned(), "[]".to_owned()));
    let wrong = json!({"schedule_type": "cron", "schedule_config": {"expression": "0 0 30 2 *"}});
    assert!(server.post("/api/schedules/preview", &wrong).detail(400).contains("never fires"));
    assert_eq!(server.get("/api/jobs").with(200)["total"], 0);

    let id = server.create(&interval_job(60, json!({})));
    let upcoming = server.get(&format!("/api/jobs/{id}/upcoming?n=2")).with(200)["upcoming"].clone();
    assert_eq!(upcoming[1]["utc"], "2026-11-23T00:02:00Z");
    assert_eq!(upcoming.as_array().unwrap().len(), 2);
    server.get("/api/jobs/job_9/upcoming").with(404);
}

#[test]
fn fires_are_listed_up_to_the_last_year_that_can_be_written() {
    let server = Server::start();
    let century = json!({"interval": 36_525, "unit": "days"});
    let id = server.create(&interval_job(1, json!({"schedule_config": century})));
    let upcoming = server.get(&format!("/api/jobs/{id}/upcoming?n=1000")).with(200);
    let last = upcoming["upcoming"].as_array().unwrap().last().unwrap();
    assert!(last["utc"].as_str().unwrap().starts_with("99"), "{last}");
}

/// A preview and what is to come of a job say the same.
fn previewed(server: &Server, schedule: &Value) -> Value {
    let preview = server.post("/api/schedules/preview", schedule).with(200);
    let mut job = schedule.clone();
    job["func_name"] = "echo_task".into();
    let id = server.create(&job);
    let upcoming = server.get(&format!("/api/jobs/{id}/upcoming")).with(200);
    for field in ["upcoming", "timezone", "notes", "day_fields", "clock_changes"] {
        assert_eq!(upcoming[field], preview[field], "{field} of {schedule}");
    }
    preview
}

#[test]
fn clock_changes_come_as_fields_beside_their_sentences() {
    let server = Server::start();
    let in_paris = |kind: &str, config: Value, more: Value| {
        let mut schedule =
            json!({"schedule_type": kind, "schedule_config": config, "timezone": "Europe/Paris"});
        schedule.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        schedule
    };
    let change = |kind: &str, effect: &str| match kind {
        "fold" => json!({
            "kind": "fold", "on": "2027-10-31", "from": "03:00:00", "to": "02:00:00", "effect": effect,
        }),
        _ => json!({
            "kind": "gap", "on": "2027-03-28", "from": "02:00:00", "to": "03:00:00", "effect": effect,
        }),
    };
    let at = json!({"time": "02:30"});
    let cases = [
        (in_paris("daily", at.clone(), json!({})), [("gap", "next"), ("fold", "first")].to_vec()),
        (
            in_paris("daily", at.clone(), json!({"gap": "shift", "fold": "second"})),
            [("gap", "shift"), ("fold", "second")].to_vec(),
        ),
        (
            in_paris("daily", at, json!({"gap": "skip", "fold": "both"})),
            [("gap", "skip"), ("fold", "both")].to_vec(),
        ),
        (in_paris("hourly", json!({"time": ":30"}), json!({})), [("gap", "skip"), ("fold", "both")].to_vec()),
        (in_paris("daily", json!({"time": "12:00"}), json!({})), Vec::new()),
        (in_paris("interval", json!({"interval": 30, "unit": "minutes"}), json!({})), Vec::new()),
    ];
    for (schedule, expected) in cases {
        let mut preview = previewed(&server, &schedule);
        let changes = preview["clock_changes"].as_array_mut().unwrap();
        let texts: Vec<_> = changes
            .iter_mut()
            .map(|change| change.as_object_mut().unwrap().remove("text").unwrap())
            .collect();
        let expected: Vec<_> = expected.into_iter().map(|(kind, effect)| change(kind, effect)).collect();
        assert_eq!(*changes, expected, "{schedule}");
        assert_eq!(preview["notes"], json!(texts), "{schedule}");
        assert_eq!(preview["timezone"], "Europe/Paris");
    }
}

#[test]
fn how_day_fields_combine_is_a_word_beside_its_sentence() {
    let server = Server::start();
    for (expression, word, notes) in [
        ("0 9 * * MON", "one", 0),
        ("0 0 13 * FRI", "either", 1),
        ("0 0 */2 * MON", "either_unlike_linux", 1),
        ("0 0 13 * +FRI", "both", 1),
    ] {
        let schedule = json!({"schedule_type": "cron", "schedule_config": {"expression": expression}});
        let preview = previewed(&server, &schedule);
        assert_eq!(preview["day_fields"], word, "{expression}");
        assert_eq!(preview["notes"].as_array().unwrap().len(), notes, "{expression}");
    }
    let daily = json!({"schedule_type": "daily", "schedule_config": {"time": "09:00"}});
    assert_eq!(previewed(&server, &daily)["day_fields"], Value::Null);
}
