//! What a person asks first, over HTTP: the overview, the minutes, and lists by attention.

use std::time::Duration;

use fastscheduler::prelude::*;
use fastscheduler::storage::MemoryStorage;
use fastscheduler::testing;
use fastscheduler::{Attention, BulkAction, BulkTarget, Clock as _, JobQuery, JobStatus};
use fastscheduler_tests::faulty::{Action, Faulty};
use fastscheduler_tests::held::Held;
use fastscheduler_tests::site::Site;
use fastscheduler_tests::{advance, on_manual_clock, started};
use serde_json::{Value, json};

const SECOND: Duration = Duration::from_secs(1);

async fn get(site: &Site, path: &str) -> Value {
    let answer = site.get(&format!("/scheduler/api/{path}")).await;
    assert_eq!(answer.status, 200, "{path}: {}", answer.body);
    answer.json()
}

#[tokio::test]
async fn the_overview_says_what_failed_is_late_is_behind_and_is_next() {
    let (builder, clock) = on_manual_clock();
    let scheduler = builder.max_concurrency(1).build().await.unwrap();
    scheduler.start().await.unwrap();
    let site = Site::of(&scheduler).await;
    let empty = get(&site, "overview").await;
    assert_eq!(empty["now"], "2026-11-23T00:00:00Z");
    assert_eq!((&empty["timezone"], &empty["running"]), (&"UTC".into(), &true.into()));
    assert_eq!(empty["started_at"], "2026-11-23T00:00:00Z");
    assert_eq!(empty["version"], scheduler.overview().await.unwrap().version);
    assert!(empty["tzdata"].as_str().unwrap().starts_with("20"), "{empty}");
    let nothing = json!({"seconds": 3600, "total": 0, "by_reason": {}, "is_partial": false});
    assert_eq!((&empty["not_run"], &empty["problems"]), (&nothing, &json!([])));

    scheduler.add(every(100).minutes().retries(0).name("backup").call("fails")).await.unwrap();
    advance(&scheduler, &clock, 6_000).await;
    let (mut held, job) = Held::new();
    scheduler.add(every(10).seconds().name("long").run("long", job)).await.unwrap();
    clock.advance(SECOND * 10);
    held.begins().await;
    scheduler.add(every(1).seconds().name("waits").call("quick")).await.unwrap();
    clock.advance(SECOND * 25);
    let overview = get(&site, "overview").await;
    assert_eq!(
        overview["jobs"],
        json!({
            "total": 3, "by_status": {"scheduled": 1, "running": 1, "failed": 1},
            "failing": 1, "retrying": 0, "late": 1, "behind": 1, "orphaned": 0, "paused": 0,
        })
    );
    assert_eq!(overview["runs"]["running"], 1);
    assert_eq!((&overview["runs"]["total"], &overview["runs"]["failures"]), (&1.into(), &1.into()));
    assert_eq!((&overview["runs"]["waiting"], &overview["dead_letters"]), (&1.into(), &1.into()));
    assert_eq!(
        overview["failing"],
        json!([{
            "job_id": "job_0", "job_name": "backup", "since": "2026-11-23T01:40:00Z", "error": "<b>boom</b>",
        }])
    );
    let text = "no slot is free: all 1 of `max_concurrency` are taken";
    let why = json!({"code": "no_slot", "limit": "max_concurrency", "slots": 1, "text": text});
    assert_eq!(
        overview["late"],
        json!([{"job_id": "job_2", "job_name": "waits", "since": "2026-11-23T01:40:11Z", "why": why}])
    );
    assert_eq!(overview["behind"], json!([{"job_id": "job_1", "job_name": "long", "due": 2}]));
    let next = json!([{"job_id": "job_0", "job_name": "backup", "at": "2026-11-23T03:20:00Z"}]);
    assert_eq!(overview["next"], next);
    assert_eq!(overview["not_run"]["by_reason"], json!({"overlap": 2}));
    held.succeed();
}

