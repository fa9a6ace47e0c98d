//! `GET /events`: what happens, for those who listen over HTTP.

use std::time::Duration;

use fastscheduler::prelude::*;
use fastscheduler::testing::{self, ManualClock};
use fastscheduler::{Clock as _, JobUpdate, SystemClock};
use fastscheduler_tests::held::Held;
use fastscheduler_tests::site::{EventStream, Sent, Site};
use fastscheduler_tests::{advance, on_manual_clock, started};
use serde_json::Value;

const EVENTS: &str = "/scheduler/events";
const CHANGES: &str = "/scheduler/events?stream=changes";

fn ids(list: &Value) -> Vec<&str> {
    list.as_array().unwrap().iter().map(|item| item["job_id"].as_str().unwrap()).collect()
}

#[tokio::test]
async fn a_client_of_the_original_gets_the_whole_state_at_once_and_about_every_second() {
    let (scheduler, clock) = started().await;
    scheduler.add(every(10).seconds().retries(0).call("fails")).await.unwrap();
    scheduler.add(every(5).seconds().call("quick")).await.unwrap();
    advance(&scheduler, &clock, 10).await;
    let site = Site::of(&scheduler).await;
    let mut events = site.listen(EVENTS, &[]).await;
    let first = events.next().await.unwrap();
    assert_eq!((first.name.as_str(), &first.id), ("message", &None));
    let state = first.json();
    let mut fields: Vec<&str> = state.as_object().unwrap().keys().map(String::as_str).collect();
    fields.sort_unstable();
    assert_eq!(
        fields,
        ["dead_letter_count", "dead_letters", "history", "jobs", "jobs_total", "running", "stats"]
    );
    assert_eq!(state["running"], true);
    assert_eq!(ids(&state["jobs"]), ["job_1", "job_0"], "the soonest first");
    assert_eq!((&state["jobs_total"], &state["dead_letter_count"]), (&2.into(), &1.into()));
    assert_eq!(state["stats"]["total_runs"], 3);
    assert_eq!(ids(&state["history"]).len(), 3);
    assert_eq!(state["dead_letters"][0]["error"], "Max retries: <b>boom</b>\n\ndata: no\n");
    advance(&scheduler, &clock, 5).await;
    let second = events.next().await.unwrap().json();
    assert_eq!(second["stats"]["total_runs"], 4);
}

#[tokio::test]
async fn a_result_of_128_levels_is_in_both_streams_as_it_was_returned() {
    let (scheduler, clock) = started().await;
    let value = (1..128).fold(serde_json::json!([]), |inner, _| serde_json::json!([inner]));
    let text = format!("\"result\":{value},");
    let returns = move || std::future::ready(anyhow::Ok(value.clone()));
    scheduler.add(every(10).seconds().run("nested", returns)).await.unwrap();
    advance(&scheduler, &clock, 10).await;
    let site = Site::of(&scheduler).await;
    for stream in [EVENTS, CHANGES] {
        let first = site.listen(stream, &[]).await.next().await.unwrap();
        assert!(first.data.contains(&text), "{stream}: {}", first.data);
    }
}

#[tokio::test]
async fn lists_of_the_whole_state_are_bounded() {
    let (scheduler, clock) = started().await;
    for delay in 1..=1_100_u32 {
        let name = format!("later {delay}");
        scheduler.add(once(100_000 - delay).name(name).call("quick")).await.unwrap();
    }
    scheduler.add(every(1).seconds().retries(0).name("often").call("fails")).await.unwrap();
    advance(&scheduler, &clock, 120).await;
    let site = Site::of(&scheduler).await;
    let state = site.listen(EVENTS, &[]).await.next().await.unwrap().json();
    let jobs = state["jobs"].as_array().unwrap();
    assert_eq!((jobs.len(), &state["jobs_total"]), (1_000, &1_101.into()));
    assert_eq!(jobs[0]["job_name"], "often");
    assert_eq!(jobs[1]["job_name"], "later 1100");
    let history = state["history"].as_array().unwrap();
    assert_eq!(history.len(), 50);
    assert_eq!(history[49]["scheduled_for"], "2026-11-23T00:02:00Z", "the newest, oldest first");
    let letters = state["dead_letters"].as_array().unwrap();
    assert_eq!((letters.len(), &state["dead_letter_count"]), (100, &120.into()));
    assert_eq!(letters[0]["scheduled_for"], "2026-11-23T00:02:00Z", "the newest first");
}

