//! What is planned, over HTTP.

use fastscheduler_tests::http::{MODULE, Server, interval_job};
use serde_json::json;

#[test]
fn a_timeline_has_the_load_of_all_jobs_and_the_fires_of_some() {
    let server = Server::start();
    let band = server.create(&interval_job(1, json!({"job_name": "band"})));
    let ends = json!({"job_name": "ends", "until": "2026-11-23 00:01:00", "group": "g"});
    let ends = server.create(&interval_job(20, ends));
    let path = "/api/timeline?from=2026-11-23T00:00:00Z&to=2026-11-23T00:02:00Z";
    server.act(&format!("/api/jobs/{band}/pause")).with(200);
    let timeline = server.get(path).with(200);
    let first =
        |count: u32| (1..=count).map(|second| format!("2026-11-23T00:0{}:{:02}Z", second / 60, second % 60));
    let expected = json!({
        "from": "2026-11-23T00:00:00Z", "to": "2026-11-23T00:02:00Z",
        "step": 60, "load_from": "2026-11-23T00:00:00Z", "load": [2, 1], "is_partial": false,
        "jobs": [
            {
                "job_id": ends, "job_name": "ends", "paused": false, "paused_at": null,
                "schedule": "Every 20 seconds, until 2026-11-23 00:01:00", "schedule_type": "interval",
                "schedule_config": {"interval": 20, "unit": "seconds"}, "timezone": null,
                "from": null, "until": "2026-11-23 00:01:00",
                "fires": ["2026-11-23T00:00:20Z", "2026-11-23T00:00:40Z", "2026-11-23T00:01:00Z"],
                "last": "2026-11-23T00:01:00Z", "count": 3, "is_exact": true, "every": null,
            },
            {
                "job_id": band, "job_name": "band", "paused": true, "paused_at": "2026-11-23T00:00:00Z",
                "schedule": "Every 1 second", "schedule_type": "interval",
                "schedule_config": {"interval": 1, "unit": "seconds"}, "timezone": null, "from": null, "until": null, "fires": first(60).collect::<Vec<_>>(),
                "last": "2026-11-23T00:02:00Z", "count": 120, "is_exact": true, "every": 1.0,
            },
        ],
        "total": 2,
    });
    assert_eq!(timeline, expected);
    for (more, jobs, total) in [
        ("group=g", vec![ends.clone()], 1),
        ("q=BAND", vec![band.clone()], 1),
        ("status=paused", vec![band.clone()], 1),
        ("limit=1", vec![ends.clone()], 2),
        ("limit=1&offset=1", vec![band.clone()], 2),
        ("group=none", vec![], 0),
    ] {
        let timeline = server.get(&format!("{path}&{more}")).with(200);
        let ids: Vec<_> =
            timeline["jobs"].as_array().unwrap().iter().map(|job| job["job_id"].as_str().unwrap()).collect();
        assert_eq!(ids, jobs, "{more}");
        assert_eq!((&timeline["total"], &timeline["load"]), (&json!(total), &json!([2, 1])), "{more}");
    }
    let whole = server.get("/api/timeline").with(200);
    assert_eq!(
        (&whole["from"], &whole["to"]),
        (&json!("2026-11-22T23:00:00Z"), &json!("2026-11-23T06:00:00Z"))
    );
    assert_eq!(server.get("/api/timeline?from=1795392000&to=1795392060").with(200)["load"], json!([2]));
}

#[test]
fn a_job_of_a_timeline_says_its_schedule_as_the_job_does() {
    let server = Server::start();
    let id = server.create(&json!({
        "func_name": "echo_task", "func_module": MODULE, "schedule_type": "weekly", "timezone": "Asia/Shanghai",
        "schedule_config": {"days": [0, 4], "time": "10:30"}, "from": "2026-11-20", "until": "2027-06-30",
    }));
    let (planned, job) = (server.get("/api/timeline").with(200)["jobs"][0].clone(), server.job(&id));
    for field in ["schedule", "schedule_type", "schedule_config", "timezone", "from", "until"] {
        assert!(!job[field].is_null() && planned[field] == job[field], "{field}: {planned}");
    }
    assert_eq!(
        (&planned["schedule_type"], &planned["timezone"]),
        (&json!("weekly"), &json!("Asia/Shanghai"))
    );
}

#[test]
fn a_timeline_with_one_end_takes_seven_hours() {
    let server = Server::start();
    for (query, from, to) in [
        ("from=2026-12-24T00:00:00Z", "2026-12-24T00:00:00Z", "2026-12-24T07:00:00Z"),
        ("from=2026-11-01T00:00:00Z", "2026-11-01T00:00:00Z", "2026-11-01T07:00:00Z"),
        ("to=2026-11-22T00:00:00Z", "2026-11-21T17:00:00Z", "2026-11-22T00:00:00Z"),
        ("to=2027-01-01T00:00:00Z", "2026-12-31T17:00:00Z", "2027-01-01T00:00:00Z"),
        ("", "2026-11-22T23:00:00Z", "2026-11-23T06:00:00Z"),
    ] {
        let timeline = server.get(&format!("/api/timeline?{query}")).with(200);
        assert_eq!((&timeline["from"], &timeline["to"]), (&json!(from), &json!(to)), "{query}");
    }
}

#[test]
fn a_timeline_that_cannot_be_is_refused_with_what_can() {
    let server = Server::start();
    for (query, expected) in [
        ("from=2026-11-23T00:00:00Z&to=2026-11-23T00:00:00Z", "let it end after it begins"),
        ("from=2026-11-23T00:00:00Z&to=2026-12-01T00:00:00Z", "at most 7 days later"),
        ("from=soon", "`from` is `soon`; use seconds since 1970, or RFC 3339"),
        ("to=-1", "`to` is `-1`; use seconds since 1970, or RFC 3339"),
        ("limit=0", "`limit`"),
        ("limit=201", "`limit`"),
        ("offset=-1", "`offset`"),
        ("status=lazy", "`status` is `lazy`"),
    ] {
        let detail = server.get(&format!("/api/timeline?{query}")).detail(400);
        assert!(detail.contains(expected), "{query}: {detail}");
    }
    server.act("/api/timeline").detail(405);
}

#[test]
fn a_span_at_either_end_of_time_is_answered() {
    let server = Server::start();
    server.create(&interval_job(60, json!({})));
    for (from, to) in [
        ("-262143-01-01T00:00:00Z", "-262143-01-01T01:00:00Z"),
        ("0000-01-01T00:00:00Z", "0000-01-02T00:00:00Z"),
        ("9999-12-31T00:00:00Z", "9999-12-31T23:59:59Z"),
        ("%2B262142-12-31T00:00:00Z", "%2B262142-12-31T23:00:00Z"),
    ] {
        let answer = server.get(&format!("/api/timeline?from={from}&to={to}"));
        assert!(matches!(answer.status, 200 | 400), "{from}: {answer:?}");
    }
}
