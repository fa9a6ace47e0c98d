//! Running, pausing, resuming and cancelling many jobs by one request.

use fastscheduler::Event;
use fastscheduler_tests::http::{Server, interval_job};
use fastscheduler_tests::on_manual_clock;
use fastscheduler_tests::site::Site;
use serde_json::{Value, json};

fn server(jobs: u32) -> Server {
    let server = Server::start();
    for number in 0..jobs {
        let group = if number % 2 == 0 { "even" } else { "odd" };
        server.create(&interval_job(60, json!({"job_name": format!("job {number}"), "group": group})));
    }
    server
}

fn bulk(server: &Server, body: &Value) -> Value {
    server.post("/api/jobs/bulk", body).with(200)
}

fn total(server: &Server, query: &str) -> u64 {
    server.get(&format!("/api/jobs?limit=1&{query}")).with(200)["total"].as_u64().unwrap()
}

#[test]
fn those_that_can_are_changed_and_each_refusal_is_listed_in_order() {
    let server = server(4);
    let named = json!(["job_0", "job_999", "job_2", "nonsense", "job_0", "job_999"]);
    let refused = json!([
        {"job_id": "job_999", "detail": "Job job_999 not found"},
        {"job_id": "nonsense", "detail": "Job nonsense not found"},
    ]);
    for (action, query) in
        [("pause", "status=paused"), ("pause", "status=paused"), ("resume", "status=scheduled")]
    {
        let answer = bulk(&server, &json!({"action": action, "job_ids": named}));
        assert_eq!(answer, json!({"done": 2, "refused": refused}), "{action}");
        let expected = if action == "pause" { 2 } else { 4 };
        assert_eq!(total(&server, query), expected, "{action}");
    }
    let answer = bulk(&server, &json!({"action": "run", "job_ids": named}));
    assert_eq!(answer, json!({"done": 2, "refused": refused}));
    server.advance(1);
    assert_eq!(server.get("/api/history?trigger=manual").with(200)["history"].as_array().unwrap().len(), 2);
    let answer = bulk(&server, &json!({"action": "cancel", "job_ids": named}));
    assert_eq!(answer, json!({"done": 2, "refused": refused}));
    assert_eq!(total(&server, ""), 2);
}

#[test]
fn a_job_that_runs_refuses_to_run_again_and_the_others_run() {
    let server = Server::start();
    let waits = server.create(&interval_job(60, json!({"func_name": "waiting_task"})));
    let quick = server.create(&interval_job(60, json!({"enabled": false})));
    let mut events = server.scheduler.subscribe();
    server.act(&format!("/api/jobs/{waits}/run")).with(200);
    server.wait(async { while !matches!(events.next().await, Some(Event::RunStarted(_))) {} });
    let alone = server.act(&format!("/api/jobs/{waits}/run")).detail(409);
    let answer = bulk(&server, &json!({"action": "run", "job_ids": [waits, quick]}));
    assert_eq!(answer, json!({"done": 1, "refused": [{"job_id": waits, "detail": alone}]}));
    server.wait(async {
        while !matches!(events.next().await, Some(Event::RunRecorded(run)) if run.job_id().to_string() == quick) {}
    });
}

#[test]
fn a_filter_means_the_jobs_that_a_list_of_it_shows() {
    let server = server(6);
    let answer = bulk(&server, &json!({"action": "pause", "filter": {"group": ["even"], "q": "JOB"}}));
    assert_eq!(answer, json!({"done": 3, "refused": []}));
    assert_eq!(total(&server, "status=paused&group=even"), 3);
    let filter = json!({"group": ["even", "odd"], "status": ["scheduled"]});
    assert_eq!(bulk(&server, &json!({"action": "cancel", "filter": filter}))["done"], 3);
    assert_eq!((total(&server, ""), total(&server, "status=paused")), (3, 3));
    assert_eq!(bulk(&server, &json!({"action": "resume", "filter": {"q": "none of them"}}))["done"], 0);
    assert_eq!(bulk(&server, &json!({"action": "resume", "filter": {}}))["done"], 3);
    assert_eq!(total(&server, "status=scheduled"), 3);
}