#[tokio::test]
async fn large_arguments_do_not_make_a_large_state() {
    let (scheduler, _clock) = started().await;
    scheduler.register_function("takes", |_: Args| async {}).unwrap();
    let large = "x".repeat(200_000);
    for _ in 0..30 {
        scheduler.add(once(60).call("takes").args([&large])).await.unwrap();
    }
    let site = Site::of(&scheduler).await;
    let first = site.listen(EVENTS, &[]).await.next().await.unwrap();
    assert!(first.data.len() < 2_500_000, "{}", first.data.len());
    let state = first.json();
    assert_eq!((ids(&state["jobs"]).len(), &state["jobs_total"]), (10, &30.into()));
}

#[tokio::test]
async fn changes_begin_with_a_snapshot_and_are_told_as_they_happen() {
    let (scheduler, clock) = started().await;
    let id = scheduler.add(every(10).seconds().retries(0).call("fails")).await.unwrap();
    let site = Site::of(&scheduler).await;
    let mut events = site.listen(CHANGES, &[]).await;
    let snapshot = events.next().await.unwrap();
    assert_eq!(snapshot.name, "snapshot");
    assert!(snapshot.id.is_some());
    assert_eq!(ids(&snapshot.json()["jobs"]), ["job_0"]);

    advance(&scheduler, &clock, 10).await;
    let run = events.next().await.unwrap();
    assert_eq!((run.name.as_str(), &run.json()["status"]), ("run", &"failed".into()));
    assert_eq!(run.json()["job_id"], "job_0");
    let job = events.next().await.unwrap();
    assert_eq!((job.name.as_str(), &job.json()["run_count"]), ("job", &1.into()));
    let totals = events.next().await.unwrap();
    assert_eq!((totals.name.as_str(), &totals.json()["total_failures"]), ("stats", &1.into()));

    scheduler.pause_job(&id).await.unwrap();
    assert_eq!(events.named("job").await.json()["paused"], true);
    scheduler.cancel_job(&id).await.unwrap();
    assert_eq!(events.named("removed").await.json(), serde_json::json!({ "job_id": "job_0" }));
    assert_eq!(events.named("stats").await.json()["active_jobs"], 0);
}

#[tokio::test]
async fn events_and_the_whole_state_say_of_runs_what_answers_say() {
    let (scheduler, clock) = started().await;
    let waits = |_: Args, _: Kwargs| std::future::pending::<anyhow::Result<()>>();
    scheduler.register_function("waits", waits).unwrap();
    let job = every(100)
        .seconds()
        .retries(0)
        .timeout(60)
        .args([u64::MAX])
        .kwargs(serde_json::json!({"large": u64::MAX}));
    scheduler.add(job.call("waits")).await.unwrap();
    let site = Site::of(&scheduler).await;
    let get = async |path: &str| site.get(&format!("/scheduler/api/{path}")).await.json();
    let mut events = site.listen(CHANGES, &[]).await;
    clock.advance(Duration::from_secs(100));
    let begun = events.named("run").await.json();
    assert_eq!((&begun["status"], &begun["args"][0]), (&"running".into(), &u64::MAX.into()));
    assert_eq!(begun["kwargs"]["large"], u64::MAX);
    assert_eq!(get("history").await["history"][0], begun);

    clock.advance(Duration::from_secs(60));
    let ended = events.named("run").await.json();
    assert_eq!((&ended["status"], &ended["holds_thread"]), (&"failed".into(), &false.into()));
    let letter = events.named("dead_letter").await.json();
    assert_eq!((&letter["args"][0], &letter["holds_thread"]), (&u64::MAX.into(), &false.into()));
    assert_eq!(get("history").await["history"][0], ended);
    assert_eq!(get("dead-letters").await["dead_letters"][0], letter);
    let state = site.listen(EVENTS, &[]).await.next().await.unwrap().json();
    assert_eq!((&state["history"][0], &state["dead_letters"][0]), (&ended, &letter));
}

