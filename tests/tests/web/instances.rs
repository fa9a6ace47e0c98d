//! What an instance tells of itself, over HTTP and in Rust.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use fastscheduler::Event;
use fastscheduler::prelude::*;
use fastscheduler::testing;
use fastscheduler_tests::faulty::{Action, Fault, Faulty};
use fastscheduler_tests::http::Server;
use serde_json::{Value, json};

fn instance(server: &Server) -> Value {
    let instances = server.get("/api/instances").with(200)["instances"].clone();
    assert_eq!(instances.as_array().unwrap().len(), 1);
    instances[0].clone()
}

/// Lets a fire of each of so many jobs come due and begin, or wait.
fn begin(server: &Server, seconds: u64, count: usize) {
    let mut events = server.scheduler.subscribe();
    server.clock.advance(Duration::from_secs(seconds));
    server.wait(async {
        for _ in 0..count {
            while !matches!(events.next().await, Some(Event::RunStarted(_))) {}
        }
    });
}

#[test]
fn an_instance_tells_its_limits_what_is_in_use_and_which_threads_are_held() {
    let server = Server::with(|builder| builder.max_workers(2).max_concurrency(50).timezone("Europe/Berlin"));
    let idle = instance(&server);
    for (field, expected) in [
        ("max_concurrency", json!(50)),
        ("max_workers", json!(2)),
        ("slots_taken", json!(0)),
        ("busy_threads", json!(0)),
        ("waiting", json!(0)),
        ("short_since", Value::Null),
        ("short_of_threads_since", Value::Null),
        ("held_threads", json!([])),
        ("store", json!({"kind": "memory", "last_failure": null})),
        ("timezone", json!("Europe/Berlin")),
        ("lateness", json!({"count": 0, "p50": null, "p99": null})),
        ("problems", json!([])),
    ] {
        assert_eq!(idle[field], expected, "{field}");
    }
    assert!(idle["tzdata"].as_str().is_some_and(|version| version.starts_with("20")), "{idle}");

    let (opener, open) = std::sync::mpsc::channel::<()>();
    let open = Arc::new(Mutex::new(open));
    let ids = server.wait(async {
        let mut ids = Vec::new();
        for number in 0..3 {
            let open = Arc::clone(&open);
            let block = move || {
                let _ = open.lock().unwrap().recv();
            };
            let job = once(10).timeout(5).retries(0).run_blocking(format!("blocks {number}"), block);
            ids.push(server.scheduler.add(job).await.unwrap());
        }
        ids
    });
    begin(&server, 10, 2);
    let full = instance(&server);
    assert_eq!((&full["slots_taken"], &full["busy_threads"]), (&json!(2), &json!(2)));
    assert_eq!((&full["waiting"], &full["short_since"]), (&json!(1), &Value::Null));
    assert_eq!(full["short_of_threads_since"], "2026-11-23T00:00:10Z");
    assert_eq!(full["lateness"], json!({"count": 2, "p50": 0.0005, "p99": 0.0005}));
    assert_eq!(full["held_threads"], json!([]));

    // Both are past their deadline, and their threads go on.
    server.clock.advance(Duration::from_secs(5));
    server.wait(async {
        while server.scheduler.instances().await.unwrap()[0].held_threads.len() < 2 {
            tokio::task::yield_now().await;
        }
    });
    let held = instance(&server);
    let threads = held["held_threads"].as_array().unwrap();
    assert_eq!((threads.len(), &held["busy_threads"]), (2, &json!(2)), "{held}");
    for (thread, id) in threads.iter().zip(&ids) {
        assert_eq!(
            (&thread["job_id"], &thread["since"]),
            (&json!(id.to_string()), &json!("2026-11-23T00:00:15Z"))
        );
        assert!(thread["job_name"].as_str().unwrap().starts_with("blocks "), "{thread}");
        server.get(&format!("/api/runs/{}", thread["run_id"].as_str().unwrap())).with(200);
    }
    let running = server.get("/api/history?status=running").with(200);
    assert_eq!(running["history"], json!([]), "each has its record");
    for _ in 0..3 {
        opener.send(()).unwrap();
    }
    server.wait(async { testing::quiet(&server.scheduler).await.unwrap() });
    let over = instance(&server);
    assert_eq!((&over["held_threads"], &over["busy_threads"]), (&json!([]), &json!(0)));
    assert_eq!(over["short_of_threads_since"], Value::Null);
}

#[test]
fn an_instance_tells_the_last_failure_of_its_store_also_when_it_is_over() {
    let store = Faulty::default();
    let server = Server::with(|builder| builder.storage(store.clone()));
    server.wait(async { server.scheduler.add(every(60).seconds().run("tick", || async {})).await.unwrap() });
    assert_eq!(instance(&server)["store"]["last_failure"], Value::Null);
    store.once(Action::End, Fault::Fails);
    let mut events = server.scheduler.subscribe();
    server.clock.advance(Duration::from_secs(60));
    server.wait(async { while !matches!(events.next().await, Some(Event::ProblemBegan(_))) {} });
    // It is tried again after a while, which it may not have begun to wait.
    server.wait(async {
        while !server.scheduler.problems().await.unwrap().is_empty() {
            server.clock.advance(Duration::from_secs(1));
            tokio::task::yield_now().await;
        }
    });
    let after = instance(&server);
    assert_eq!(after["problems"], json!([]), "it is over");
    let failure = &after["store"]["last_failure"];
    assert_eq!(failure["at"], "2026-11-23T00:01:00Z", "{after}");
    assert!(!failure["error"].as_str().unwrap().is_empty(), "{after}");
    let instance = server.wait(server.scheduler.instances()).unwrap().remove(0);
    let failure = instance.last_store_failure.unwrap();
    assert_eq!(failure.at, fastscheduler_tests::instant("2026-11-23T00:01:00Z"));
}