#[test]
fn a_thousand_jobs_are_changed_by_one_request_and_not_one_more() {
    let server = server(1);
    let named = |number: usize| (0..number).map(|number| format!("job_{number}")).collect::<Vec<_>>();
    let answer = bulk(&server, &json!({"action": "pause", "job_ids": named(1_000)}));
    assert_eq!((&answer["done"], answer["refused"].as_array().unwrap().len()), (&json!(1), 999));
    let refused = server.post("/api/jobs/bulk", &json!({"action": "resume", "job_ids": named(1_001)}));
    assert_eq!(refused.detail(400), "`job_ids` names 1001; name 1 to 1000");
    assert_eq!(total(&server, "status=paused"), 1);
}

#[test]
fn jobs_that_want_attention_are_counted_and_changed_as_they_are_listed() {
    let server = server(2);
    let fails = json!({"func_name": "failing_task", "max_retries": 0});
    let failing = server.create(&fastscheduler_tests::http::interval_job(60, fails));
    server.advance(60);
    let listed = server.get("/api/jobs?attention=failing&with=counts").with(200);
    assert_eq!((&listed["total"], &listed["counts"]), (&json!(1), &json!({"failed": 1})));
    let request = json!({"action": "pause", "filter": {"attention": ["failing", "late"]}});
    let answer = server.post("/api/jobs/bulk", &request).with(200);
    assert_eq!(answer, json!({"done": 1, "refused": []}));
    assert_eq!(
        (&server.job(&failing)["paused"], &server.job("job_0")["paused"]),
        (&json!(true), &json!(false))
    );
}

#[test]
fn what_is_not_allowed_is_refused_and_changes_nothing() {
    let server = server(2);
    let one_of_two = "name the jobs by `job_ids` or by `filter`, one of the two";
    for (body, status, sentence) in [
        (json!({"action": "pause"}), 400, one_of_two),
        (json!({"action": "pause", "job_ids": ["job_0"], "filter": {}}), 400, one_of_two),
        (json!({"action": "pause", "job_ids": []}), 400, "`job_ids` names 0; name 1 to 1000"),
        (
            json!({"action": "stop", "job_ids": ["job_0"]}),
            400,
            "`action` is `stop`; use `run`, `pause`, `resume` or `cancel`",
        ),
        (
            json!({"action": "pause", "filter": {"status": ["asleep"]}}),
            400,
            "`filter.status` is `asleep`; use",
        ),
        (json!({"action": "pause", "filter": {"colour": "red"}}), 422, "`filter.colour`"),
        (json!({"action": "pause", "filter": {"group": "even"}}), 422, "`filter.group`"),
        (json!({"action": "pause", "job_ids": [0]}), 422, "`job_ids[0]`"),
        (json!({"action": "pause", "job_ids": "job_0"}), 422, "`job_ids`"),
        (json!({"job_ids": ["job_0"]}), 422, "missing field `action`"),
    ] {
        let detail = server.post("/api/jobs/bulk", &body).detail(status);
        assert!(detail.contains(sentence), "{body}: {detail}");
    }
    assert_eq!(total(&server, "status=scheduled"), 2);
}

#[tokio::test]
async fn a_token_that_may_only_look_changes_nothing() {
    let (builder, _clock) = on_manual_clock();
    let builder = builder.token("the-token-of-an-operator").read_only_token("the-token-of-a-visitor");
    let scheduler = builder.build().await.unwrap();
    let site = Site::of(&scheduler).await;
    let headers = [("authorization", "Bearer the-token-of-a-visitor"), ("content-type", "application/json")];
    for (method, path, body) in [
        ("POST", "/scheduler/api/jobs/bulk", r#"{"action": "cancel", "filter": {}}"#),
        ("POST", "/scheduler/api/dead-letters/retry", r#"{"all": true}"#),
        ("DELETE", "/scheduler/api/dead-letters?error=boom", ""),
    ] {
        assert_eq!(site.ask(method, path, &headers, body).await.status, 403, "{path}");
    }
    for path in
        ["jobs?with=counts&status=paused", "groups", "history?after=job_0-s-1-1", "dead-letters/groups"]
    {
        let status = site.ask("GET", &format!("/scheduler/api/{path}"), &headers, "").await.status;
        assert_eq!(status, if path.contains("after") { 404 } else { 200 }, "{path}");
    }
}