#[tokio::test]
async fn fires_due_are_counted_to_a_hundred_in_lists_and_events_and_on_for_one_job() {
    let (scheduler, clock) = started().await;
    let id = scheduler.add(cron("* * * * * *").group("g").enabled(false).call("quick")).await.unwrap();
    clock.advance(Duration::from_secs(150));
    let site = Site::of(&scheduler).await;
    let get = async |path: &str| site.get(&format!("/scheduler/api/{path}")).await.json();
    assert_eq!(get("jobs/job_0").await["job"]["fires_due"], 150);
    for path in ["jobs", "groups/g/jobs"] {
        assert_eq!(get(path).await["jobs"][0]["fires_due"], 100, "{path}");
    }
    let mut events = site.listen(CHANGES, &[]).await;
    assert_eq!(events.next().await.unwrap().json()["jobs"][0]["fires_due"], 100);
    scheduler.update_job(id, JobUpdate::new().group("h")).await.unwrap();
    assert_eq!(events.named("job").await.json()["fires_due"], 100);
}

/// Waits in real time, by which streams go.
async fn let_pass(length: Duration) {
    SystemClock.sleep(length).await;
}

#[tokio::test]
async fn the_snapshot_of_a_new_client_is_younger_than_a_second() {
    let (scheduler, _clock) = started().await;
    let site = Site::of(&scheduler).await;
    let snapshot = async |expected: &[&str]| {
        let mut events = site.listen(CHANGES, &[]).await;
        let snapshot = events.next().await.unwrap();
        assert_eq!((snapshot.name.as_str(), ids(&snapshot.json()["jobs"])), ("snapshot", expected.to_vec()));
        events
    };
    drop(snapshot(&[]).await);
    // The last client has left, and its snapshot is still there.
    scheduler.add(every(10).seconds().call("quick")).await.unwrap();
    let_pass(Duration::from_millis(1_100)).await;
    let staying = snapshot(&["job_0"]).await;
    // The same while another client stays.
    scheduler.add(every(20).seconds().call("quick")).await.unwrap();
    let_pass(Duration::from_millis(1_100)).await;
    snapshot(&["job_0", "job_1"]).await;
    drop(staying);
}

#[tokio::test]
async fn when_dead_letters_are_gone_changes_go_on_from_a_snapshot_without_them() {
    let (scheduler, clock) = started().await;
    let id = scheduler.add(every(10).seconds().retries(0).call("fails")).await.unwrap();
    advance(&scheduler, &clock, 30).await;
    let site = Site::of(&scheduler).await;
    let mut events = site.listen(CHANGES, &[]).await;
    assert_eq!(events.named("snapshot").await.json()["dead_letter_count"], 3);
    let newest = scheduler.dead_letters(1).await.unwrap().remove(0).run.run_id;
    scheduler.remove_dead_letter(newest).await.unwrap();
    assert_eq!(events.named("snapshot").await.json()["dead_letter_count"], 2);
    scheduler.clear_dead_letters().await.unwrap();
    let snapshot = events.named("snapshot").await.json();
    assert_eq!(
        (&snapshot["dead_letters"], &snapshot["dead_letter_count"]),
        (&Value::Array(vec![]), &0.into())
    );
    // What happens after it is told as before.
    scheduler.pause_job(&id).await.unwrap();
    assert_eq!(events.named("job").await.json()["paused"], true);
}

#[tokio::test]
async fn a_run_that_takes_its_time_is_told_of_when_it_starts() {
    let (scheduler, clock) = started().await;
    let (mut held, job) = Held::new();
    scheduler.add(once(1).run("held", job)).await.unwrap();
    let site = Site::of(&scheduler).await;
    let mut events = site.listen(CHANGES, &[]).await;
    events.named("snapshot").await;
    clock.advance(Duration::from_secs(1));
    held.begins().await;
    assert_eq!(events.named("job").await.json()["status"], "running");
    held.succeed();
    assert_eq!(events.named("run").await.json()["status"], "completed");
}

