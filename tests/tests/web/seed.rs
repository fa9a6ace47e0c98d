//! The requests and answers of the original's documentation.

use fastscheduler_tests::http::{MODULE, Server};
use serde_json::{Value, json};

/// Each example of creating a job, and the schedule that it gets.
#[test]
fn each_example_of_creating_a_job_creates_it() {
    let server = Server::start();
    let cases = [
        (
            "data_sync_task",
            "interval",
            json!({"interval": 30, "unit": "seconds"}),
            json!({"args": ["Real-time Sync"], "group": "data_sync"}),
            "Every 30 seconds",
            "2026-11-23 00:00:30",
        ),
        (
            "health_check_task",
            "interval",
            json!({"interval": 5, "unit": "minutes"}),
            json!({}),
            "Every 5 minutes",
            "2026-11-23 00:05:00",
        ),
        (
            "metrics_collection_task",
            "interval",
            json!({"interval": 2, "unit": "hours"}),
            json!({}),
            "Every 2 hours",
            "2026-11-23 02:00:00",
        ),
        (
            "backup_task",
            "daily",
            json!({"time": "02:00"}),
            json!({"args": ["Nightly Backup"], "group": "data_sync"}),
            "Daily at 02:00",
            "2026-11-23 02:00:00",
        ),
        (
            "report_generation_task",
            "daily",
            json!({"time": "09:30"}),
            json!({"timezone": "Asia/Shanghai", "args": ["Morning Report"]}),
            "Daily at 09:30 (Asia/Shanghai)",
            "2026-11-23 09:30:00",
        ),
        (
            "report_generation_task",
            "weekly",
            json!({"time": "10:00", "days": [0, 4]}),
            json!({"args": ["Weekly Summary"], "group": "notification"}),
            "Every Mon, Fri at 10:00",
            "2026-11-23 10:00:00",
        ),
        (
            "database_maintenance_task",
            "weekly",
            json!({"time": "00:00", "days": [6]}),
            json!({"group": "security"}),
            "Every Sun at 00:00",
            "2026-11-29 00:00:00",
        ),
        (
            "email_digest_task",
            "hourly",
            json!({"time": "0"}),
            json!({"args": ["Hourly Digest"], "group": "notification"}),
            "Hourly at :00",
            "2026-11-23 01:00:00",
        ),
        (
            "metrics_collection_task",
            "hourly",
            json!({"time": "30"}),
            json!({}),
            "Hourly at :30",
            "2026-11-23 00:30:00",
        ),
        (
            "metrics_collection_task",
            "cron",
            json!({"expression": "*/5 * * * *"}),
            json!({"group": "data_sync"}),
            "Cron: */5 * * * *",
            "2026-11-23 00:05:00",
        ),
        (
            "api_monitoring_task",
            "cron",
            json!({"expression": "*/15 * * * *"}),
            json!({"args": ["/api/health"], "group": "maintenance"}),
            "Cron: */15 * * * *",
            "2026-11-23 00:15:00",
        ),
        (
            "report_generation_task",
            "cron",
            json!({"expression": "0 9 * * MON-FRI"}),
            json!({"timezone": "America/New_York"}),
            "Cron: 0 9 * * MON-FRI (America/New_York)",
            "2026-11-23 09:00:00",
        ),
        (
            "one_time_task",
            "once",
            json!({"delay": 10, "unit": "seconds"}),
            json!({"args": ["Initial Setup"], "group": "one_time"}),
            "One-time job",
            "2026-11-23 00:00:10",
        ),
        (
            "delayed_cleanup_task",
            "once",
            json!({"delay": 1, "unit": "minutes"}),
            json!({}),
            "One-time job",
            "2026-11-23 00:01:00",
        ),
    ];
    for (number, (function, kind, config, more, schedule, next_run)) in cases.into_iter().enumerate() {
        let mut body = json!({
            "func_name": function, "func_module": MODULE, "schedule_type": kind, "schedule_config": config,
        });
        body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        let id = format!("job_{number}");
        let created = server.post("/api/jobs", &body).with(201);
        assert_eq!(
            created,
            json!({"success": true, "message": "Job created successfully", "job_id": id}),
            "{body}"
        );
        let job = server.job(&id);
        assert_eq!(job["schedule"], schedule, "{body}");
        assert_eq!(job["next_run"], next_run, "{body}");
        assert_eq!(job["schedule_type"], kind, "{body}");
        assert_eq!(job["schedule_config"], config, "{body}");
        assert_eq!(job["group"], more.get("group").unwrap_or(&json!("default")).clone(), "{body}");
        assert_eq!(job["args"], more.get("args").unwrap_or(&json!([])).clone(), "{body}");
    }
}

