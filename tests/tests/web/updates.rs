//! How the fields of an update are read.

use fastscheduler_tests::http::{Server, interval_job};
use serde_json::{Value, json};

#[test]
fn a_null_in_a_schedule_names_nothing_where_it_may_be_left_out() {
    let server = Server::start();
    let job = |kind: &str, config: Value| {
        server.create(&interval_job(1, json!({"schedule_type": kind, "schedule_config": config})))
    };
    let hours = job("interval", json!({"interval": 45, "unit": "hours"}));
    let delay = job("once", json!({"delay": 3, "unit": "days"}));
    let dated = job("once", json!({"at": "2027-12-25 00:00:00"}));
    let update =
        |id: &str, config: Value| server.put(&format!("/api/jobs/{id}"), &json!({"schedule_config": config}));
    let config_of = |id: &str| server.job(id)["schedule_config"].clone();

    for (id, nothing) in [
        (&hours, json!({"unit": null})),
        (&delay, json!({"unit": null})),
        (&delay, json!({"at": null})),
        (&dated, json!({"at": null, "delay": null, "unit": null})),
    ] {
        let before = server.job(id);
        assert!(update(id, nothing).detail(400).contains("changes nothing"));
        assert_eq!(server.job(id), before);
    }
    let path = format!("/api/jobs/{hours}");
    server.put(&path, &json!({"timeout": 5, "schedule_config": {"unit": null}})).with(200);
    assert_eq!(server.job(&hours)["schedule"], "Every 45 hours");
    update(&hours, json!({"interval": 50, "unit": null})).with(200);
    assert_eq!(config_of(&hours), json!({"interval": 50, "unit": "hours"}));
    update(&delay, json!({"delay": 4, "unit": null, "at": null})).with(200);
    assert_eq!(config_of(&delay), json!({"delay": 4, "unit": "days"}));
    update(&dated, json!({"delay": null, "at": "2028-01-01 00:00:00"})).with(200);
    assert_eq!(config_of(&dated), json!({"at": "2028-01-01 00:00:00"}));

    assert!(update(&hours, json!({"interval": null})).detail(422).contains("`schedule_config.interval`"));
    assert!(update(&hours, json!({"delay": null})).detail(422).contains("unknown field `delay`"));
}

#[test]
fn a_whole_number_may_be_written_as_a_fraction() {
    let server = Server::start();
    let weekly = json!({"days": [0.0, 4.0], "time": "10:00"});
    let job = json!({"schedule_type": "weekly", "schedule_config": weekly, "max_retries": 2.0});
    let id = server.create(&interval_job(1, job));
    assert_eq!(server.job(&id)["schedule"], "Every Mon, Fri at 10:00");
    let update = json!({"max_retries": 5.0, "if_revision": 1.0});
    server.put(&format!("/api/jobs/{id}"), &update).with(200);
    assert_eq!(server.job(&id)["max_retries"], 5);
    server.put(&format!("/api/jobs/{id}"), &update).detail(409);
    for none in [json!(1.5), json!(1e30), json!("2"), json!(true)] {
        server.put(&format!("/api/jobs/{id}"), &json!({"max_retries": none})).detail(422);
    }
}

#[test]
fn an_instant_keeps_its_fraction_of_a_second_to_the_microsecond() {
    let server = Server::start();
    let once = |at: &str| json!({"schedule_type": "once", "schedule_config": {"at": at}});
    let id = server.create(&interval_job(1, once("2027-01-01T00:00:00.900Z")));
    let shown = || {
        let job = server.job(&id);
        (job["schedule_config"]["at"].clone(), job["next_run_at"].clone(), job["next_run"].clone())
    };
    let (at, next_run_at, next_run) =
        ("2027-01-01 00:00:00.900Z", "2027-01-01T00:00:00.900Z", "2027-01-01 00:00:00");
    assert_eq!(shown(), (json!(at), json!(next_run_at), json!(next_run)));
    let path = format!("/api/jobs/{id}");
    let update =
        json!({"schedule_config": {"at": "2027-01-01 00:00:00.1234567"}, "timezone": "Asia/Kolkata"});
    server.put(&path, &update).with(200);
    let (at, next_run_at, next_run) =
        ("2027-01-01 00:00:00.123456", "2026-12-31T18:30:00.123456Z", "2027-01-01 00:00:00");
    assert_eq!(shown(), (json!(at), json!(next_run_at), json!(next_run)));
    // What it shows can be sent in a request.
    let same = json!({"schedule_config": {"at": at}});
    server.put(&path, &same).with(200);
    assert_eq!(shown(), (json!(at), json!(next_run_at), json!(next_run)));
}
