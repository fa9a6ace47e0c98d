//! What is not allowed: each request is refused with its status and a sentence
//! that names the value, changes nothing, and hurts no later one.

use fastscheduler_tests::http::{MODULE, Server, interval_job};
use serde_json::{Value, json};

/// Fields of a request, the status of the refusal, and what the sentence says.
type Case = (Value, u16, &'static str);

/// What is refused when a job is created, and when it is updated.
fn cases() -> Vec<Case> {
    let config = |config: Value| json!({ "schedule_config": config });
    let nested = |depth| (0..depth).fold(json!(1), |inner, _| json!([inner]));
    vec![
        (config(json!({"interval": 0})), 400, "`0 seconds` is out of range"),
        (config(json!({"interval": -5})), 400, "`-5 seconds` is out of range"),
        (config(json!({"interval": 1e300})), 400, "`1e300 seconds` is out of range"),
        (config(json!({"interval": 1e-300})), 400, "`1e-300 seconds` is out of range"),
        (config(json!({"interval": 0.0001})), 400, "`0.0001 seconds` is out of range"),
        (config(json!({"interval": 36_526, "unit": "days"})), 400, "`36526 days` is out of range"),
        (config(json!({"interval": "NaN"})), 422, "`schedule_config.interval`"),
        (config(json!({"interval": null})), 422, "`schedule_config.interval`"),
        (config(json!({"interval": 1, "unit": "fortnights"})), 400, "`fortnights` is not a unit of time"),
        (config(json!({"interval": 1, "colour": "red"})), 422, "unknown field `colour`"),
        (config(json!({"time": "10:00"})), 422, "unknown field `time`"),
        (config(json!([])), 422, "`schedule_config`"),
        (json!({"timezone": "Mars/Olympus"}), 400, "unknown time zone `Mars/Olympus`"),
        (
            json!({"timezone": "EDT"}),
            400,
            "unknown time zone `EDT`; for US Eastern Time use `America/New_York`",
        ),
        (json!({"timezone": "+02:00"}), 400, "for a fixed offset of +02:00 use `Etc/GMT-2`"),
        (json!({"timezone": "GMT+5"}), 400, "for a fixed offset of +05:00 use `Etc/GMT-5`"),
        (json!({"timezone": ""}), 400, "unknown time zone ``"),
        (json!({"timezone": 1}), 422, "`timezone`"),
        (json!({"timeout": -1}), 400, "the timeout is wrong: `-1 seconds` is out of range"),
        (json!({"timeout": 0}), 400, "the timeout is wrong: `0 seconds` is out of range"),
        (json!({"timeout": 1e300}), 400, "the timeout is wrong: `1e300 seconds` is out of range"),
        (json!({"timeout": "60"}), 422, "expected a JSON number"),
        (json!({"jitter": []}), 422, "expected a JSON number"),
        (json!({"max_retries": -1}), 400, "`max_retries` is `-1`"),
        (json!({"max_retries": 4_294_967_296_u64}), 400, "`max_retries` is `4294967296`"),
        (json!({"max_retries": 1.5}), 422, "`max_retries`"),
        (json!({"job_name": "n".repeat(300)}), 400, "a name of 300 characters; use 1 to 200"),
        (json!({"job_name": ""}), 400, "a name of 0 characters"),
        (json!({"group": "g".repeat(300)}), 400, "a group of 300 characters; use 1 to 200"),
        (json!({"args": "no list"}), 422, "`args`"),
        (json!({"args": ["x".repeat(300_000)]}), 400, "the limit is 262144"),
        (json!({"args": ["x".repeat(1024 * 1024)]}), 413, "larger than 1 MiB"),
        (
            json!({"args": [nested(101)]}),
            400,
            "the arguments cannot be used: they are nested more than 100 deep",
        ),
        (json!({"kwargs": {"a": nested(125)}}), 400, "they are nested more than 100 deep"),
        (
            json!({"args": [nested(126)]}),
            400,
            "the body is nested 128 deep; arguments may be nested at most 100 deep",
        ),
        (json!({"kwargs": {"a": nested(1_000)}}), 400, "arguments may be nested at most 100 deep"),
        (json!({"colour": nested(1_000)}), 422, "unknown field `colour`"),
        (json!({"timezone": nested(1_000)}), 422, "`timezone`"),
        (json!({"kwargs": []}), 422, "`kwargs`"),
        (json!({"enabled": "yes"}), 422, "`enabled`"),
        (json!({"overlap": "maybe"}), 400, "`overlap` is `maybe`; use `skip`, `queue`, `allow` or `cancel`"),
        (json!({"catch_up": "some"}), 400, "`catch_up` is `some`; use `once`, `all` or `none`"),
        (json!({"jitter": -1}), 400, "the jitter is wrong"),
        (json!({"gap": "jump"}), 400, "`gap` is `jump`"),
        (json!({"fold": "third"}), 400, "`fold` is `third`"),
        (json!({"colour": "red"}), 422, "unknown field `colour`"),
        (json!({"schedule_type": "sometimes"}), 400, "Unsupported schedule_type: sometimes"),
    ]
}

/// Schedules of the other kinds: the type, a good configuration, a bad one.
fn schedules() -> Vec<(&'static str, Value, Value, u16, &'static str)> {
    let daily = json!({"time": "02:00"});
    let weekly = json!({"time": "10:00", "days": [0]});
    let monthly = json!({"day": 1, "time": "00:00"});
    let cron = json!({"expression": "0 9 * * *"});
    let once = json!({"delay": 60});
    vec![
        ("daily", daily.clone(), json!({"time": "25:00"}), 400, "`25:00` is not a time of day"),
        ("daily", daily.clone(), json!({"time": 2}), 422, "`schedule_config.time`"),
        ("daily", daily, json!({"days": [1]}), 422, "unknown field `days`"),
        (
            "weekly",
            weekly.clone(),
            json!({"days": []}),
            400,
            "at least one day; use 0 = Monday to 6 = Sunday",
        ),
        ("weekly", weekly.clone(), json!({"days": [7]}), 400, "`7` is not a day of the week"),
        ("weekly", weekly.clone(), json!({"days": [-1]}), 400, "`-1` is not a day of the week"),
        ("weekly", weekly, json!({"days": ["monday"]}), 422, "`schedule_config.days[0]`"),
        ("hourly", json!({"time": "30"}), json!({"time": "60"}), 400, "`60` is not a minute of the hour"),
        ("monthly", monthly.clone(), json!({"day": 32}), 400, "`32` is not a day of the month; use a number"),
        ("monthly", monthly.clone(), json!({"day": "1"}), 400, "the text `1` is not a day of the month"),
        ("monthly", monthly, json!({"day": "LAST"}), 400, "use a number from 1 to 31, or the text `last`"),
        ("cron", cron.clone(), json!({"expression": "0 0 30 2 *"}), 400, "`0 0 30 2 *` never fires"),
        ("cron", cron.clone(), json!({"expression": "never"}), 400, "`never` is not a cron expression"),
        ("cron", cron, json!({"expression": "* ".repeat(200)}), 400, "is not a cron expression"),
        ("once", once.clone(), json!({"delay": 0}), 400, "`0 seconds` is out of range"),
        ("once", once.clone(), json!({"at": "2020-01-01 00:00:00"}), 400, "is in the past"),
        ("once", once.clone(), json!({"at": "9999-12-31T23:59:59-05:00"}), 400, "is after the year 9999"),
        ("once", once, json!({"at": "soon"}), 400, "`soon` is not a date and time"),
    ]
}

fn assert_refused(server: &Server, method: &str, path: &str, body: &Value, status: u16, says: &str) {
    let answer = server.send_json(method, path, body.to_string());
    let shown: String = body.to_string().chars().take(200).collect();
    let detail = answer.detail(status);
    assert!(detail.contains(says), "{method} {shown}: `{detail}` does not say `{says}`");
    assert!(detail.chars().count() <= 501, "{method} {shown}: a sentence of {} bytes", detail.len());
}

#[test]
fn a_job_that_is_not_allowed_is_not_created() {
    let server = Server::start();
    let good = interval_job(30, json!({}));
    for (fields, status, says) in cases() {
        let mut job = good.clone();
        job.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
        assert_refused(&server, "POST", "/api/jobs", &job, status, says);
    }
    for (kind, _, bad, status, says) in schedules() {
        let mut config = bad.clone();
        // What is not wrong must be there.
        if kind != "hourly" && bad.get("time").is_none() && !matches!(kind, "cron" | "once" | "interval") {
            config["time"] = json!("02:00");
        }
        if kind == "weekly" && bad.get("days").is_none() {
            config["days"] = json!([0]);
        }
        let job = interval_job(1, json!({"schedule_type": kind, "schedule_config": config}));
        assert_refused(&server, "POST", "/api/jobs", &job, status, says);
    }
    for field in ["func_name", "schedule_type", "schedule_config"] {
        let mut job = good.clone();
        job.as_object_mut().unwrap().remove(field);
        assert_refused(&server, "POST", "/api/jobs", &job, 422, &format!("missing field `{field}`"));
    }
    assert_eq!(server.get("/api/jobs").with(200)["total"], 0);
    assert_eq!(server.create(&good), "job_0");
}

#[test]
fn an_update_that_is_not_allowed_changes_nothing() {
    let server = Server::start();
    let id = server.create(&interval_job(30, json!({"args": [1], "kwargs": {"a": 2}, "timeout": 5})));
    let before = server.job(&id);
    let path = format!("/api/jobs/{id}");
    for (fields, status, says) in cases() {
        assert_refused(&server, "PUT", &path, &fields, status, says);
        // Also with something that would be allowed.
        let mut more = fields.clone();
        if more.get("timeout").is_none() && status != 413 {
            more["timeout"] = json!(9);
            assert_refused(&server, "PUT", &path, &more, status, says);
        }
        assert_eq!(server.job(&id), before, "{says}");
    }
    assert_refused(&server, "PUT", &path, &json!({}), 400, "changes nothing");
    assert_refused(&server, "PUT", &path, &json!({"if_revision": 7, "timeout": 9}), 409, "at revision 1");
    assert_eq!(server.job(&id), before);
    server.put(&path, &json!({"if_revision": 1, "timeout": 9})).with(200);
    assert_eq!(server.job(&id)["revision"], 2);
}

#[test]
fn an_update_of_any_kind_is_merged_and_checked_whole() {
    let server = Server::start();
    for (kind, good, bad, status, says) in schedules() {
        let id = server.create(&interval_job(1, json!({"schedule_type": kind, "schedule_config": good})));
        let (path, before) = (format!("/api/jobs/{id}"), server.job(&id));
        assert_refused(&server, "PUT", &path, &json!({"schedule_config": bad}), status, says);
        assert_refused(&server, "PUT", &path, &json!({"timezone": "Mars/Olympus"}), 400, "unknown time zone");
        assert_eq!(server.job(&id), before, "{kind} {bad}");
    }
}

#[test]
fn arguments_that_do_not_fit_the_function_are_refused_with_the_reason() {
    let server = Server::start();
    let greet = |name: String, times: Option<u32>| async move { anyhow::Ok(format!("{name} {times:?}")) };
    server.scheduler.register_function("app::greet", greet).unwrap();
    let job = |more: Value| {
        let mut job = interval_job(30, json!({"func_name": "greet", "func_module": "app"}));
        job.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        job
    };
    let cases = [
        (json!({}), "do not fit `app::greet`: parameter number 1 has no value"),
        (json!({"args": [1]}), "parameter number 1: invalid type: integer `1`, expected a string"),
        (json!({"args": ["a", -1]}), "parameter number 2"),
        (json!({"args": ["a", 1, 2]}), "3 positional arguments were given, but the function takes 2"),
        (json!({"args": ["a"], "kwargs": {"colour": 1}}), "unknown argument `colour`"),
    ];
    for (arguments, says) in cases {
        assert_refused(&server, "POST", "/api/jobs", &job(arguments), 400, says);
    }
    let id = server.create(&job(json!({"args": ["a"]})));
    assert_refused(&server, "PUT", &format!("/api/jobs/{id}"), &json!({"args": []}), 400, "has no value");
    assert_eq!(server.job(&id)["args"], json!(["a"]));
}

#[test]
fn requests_that_cannot_be_read_are_refused_with_the_reason() {
    let server = Server::start();
    let id = server.create(&interval_job(30, json!({})));
    let deep = [b"{\"args\":".as_slice(), &[b'['; 10_000]].concat();
    let bodies: [(&[u8], &str); 11] = [
        (b"", "EOF"),
        (b"{", "EOF"),
        (b"[1]", "the body is a list; send a JSON object"),
        (b"null", "the body is null; send a JSON object"),
        (b" 5 ", "the body is a number; send a JSON object"),
        (b"\"{}\"", "the body is a text; send a JSON object"),
        (b"true", "the body is a boolean; send a JSON object"),
        (b"nonsense", "expected ident"),
        (b"{\"job_name\": \"\xff\xfe\"}", "invalid unicode"),
        (&deep, "recursion limit"),
        (b"{} trailing", "trailing characters"),
    ];
    for (body, says) in bodies {
        for (method, path) in [("POST", "/api/jobs".to_owned()), ("PUT", format!("/api/jobs/{id}"))] {
            let detail = server.send_json(method, &path, body).detail(422);
            let says = if (method, says) == ("POST", "trailing characters") { "missing field" } else { says };
            assert!(detail.contains(says), "{method}: `{detail}` does not say `{says}`");
        }
    }
    let form =
        server.request("POST", "/api/jobs").header("content-type", "application/x-www-form-urlencoded");
    assert!(server.send(form, "func_name=a").detail(415).contains("`application/x-www-form-urlencoded`"));
    assert!(server.send(server.request("POST", "/api/jobs"), "{}").detail(415).contains("application/json"));

    assert!(server.get("/api/nothing").detail(404).contains("/scheduler/api/nothing"));
    assert!(server.get("/nothing").detail(404).contains("/scheduler/nothing"));
    let wrong = server.act("/api/status");
    assert!(wrong.detail(405).contains("does not take `POST`"));
    assert!(wrong.headers["allow"].to_str().unwrap().contains("GET"));
    for path in [
        "/api/jobs?sort=colour",
        "/api/jobs?status=odd",
        "/api/history?status=odd",
        "/api/history?before=soon",
        "/api/history?before=-1",
        "/api/history?before=1e300",
    ] {
        server.get(path).detail(400);
    }
    for id in ["job_999", "job_00", "job_+0", "0", "%20", "job_99999999999999999999999", "%F0%9F%92%A9"] {
        assert_eq!(server.get(&format!("/api/jobs/{id}")).with(404)["error"], "Job not found", "{id}");
    }
    for id in ["nothing", "job_0-s-1-1"] {
        assert_eq!(server.get(&format!("/api/runs/{id}")).with(404)["error"], "Run not found", "{id}");
        server.act(&format!("/api/runs/{id}/cancel")).detail(404);
        server.act(&format!("/api/dead-letters/{id}/retry")).detail(404);
        server.delete(&format!("/api/dead-letters/{id}")).detail(404);
    }
    assert_eq!(server.get("/api/jobs").with(200)["total"], 1);
}

#[test]
fn numbers_of_queries_are_refused_with_those_that_are_allowed() {
    let server = Server::start();
    server.create(&interval_job(30, json!({})));
    let lists = [
        ("/api/jobs", "limit", 1, None),
        ("/api/jobs", "offset", 0, None),
        ("/api/history", "limit", 1, Some("1000")),
        ("/api/jobs/job_0/runs", "limit", 1, Some("1000")),
        ("/api/dead-letters", "limit", 1, None),
        ("/api/jobs/job_0/upcoming", "n", 1, Some("1000")),
    ];
    for (path, parameter, least, most) in lists {
        let right = most.map_or_else(|| format!("at least {least}"), |most| format!("{least} to {most}"));
        let below = (least - 1).to_string();
        for bad in [&*below, "-1", "x", "1.0", "1e2", "", "%31%00", "1001", &"9".repeat(30)] {
            if bad == "1001" && most.is_none() {
                continue;
            }
            let detail = server.get(&format!("{path}?{parameter}={bad}")).detail(400);
            let bad = bad.replace("%31%00", "1\0");
            let says = format!("`{parameter}` is `{bad}`; use {right}, or leave it out");
            assert_eq!(detail, says, "{path}");
        }
        for good in [&least.to_string(), "7", most.unwrap_or("18446744073709551615")] {
            server.get(&format!("{path}?{parameter}={good}")).with(200);
        }
    }
    assert!(server.get("/api/jobs?limit=1&limit=2").detail(422).contains("duplicate field `limit`"));
}

#[test]
fn a_date_after_the_year_9999_is_refused_in_the_same_words_everywhere() {
    let server = Server::start();
    let with_zone = |zone: &str| {
        json!({
            "schedule_type": "once", "schedule_config": {"at": "9999-12-31 23:59:59"}, "timezone": zone
        })
    };
    let id = server.create(&interval_job(1, with_zone("UTC")));
    assert_eq!(server.job(&id)["next_run_at"], "9999-12-31T23:59:59Z");
    let late = with_zone("America/New_York");
    let answers = [
        server.post("/api/schedules/preview", &late),
        server.post("/api/jobs", &interval_job(1, late.clone())),
        server.put(&format!("/api/jobs/{id}"), &late),
        server.put(&format!("/api/jobs/{id}"), &json!({"timezone": "America/New_York"})),
    ];
    for answer in answers {
        let says = "`9999-12-31 23:59:59` is after the year 9999 in UTC; use an earlier date and time";
        assert_eq!(answer.detail(400), says);
    }
    assert_eq!(server.get("/api/jobs").with(200)["total"], 1);
}

#[test]
fn text_from_jobs_comes_back_as_data() {
    let server = Server::start();
    let text = "<script>alert(1)</script>\"'&\u{2028}💩";
    let fields = json!({"job_name": text, "group": text, "args": [text], "kwargs": {"k": text}});
    let id = server.create(&interval_job(30, fields));
    let job = server.job(&id);
    assert_eq!(
        (&job["job_name"], &job["group"], &job["args"][0]),
        (&json!(text), &json!(text), &json!(text))
    );
    assert!(
        server.get("/api/jobs").headers["content-type"].to_str().unwrap().starts_with("application/json")
    );
    assert_eq!(server.get("/api/groups").with(200)["groups"], json!([text, "default"]));
    let unknown = interval_job(30, json!({"func_name": text, "func_module": MODULE}));
    assert!(server.post("/api/jobs", &unknown).detail(400).contains(text));
}