/// Lets everything go on that can without time.
async fn settle() {
    for _ in 0..200 {
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn why_a_job_is_late_is_told_by_a_code_with_what_belongs_to_it() {
    let store = Faulty::default();
    let (builder, clock) = on_manual_clock();
    let scheduler = builder.storage(store.clone()).build().await.unwrap();
    let site = Site::of(&scheduler).await;
    scheduler.add(every(30).seconds().name("job").call("quick")).await.unwrap();
    let late = async || {
        settle().await;
        let late = get(&site, "overview").await["late"].clone();
        let list = get(&site, "jobs?attention=late").await;
        assert_eq!(list["total"], late.as_array().unwrap().len(), "{late}");
        late
    };
    let found =
        |since: &str, why: Value| json!([{"job_id": "job_0", "job_name": "job", "since": since, "why": why}]);

    clock.advance(SECOND * 33);
    let why = json!({"code": "not_running", "text": "the scheduler is not running"});
    assert_eq!(late().await, found("2026-11-23T00:00:30Z", why));
    scheduler.start().await.unwrap();
    assert_eq!(late().await, json!([]));

    store.breaks(&[Action::Claim]);
    clock.advance(SECOND * 30);
    let why = late().await[0]["why"].clone();
    assert_eq!(why["code"], "store");
    assert!(why["error"].as_str().unwrap().contains("the disk is on fire"), "{why}");
    store.is_mended();
    clock.advance(SECOND);
    assert_eq!(late().await, json!([]));

    clock.step(clock.now() - chrono::TimeDelta::seconds(50));
    assert_eq!(late().await, json!([]));
    clock.advance(SECOND * 30);
    let why = json!({"code": "clock", "by": -50.0, "text": "the clock was set back by 50 s"});
    assert_eq!(late().await, found("2026-11-23T00:00:40Z", why));
}

#[tokio::test]
async fn what_did_not_run_and_the_minutes_outlive_a_restart() {
    let storage = MemoryStorage::default();
    let (builder, clock) = on_manual_clock();
    let scheduler = builder.storage(storage.clone()).build().await.unwrap();
    scheduler.start().await.unwrap();
    scheduler.add(every(1).minutes().call("quick")).await.unwrap();
    scheduler.add(every(1).minutes().retries(0).call("fails")).await.unwrap();
    advance(&scheduler, &clock, 120).await;
    scheduler.pause_job("job_0").await.unwrap();
    advance(&scheduler, &clock, 180).await;
    let site = Site::of(&scheduler).await;
    let paused = json!({"seconds": 3600, "total": 3, "by_reason": {"paused": 3}, "is_partial": false});
    assert_eq!(get(&site, "overview").await["not_run"], paused, "without a record");
    scheduler.resume_job("job_0").await.unwrap();
    assert_eq!(get(&site, "overview").await["not_run"], paused, "with one");
    let before = get(&site, "activity?minutes=6").await;
    assert_eq!(before["completed"], json!([0, 1, 1, 0, 0, 0]));
    assert_eq!(before["failed"], json!([0, 1, 1, 1, 1, 1]));
    assert_eq!(before["missed"], json!([0, 0, 0, 1, 1, 1]));
    scheduler.stop().await.unwrap();

    let again = on_manual_clock().0.storage(storage).clock(clock).build().await.unwrap();
    let site = Site::of(&again).await;
    assert_eq!(get(&site, "activity?minutes=6").await, before);
    let overview = get(&site, "overview").await;
    assert_eq!((&overview["not_run"], &overview["running"]), (&paused, &false.into()));
    assert_eq!(overview["failing"][0]["error"], "<b>boom</b>");
}

#[tokio::test]
async fn the_read_only_token_may_ask_all_of_it() {
    let token = "read-only-0123456789";
    let builder = on_manual_clock().0.token("full-0123456789-abcdef").read_only_token(token);
    let scheduler = builder.build().await.unwrap();
    let site = Site::of(&scheduler).await;
    for path in ["overview", "activity", "jobs?attention=late&sort=attention"] {
        let path = format!("/scheduler/api/{path}");
        let with = [("authorization", format!("Bearer {token}"))];
        let with: Vec<_> = with.iter().map(|(name, value)| (*name, value.as_str())).collect();
        assert_eq!(site.ask("GET", &path, &with, "").await.status, 200, "{path}");
        assert_eq!(site.get(&path).await.status, 401, "{path}");
    }
}

#[tokio::test]
async fn a_problem_comes_with_its_code_its_values_and_a_sentence() {
    let (scheduler, clock) = started().await;
    scheduler.add(every(1).hours().call("quick")).await.unwrap();
    advance(&scheduler, &clock, 7_200).await;
    clock.step(scheduler.now() - chrono::TimeDelta::hours(1));
    testing::quiet(&scheduler).await.unwrap();
    let site = Site::of(&scheduler).await;
    let problems = get(&site, "overview").await["problems"].clone();
    assert_eq!((problems.as_array().unwrap().len(), &problems[0]["code"]), (1, &"clock_set_back".into()));
    assert_eq!((&problems[0]["values"]["seconds"], &problems[0]["job"]), (&3_600.into(), &Value::Null));
    assert!(problems[0]["text"].as_str().unwrap().starts_with("the clock was set back by 3600 s"));
}

#[tokio::test]
async fn jobs_are_listed_by_what_they_want_attention_for() {
    let (scheduler, clock) = started().await;
    for (name, function) in [("b", "fails"), ("c", "quick"), ("a", "fails"), ("d", "quick")] {
        scheduler.add(every(10).seconds().retries(0).name(name).call(function)).await.unwrap();
    }
    scheduler.pause_job("job_3").await.unwrap();
    advance(&scheduler, &clock, 10).await;
    let site = Site::of(&scheduler).await;
    let cases: [(&str, &[&str]); 7] = [
        ("attention=failing&sort=name", &["a", "b"]),
        ("attention=behind&attention=failing&sort=-name", &["b", "a"]),
        ("attention=late", &[]),
        ("attention=failing&q=a&limit=1", &["b"]),
        ("sort=attention", &["a", "b", "c", "d"]),
        ("sort=status&group=default", &["c", "d", "b", "a"]),
        ("sort=last_status", &["c", "b", "a", "d"]),
    ];
    for (query, expected) in cases {
        let list = get(&site, &format!("jobs?{query}")).await;
        let names: Vec<&str> =
            list["jobs"].as_array().unwrap().iter().map(|job| job["job_name"].as_str().unwrap()).collect();
        assert_eq!(names, expected, "{query}");
    }
    for (query, counts) in [
        ("attention=failing", json!({"failed": 2})),
        ("attention=failing&q=a&status=paused", json!({"failed": 2})),
        ("attention=late&attention=behind", json!({})),
    ] {
        assert_eq!(get(&site, &format!("jobs?with=counts&{query}")).await["counts"], counts, "{query}");
    }
    let failing = JobQuery { attention: vec![Attention::Failing], ..JobQuery::default() };
    assert_eq!(scheduler.count_jobs(&failing).await.unwrap().by_status, [(JobStatus::Failed, 2)].into());
    let paused = scheduler.bulk(BulkAction::Pause, BulkTarget::Matching(failing)).await.unwrap();
    assert_eq!((paused.done, paused.refused.len()), (2, 0));
    let list = get(&site, "jobs?status=paused&sort=name").await;
    assert_eq!((&list["jobs"][0]["job_name"], &list["total"]), (&"a".into(), &3.into()));
}

#[tokio::test]
async fn what_happened_is_told_minute_by_minute() {
    let (scheduler, clock) = started().await;
    scheduler.add(every(30).seconds().call("quick")).await.unwrap();
    scheduler.add(every(2).minutes().retries(0).call("fails")).await.unwrap();
    advance(&scheduler, &clock, 150).await;
    let site = Site::of(&scheduler).await;
    assert_eq!(
        get(&site, "activity?minutes=4").await,
        json!({
            "step": 60, "from": "2026-11-22T23:59:00Z",
            "completed": [0, 1, 2, 2], "failed": [0, 0, 0, 1], "missed": [0, 0, 0, 0],
        })
    );
    for (query, minutes) in [("", 60), ("?minutes=1", 1), ("?minutes=1440", 1_440)] {
        let activity = get(&site, &format!("activity{query}")).await;
        for list in ["completed", "failed", "missed"] {
            assert_eq!(activity[list].as_array().unwrap().len(), minutes, "{query} {list}");
        }
    }
}

#[tokio::test]
async fn what_is_none_of_what_may_be_asked_for_is_refused_with_what_may() {
    let (scheduler, _clock) = started().await;
    let site = Site::of(&scheduler).await;
    let cases = [
        ("api/activity?minutes=0", "`minutes`"),
        ("api/activity?minutes=1441", "1440"),
        ("api/activity?minutes=ten", "`minutes`"),
        ("api/jobs?attention=sick", "use `failing`, `retrying`, `late`, `behind` or `orphaned`"),
        ("api/jobs?attention=failing&attention=", "`attention` is ``"),
        ("api/jobs?sort=urgency", "`attention`"),
        ("events?stream=changes&snapshot=all", "use `none`"),
        ("events?snapshot=none", "`stream=changes`"),
    ];
    for (path, reason) in cases {
        let answer = site.get(&format!("/scheduler/{path}")).await;
        assert_eq!(answer.status, 400, "{path}: {}", answer.body);
        let detail = answer.json()["detail"].as_str().unwrap().to_owned();
        assert!(detail.contains(reason), "{path}: {detail}");
    }
}

const WITHOUT_SNAPSHOTS: &str = "/scheduler/events?stream=changes&snapshot=none";

#[tokio::test]
async fn a_stream_without_snapshots_begins_with_an_overview_and_tells_what_is_new_in_it() {
    let (scheduler, clock) = started().await;
    let id = scheduler.add(every(10).seconds().retries(0).call("fails")).await.unwrap();
    let site = Site::of(&scheduler).await;
    let mut events = site.listen(WITHOUT_SNAPSHOTS, &[]).await;
    let first = events.next().await.unwrap();
    assert_eq!(first.name, "overview");
    assert_eq!(first.json(), get(&site, "overview").await);
    advance(&scheduler, &clock, 10).await;
    let mut names = Vec::new();
    while names.len() < 5 {
        let event = events.next().await.unwrap();
        match event.name.as_str() {
            "overview" => assert_eq!(event.json()["jobs"]["failing"], 1),
            "run" => assert_eq!(event.json()["status"], "failed"),
            "job" | "dead_letter" => assert_eq!(event.json()["job_id"], id.to_string()),
            name => assert_eq!(name, "stats"),
        }
        names.push(event.name);
    }
    names.sort_unstable();
    assert_eq!(names, ["dead_letter", "job", "overview", "run", "stats"], "each once, and no snapshot");
}

#[tokio::test]
async fn the_overview_that_a_stream_begins_with_is_of_now_though_nothing_has_changed() {
    let (scheduler, clock) = started().await;
    let site = Site::of(&scheduler).await;
    let mut first = site.listen(WITHOUT_SNAPSHOTS, &[]).await;
    assert_eq!(first.next().await.unwrap().json()["now"], "2026-11-23T00:00:00Z");
    clock.advance(std::time::Duration::from_secs(60));
    // They are made about every second of real time.
    let is_of_now = async {
        loop {
            let mut events = site.listen(WITHOUT_SNAPSHOTS, &[]).await;
            let overview = events.next().await.unwrap();
            assert_eq!(overview.name, "overview");
            if overview.json()["now"] == "2026-11-23T00:01:00Z" {
                return;
            }
        }
    };
    tokio::time::timeout(std::time::Duration::from_secs(60), is_of_now).await.expect("it is made again");
}

#[tokio::test]
async fn a_stream_with_snapshots_tells_no_overviews() {
    let (scheduler, clock) = started().await;
    scheduler.add(every(10).seconds().call("quick")).await.unwrap();
    let site = Site::of(&scheduler).await;
    let mut without = site.listen(WITHOUT_SNAPSHOTS, &[]).await;
    let mut events = site.listen("/scheduler/events?stream=changes", &[]).await;
    assert_eq!(without.next().await.unwrap().name, "overview");
    assert_eq!(events.next().await.unwrap().name, "snapshot");
    advance(&scheduler, &clock, 10).await;
    without.named("overview").await;
    for expected in ["run", "job", "stats"] {
        assert_eq!(events.next().await.unwrap().name, expected);
    }
}

#[tokio::test]
async fn a_client_without_snapshots_goes_on_where_it_was_or_is_told_to_ask_again() {
    let (scheduler, clock) = started().await;
    scheduler.add(every(10).seconds().call("quick")).await.unwrap();
    let site = Site::of(&scheduler).await;
    let mut events = site.listen(WITHOUT_SNAPSHOTS, &[]).await;
    let last = events.next().await.unwrap().id.unwrap();
    drop(events);
    advance(&scheduler, &clock, 10).await;
    let mut events = site.listen(WITHOUT_SNAPSHOTS, &[("last-event-id", &last)]).await;
    let run = events.named("run").await;
    assert_eq!(run.json()["scheduled_for"], "2026-11-23T00:00:10Z", "what it missed");

    let mut events = site.listen(WITHOUT_SNAPSHOTS, &[("last-event-id", "of-another-process-7")]).await;
    let reload = events.next().await.unwrap();
    assert_eq!((reload.name.as_str(), reload.data.as_str()), ("reload", "{}"));
    let overview = events.next().await.unwrap();
    assert_eq!((overview.name.as_str(), &overview.id), ("overview", &reload.id));
    // What is more than is told one by one.
    let fails = scheduler.add(every(1).hours().retries(0).call("fails")).await.unwrap();
    scheduler.run_job_now(fails).await.unwrap();
    testing::quiet(&scheduler).await.unwrap();
    scheduler.clear_dead_letters().await.unwrap();
    assert_ne!(events.named("reload").await.id, reload.id);
    scheduler.pause_job("job_0").await.unwrap();
    assert_eq!(events.named("job").await.json()["paused"], true, "changes go on after it");
}