#[test]
fn the_example_with_all_options_is_kept_as_it_is_written() {
    let server = Server::start();
    let id = server.create(&json!({
        "func_name": "data_sync_task",
        "func_module": "dev.test_app",
        "schedule_type": "interval",
        "schedule_config": { "interval": 30, "unit": "seconds" },
        "max_retries": 5,
        "timeout": 60.0,
        "timezone": "Asia/Shanghai",
        "enabled": true,
        "args": ["Real-time Sync"],
        "kwargs": { "priority": "high" },
        "group": "data_sync",
    }));
    let job = server.job(&id);
    let mut expected = json!({
        "job_id": "job_0",
        "job_name": "data_sync_task",
        "func_name": "data_sync_task",
        "func_module": "dev.test_app",
        "group": "data_sync",
        "status": "scheduled",
        "schedule": "Every 30 seconds",
        "schedule_type": "interval",
        "schedule_config": { "interval": 30, "unit": "seconds" },
        "timezone": "Asia/Shanghai",
        "from": null,
        "until": null,
        "next_run": "2026-11-23 08:00:30",
        "next_run_at": "2026-11-23T00:00:30Z",
        "next_run_in": 30.0,
        "run_count": 0,
        "failure_count": 0,
        "retry_count": 0,
        "max_retries": 5,
        "timeout": 60.0,
        "retry_delay": 2.0,
        "retry_max_delay": 3600.0,
        "retry_factor": 2.0,
        "retry_jitter": 0.0,
        "paused": false,
        "last_run": null,
        "last_run_at": null,
        "last_status": null,
        "recent": [],
        "args": ["Real-time Sync"],
        "kwargs": { "priority": "high" },
        "overlap": "skip",
        "catch_up": "once",
        "revision": 1,
        "source": "api",
        "added_at": null,
    });
    // What the original does not have.
    let more = json!({
        "jitter": null,
        "gap": null,
        "fold": null,
        "created_at": "2026-11-23T00:00:00Z",
        "paused_at": null,
        "unaccounted_from": "2026-11-23T00:00:30Z",
        "fires_due": 0,
        "running": [],
        "next_attempt_at": null,
        "declared": null,
    });
    expected.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    assert_eq!(job, expected);
    let listed = server.get("/api/jobs").with(200);
    assert_eq!(listed, json!({ "jobs": [expected], "total": 1 }));
}

/// The examples of updating a job.
#[test]
fn each_example_of_an_update_changes_what_it_names() {
    let server = Server::start();
    let create = |kind: &str, config: Value| {
        server.create(&json!({
            "func_name": "backup_task", "func_module": MODULE, "schedule_type": kind, "schedule_config": config,
        }))
    };
    create("interval", json!({"interval": 30, "unit": "seconds"}));
    create("daily", json!({"time": "02:00"}));
    create("cron", json!({"expression": "*/5 * * * *"}));
    let cases = [
        (
            "job_0",
            json!({"schedule_config": {"interval": 60, "unit": "seconds"}}),
            "schedule_config",
            json!({"interval": 60, "unit": "seconds"}),
        ),
        ("job_0", json!({"enabled": false}), "paused", json!(true)),
        ("job_0", json!({"timeout": 120.0, "max_retries": 5}), "timeout", json!(120.0)),
        ("job_0", json!({"enabled": true}), "max_retries", json!(5)),
        ("job_1", json!({"schedule_config": {"time": "03:00"}}), "schedule", json!("Daily at 03:00")),
        (
            "job_2",
            json!({"schedule_config": {"expression": "*/10 * * * *"}}),
            "next_run",
            json!("2026-11-23 00:10:00"),
        ),
    ];
    for (id, update, field, value) in cases {
        let answer = server.put(&format!("/api/jobs/{id}"), &update).with(200);
        assert_eq!(answer, json!({"success": true, "message": format!("Job {id} updated successfully")}));
        assert_eq!(server.job(id)[field], value, "{update}");
    }
}

