//! Examples in the OpenAPI document of answers that show whole jobs and runs.

use serde_json::{Value, json};

/// What a job is to do.
fn definition() -> Value {
    json!({
        "job_id": "job_0", "job_name": "backup", "group": "nightly", "args": ["/srv"], "kwargs": {"level": 9},
        "max_retries": 3, "timeout": 3_600.0, "catch_up": "once", "overlap": "skip", "jitter": null,
        "retry_delay": 2.0, "retry_max_delay": 3_600.0, "retry_factor": 2.0, "retry_jitter": 0.0,
        "timezone": "Asia/Shanghai", "gap": null, "fold": null, "from": null, "until": null,
        "func_name": "backup_task", "func_module": "dev.test_app", "schedule": "Daily at 02:00 (Asia/Shanghai)",
        "schedule_type": "daily", "schedule_config": {"time": "02:00"}, "source": "api", "declared": null,
        "revision": 1,
    })
}

/// What the same job is at: its third run.
fn state() -> Value {
    json!({
        "status": "running", "next_run": "2026-11-25 02:00:00", "next_run_at": "2026-11-24T18:00:00Z",
        "next_run_in": 86_392.5, "run_count": 2, "failure_count": 1, "retry_count": 0, "paused": false,
        "last_run": "2026-11-24 02:00:00", "last_run_at": "2026-11-23T18:00:00Z", "last_status": "failed",
        "recent": ["completed", "failed"], "added_at": null, "created_at": "2026-11-21T07:30:00Z",
        "paused_at": null, "unaccounted_from": "2026-11-24T18:00:00Z", "fires_due": 0,
        "running": [{
            "run_id": "job_0-s-1795456800000000-1", "started_at": "2026-11-23T18:00:00Z",
            "deadline_at": "2026-11-23T19:00:00Z",
        }],
        "next_attempt_at": null,
    })
}

/// Its last runs.
fn recent_runs() -> Value {
    json!([
        {
            "run_id": "job_0-s-1795284000000000-1", "status": "completed", "due": "2026-11-21T18:00:00Z",
            "took": 40.25, "error": null,
        },
        {
            "run_id": "job_0-s-1795370400000000-1", "status": "failed", "due": "2026-11-22T18:00:00Z",
            "took": 12.5, "error": "disk quota exceeded",
        },
    ])
}

/// The fields of both.
fn with(mut value: Value, more: Value) -> Value {
    if let (Value::Object(fields), Value::Object(more)) = (&mut value, more) {
        fields.extend(more);
    }
    value
}

fn job() -> Value {
    with(definition(), state())
}

fn job_with_recent() -> Value {
    with(job(), json!({"recent_runs": recent_runs()}))
}

/// One job.
pub(super) fn job_answer() -> Value {
    json!({"job": job_with_recent()})
}

/// Some jobs, with counts of their statuses.
pub(super) fn job_list() -> Value {
    json!({"jobs": [job_with_recent()], "total": 1, "counts": {"paused": 5, "running": 1, "scheduled": 122}})
}

/// The jobs of a group.
pub(super) fn group_jobs() -> Value {
    json!({"jobs": [job()], "group": "nightly"})
}

/// A fire that did not run, since its job was still at the one before.
fn skipped() -> Value {
    json!({
        "run_id": "job_0-s-1795392020000000-0", "job_id": "job_0", "job_name": "backup",
        "func_name": "backup_task", "func_module": "dev.test_app", "group": "nightly", "status": "missed",
        "timestamp": 1_795_392_020.0, "timestamp_readable": "2026-11-23 00:00:20",
        "scheduled_for": "2026-11-23T00:00:20Z", "started_at": null, "finished_at": "2026-11-23T00:00:20Z",
        "execution_time": null, "result": null, "error": null, "run_count": 1, "retry_count": 0, "attempt": 0,
        "trigger": "schedule", "instance": "4711", "reason": "overlap",
        "in_the_way": "job_0-s-1795392010000000-1", "first": "2026-11-23T00:00:20Z",
        "last": "2026-11-23T00:00:20Z", "count": 1,
    })
}

/// An attempt that failed for good.
fn failed() -> Value {
    json!({
        "run_id": "job_0-s-1795392010000000-1", "job_id": "job_0", "job_name": "backup",
        "func_name": "backup_task", "func_module": "dev.test_app", "group": "nightly", "status": "failed",
        "timestamp": 1_795_392_022.5, "timestamp_readable": "2026-11-23 00:00:22",
        "scheduled_for": "2026-11-23T00:00:10Z", "started_at": "2026-11-23T00:00:10Z",
        "finished_at": "2026-11-23T00:00:22.500Z", "execution_time": 12.5, "result": null,
        "error": "Max retries: disk quota exceeded", "run_count": 2, "retry_count": 0, "attempt": 1,
        "trigger": "schedule", "instance": "4711", "reason": null, "timed_out": false,
    })
}

/// Runs, the oldest first.
pub(super) fn history() -> Value {
    json!({"history": [skipped(), failed()], "has_more": true})
}

/// Runs of a job, the oldest first.
pub(super) fn job_runs() -> Value {
    json!({"runs": [skipped(), failed()], "has_more": true})
}

/// Dead letters, with the arguments that they keep.
pub(super) fn dead_letters() -> Value {
    let letter = with(failed(), json!({"args": ["/srv"], "kwargs": {"level": 9}}));
    json!({"dead_letters": [letter], "total": 1})
}

/// A retry that is under way, with its arguments and the attempt before it.
pub(super) fn run_answer() -> Value {
    let before = with(failed(), json!({"error": "Retry 1/3: disk quota exceeded"}));
    json!({
        "run": {
            "run_id": "job_0-s-1795392010000000-2", "job_id": "job_0", "job_name": "backup",
            "func_name": "backup_task", "func_module": "dev.test_app", "group": "nightly", "status": "running",
            "timestamp": 1_795_392_024.5, "timestamp_readable": "2026-11-23 00:00:24",
            "scheduled_for": "2026-11-23T00:00:10Z", "started_at": "2026-11-23T00:00:24.500Z",
            "finished_at": null, "execution_time": null, "result": null, "error": null, "run_count": 3,
            "retry_count": 1, "attempt": 2, "trigger": "schedule", "instance": "4711", "reason": null,
            "args": ["/srv"], "kwargs": {"level": 9},
        },
        "attempts": [before],
    })
}

/// The fires to come of a job.
pub(super) fn upcoming() -> Value {
    let text = "On 2027-03-28 clocks in Europe/Berlin go forward from 02:00 to 03:00: times in between run at \
                03:00 instead.";
    json!({
        "timezone": "Europe/Berlin",
        "upcoming": [{"utc": "2027-03-27T01:30:00Z", "local": "2027-03-27 02:30:00", "offset": "+01:00"}],
        "notes": [text],
        "day_fields": null,
        "clock_changes": [{
            "kind": "gap", "on": "2027-03-28", "from": "02:00:00", "to": "03:00:00", "effect": "next",
            "text": text,
        }],
    })
}

/// A schedule that is not a job yet.
pub(super) fn preview() -> Value {
    with(upcoming(), json!({"schedule": "Daily at 02:30 (Europe/Berlin)"}))
}