/// Reads until the run of that second.
async fn run_of(events: &mut EventStream, second: u32) -> Sent {
    let at = format!("2026-11-23T00:00:{second:02}Z");
    events.find(|event| event.name == "run" && event.json()["scheduled_for"] == at.as_str()).await
}

#[tokio::test]
async fn a_client_that_lost_its_connection_goes_on_where_it_was() {
    let (scheduler, clock) = started().await;
    scheduler.add(every(1).seconds().call("quick")).await.unwrap();
    let site = Site::of(&scheduler).await;
    let mut events = site.listen(CHANGES, &[]).await;
    events.named("snapshot").await;
    advance(&scheduler, &clock, 1).await;
    let seen = run_of(&mut events, 1).await.id.unwrap();
    drop(events);
    advance(&scheduler, &clock, 2).await;

    let mut again = site.listen(CHANGES, &[("last-event-id", &seen)]).await;
    let mut missed = Vec::new();
    while missed.iter().filter(|event: &&Sent| event.name == "run").count() < 2 {
        missed.push(again.next().await.unwrap());
    }
    assert!(missed.iter().all(|event| event.name != "snapshot"), "{missed:?}");
    assert_eq!(missed[0].name, "job", "what came after the event that it has seen");
    let runs: Vec<Value> = missed.iter().filter(|event| event.name == "run").map(Sent::json).collect();
    assert_eq!(runs[0]["scheduled_for"], "2026-11-23T00:00:02Z");
    assert_eq!(runs[1]["scheduled_for"], "2026-11-23T00:00:03Z");
}

#[tokio::test]
async fn an_id_that_is_unknown_or_too_old_is_answered_with_a_snapshot() {
    let (scheduler, _clock) = started().await;
    let site = Site::of(&scheduler).await;
    for id in ["7", "0-0", "nonsense", "ffffffff-18446744073709551615", ""] {
        let mut events = site.listen(CHANGES, &[("last-event-id", id)]).await;
        assert_eq!(events.next().await.unwrap().name, "snapshot", "{id}");
    }
}

#[tokio::test]
async fn ids_grow_and_none_is_given_twice() {
    let (scheduler, clock) = started().await;
    scheduler.add(every(1).seconds().call("quick")).await.unwrap();
    let site = Site::of(&scheduler).await;
    let mut events = site.listen(CHANGES, &[]).await;
    let number = |event: Sent| -> u64 { event.id.unwrap().rsplit_once('-').unwrap().1.parse().unwrap() };
    let mut last = number(events.next().await.unwrap());
    for _ in 0..5 {
        advance(&scheduler, &clock, 1).await;
        for _ in 0..2 {
            let next = number(events.next().await.unwrap());
            assert_eq!(next, last + 1);
            last = next;
        }
    }
}

#[tokio::test]
async fn all_clients_get_the_same_text() {
    let (scheduler, _clock) = started().await;
    scheduler.add(every(1).hours().call("quick")).await.unwrap();
    let site = Site::of(&scheduler).await;
    let mut streams = Vec::new();
    for _ in 0..20 {
        streams.push(site.listen(EVENTS, &[]).await);
    }
    let (mut first, mut second) = (Vec::new(), Vec::new());
    for events in &mut streams {
        first.push(events.next().await.unwrap().data);
    }
    for events in &mut streams {
        second.push(events.next().await.unwrap().data);
    }
    // Some may have joined after the next sample was made.
    let distinct: std::collections::BTreeSet<_> = first.iter().chain(&second).collect();
    assert!(distinct.len() <= 4, "{} different samples", distinct.len());
}