#[test]
fn errors_are_those_of_the_documentation() {
    let server = Server::start();
    let unknown = server.get("/api/jobs/job_999").with(404);
    let expected = json!({
        "error": "Job not found", "job_id": "job_999", "detail": "Job job_999 not found", "success": false,
    });
    assert_eq!(unknown, expected);
    for action in ["pause", "resume", "enable", "disable", "run", "cancel"] {
        assert_eq!(server.act(&format!("/api/jobs/job_999/{action}")).with(404), expected, "{action}");
    }
    assert_eq!(server.delete("/api/jobs/job_999").with(404), expected);
    assert_eq!(server.put("/api/jobs/job_999", &json!({"timeout": 1})).with(404), expected);

    let job = json!({
        "func_name": "my_task", "func_module": MODULE,
        "schedule_type": "interval", "schedule_config": {"interval": 30},
    });
    assert_eq!(
        server.post("/api/jobs", &job).with(400),
        json!({"detail": "Failed to create job. Make sure function dev.test_app.my_task is registered."})
    );
    let job = json!({
        "func_name": "backup_task", "func_module": MODULE,
        "schedule_type": "invalid_type", "schedule_config": {},
    });
    assert_eq!(
        server.post("/api/jobs", &job).with(400),
        json!({"detail": "Unsupported schedule_type: invalid_type"})
    );
}

/// The fifteen steps of the complete example, one after the other.
#[test]
fn the_complete_example_runs_literally() {
    let server = Server::start();

    // 2. Create an interval job
    let created = server.post(
        "/api/jobs",
        &json!({
            "func_name": "data_sync_task",
            "func_module": "dev.test_app",
            "schedule_type": "interval",
            "schedule_config": {"interval": 30, "unit": "seconds"},
            "args": ["Real-time Sync"],
            "group": "data_sync",
            "max_retries": 3,
            "timeout": 60.0,
            "enabled": true
        }),
    );
    let job_id = created.with(201)["job_id"].as_str().unwrap().to_owned();
    assert_eq!(job_id, "job_0");

    // 3. Get all jobs
    assert_eq!(server.get("/api/jobs").with(200)["jobs"].as_array().unwrap().len(), 1);

    // 4. Get jobs in a specific group
    assert_eq!(server.get("/api/jobs?group=data_sync").with(200)["jobs"].as_array().unwrap().len(), 1);
    assert_eq!(server.get("/api/jobs?group=other").with(200), json!({"jobs": [], "total": 0}));

    // 5. Get specific job details
    assert_eq!(server.job(&job_id)["status"], "scheduled");

    // 6. Update job schedule
    let update = json!({"schedule_config": {"interval": 60, "unit": "seconds"}, "timeout": 120.0});
    assert_eq!(
        server.put(&format!("/api/jobs/{job_id}"), &update).with(200),
        json!({"success": true, "message": "Job job_0 updated successfully"})
    );

    // 7. Pause a job
    assert_eq!(
        server.act(&format!("/api/jobs/{job_id}/pause")).with(200),
        json!({"success": true, "message": "Job job_0 paused"})
    );
    assert_eq!(server.job(&job_id)["status"], "paused");

    // 8. Resume a job
    assert_eq!(
        server.act(&format!("/api/jobs/{job_id}/resume")).with(200),
        json!({"success": true, "message": "Job job_0 resumed"})
    );

    // 9. Trigger immediate execution
    let run = server.act(&format!("/api/jobs/{job_id}/run")).with(200);
    assert_eq!((&run["success"], &run["message"]), (&json!(true), &json!("Job job_0 triggered")));
    server.advance(0);

    // 10. Get execution history
    let history = server.get("/api/history?limit=10").with(200)["history"].clone();
    let last = history.as_array().unwrap().last().unwrap();
    assert_eq!(last["run_id"], run["run_id"]);
    assert_eq!((&last["status"], &last["trigger"]), (&json!("completed"), &json!("manual")));
    assert_eq!((&last["run_count"], &last["retry_count"]), (&json!(1), &json!(0)));
    assert_eq!(last["timestamp_readable"], "2026-11-23 00:00:00");

    // 11. Get scheduler status
    let status = server.get("/api/status").with(200);
    assert_eq!(status["running"], true);
    assert_eq!(status["statistics"]["total_runs"], 1);
    assert_eq!(
        status["statistics"]["per_job"],
        json!({"data_sync_task": {"completed": 1, "failed": 0, "total_runs": 1}})
    );

    // 12. Delete a job
    assert_eq!(
        server.delete(&format!("/api/jobs/{job_id}")).with(200),
        json!({"success": true, "message": "Job job_0 deleted successfully"})
    );

    // 13. Group management - Get all groups
    assert_eq!(server.get("/api/groups").with(200), json!({"groups": ["default"]}));

    // 14. Group management - Pause all jobs in a group
    assert_eq!(
        server.act("/api/groups/data_sync/pause").with(200),
        json!({"success": true, "paused": 0, "message": "Paused 0 job(s) in group: data_sync"})
    );

    // 15. Group management - Cancel all jobs in a group
    assert_eq!(
        server.delete("/api/groups/data_sync").with(200),
        json!({"success": true, "cancelled": 0, "message": "Cancelled 0 job(s) in group: data_sync"})
    );
}