#[tokio::test]
async fn streams_end_when_the_scheduler_is_stopped_by_whoever_it_is() {
    let (builder, _clock) = on_manual_clock();
    let scheduler = builder.build().await.unwrap();
    let running = tokio::spawn({
        let scheduler = scheduler.clone();
        async move { scheduler.run_until_shutdown().await }
    });
    let site = Site::of(&scheduler).await;
    let mut streams = Vec::new();
    for path in [EVENTS, CHANGES].repeat(5) {
        streams.push(site.listen(path, &[]).await);
    }
    while !scheduler.is_running() {
        tokio::task::yield_now().await;
    }
    scheduler.clone().stop().await.unwrap();
    running.await.unwrap().unwrap();
    for events in &mut streams {
        let last = events.named("shutdown").await;
        assert_eq!(last.data, "bye");
        assert_eq!(events.next().await, None);
    }
    // Ten streams were open, and do not keep the server.
    site.close().await;
}

#[tokio::test]
async fn a_stream_of_a_stopped_scheduler_ends_at_once() {
    let (scheduler, _clock) = started().await;
    scheduler.stop().await.unwrap();
    let site = Site::of(&scheduler).await;
    for path in [EVENTS, CHANGES] {
        let mut events = site.listen(path, &[]).await;
        assert_eq!(events.next().await.unwrap().name, "shutdown", "{path}");
        assert_eq!(events.next().await, None);
    }
}

#[tokio::test]
async fn a_stream_may_be_opened_before_the_scheduler_starts() {
    let (builder, clock) = on_manual_clock();
    let scheduler = builder.build().await.unwrap();
    let site = Site::of(&scheduler).await;
    let mut states = site.listen(EVENTS, &[]).await;
    assert_eq!(states.next().await.unwrap().json()["running"], false);
    let mut changes = site.listen(CHANGES, &[]).await;
    changes.named("snapshot").await;
    scheduler.add(once(1).call("quick")).await.unwrap();
    scheduler.start().await.unwrap();
    testing::advance(&scheduler, &clock, Duration::from_secs(1)).await.unwrap();
    changes.named("run").await;
    states.find(|state| state.json()["running"] == true).await;
}

/// Ten jobs a second, large enough to fill what lies between the server and a
/// client.
async fn with_large_jobs() -> (Scheduler, ManualClock) {
    let (scheduler, clock) = started().await;
    scheduler.register_function("takes", |_: Args| async {}).unwrap();
    for _ in 0..10 {
        scheduler.add(every(1).seconds().call("takes").args(["x".repeat(190_000)])).await.unwrap();
    }
    (scheduler, clock)
}

#[tokio::test]
async fn a_client_that_does_not_read_hinders_nobody() {
    let (scheduler, clock) = with_large_jobs().await;
    let site = Site::of(&scheduler).await;
    let mut stuck = Vec::new();
    for path in [EVENTS, CHANGES].repeat(10) {
        stuck.push(site.listen(path, &[]).await);
    }
    let mut states = site.listen(EVENTS, &[]).await;
    let mut changes = site.listen(CHANGES, &[]).await;
    changes.named("snapshot").await;
    for second in 1..=5 {
        advance(&scheduler, &clock, 1).await;
        run_of(&mut changes, second).await;
    }
    states.find(|state| state.json()["stats"]["total_runs"] == 50).await;
    drop(stuck);
}

#[tokio::test]
async fn a_client_that_stopped_in_the_middle_of_an_event_does_not_keep_the_server() {
    let (scheduler, clock) = with_large_jobs().await;
    let site = Site::of(&scheduler).await;
    let mut stuck = Vec::new();
    for path in [EVENTS, CHANGES] {
        stuck.push(site.listen(path, &[]).await);
    }
    let mut states = site.listen(EVENTS, &[]).await;
    // More than all that lies between the server and its clients.
    for second in 1..=5 {
        advance(&scheduler, &clock, 1).await;
        states.find(|state| state.json()["stats"]["total_runs"] == second * 10).await;
    }
    scheduler.stop().await.unwrap();
    states.named("shutdown").await;
    site.close().await;
    drop(stuck);
}

#[tokio::test]
async fn an_unknown_stream_is_refused() {
    let (scheduler, _clock) = started().await;
    let site = Site::of(&scheduler).await;
    let answer = site.get("/scheduler/events?stream=all").await;
    assert_eq!(
        (answer.status.as_u16(), &answer.json()["detail"]),
        (400, &"`stream` is `all`; use `changes`, or leave it out".into())
    );
}
