//! What is said of a failure: its own error to a Rust program, and the error with
//! what follows over HTTP and in the file of dead letters.

use std::sync::Arc;

use fastscheduler::prelude::*;
use fastscheduler::storage::{Change, Durability, EndedAttempt, MemoryStorage, Storage as _};
use fastscheduler::testing::ManualClock;
use fastscheduler::{AfterFailure, DeadLetter, NewJob, Overlap, Progress, Run};
use fastscheduler_tests::site::Site;
use fastscheduler_tests::state_folder::{LETTERS, StateFolder};
use fastscheduler_tests::{advance, monday, runs};
use serde_json::{Value, json};

/// The errors in a list of runs.
fn errors(list: &Value) -> Vec<&str> {
    list.as_array().unwrap().iter().map(|run| run["error"].as_str().unwrap()).collect()
}

/// The errors of all runs, oldest first, as each form of output over HTTP has them.
async fn told(scheduler: &Scheduler) -> [Vec<String>; 3] {
    let site = Site::of(scheduler).await;
    let listed = site.get("/scheduler/api/history").await.json();
    let streamed = site.listen("/scheduler/events", &[]).await.next().await.unwrap().json();
    let mut one_by_one = Vec::new();
    for run in runs(scheduler).await {
        let one = site.get(&format!("/scheduler/api/runs/{}", run.run_id)).await.json();
        one_by_one.push(one["run"]["error"].as_str().unwrap().to_owned());
    }
    let owned = |errors: Vec<&str>| errors.into_iter().map(str::to_owned).collect();
    [owned(errors(&listed["history"])), owned(errors(&streamed["history"])), one_by_one]
}

#[tokio::test]
async fn a_run_has_the_raw_error_and_only_rest_and_the_file_of_dead_letters_say_what_follows() {
    let fails = || async { anyhow::Result::<()>::Err(anyhow::anyhow!("boom")) };
    let gives_up = || async { anyhow::Result::<()>::Err(Permanent::new(anyhow::anyhow!("boom")).into()) };
    let looks_retried = || async { anyhow::Result::<()>::Err(anyhow::anyhow!("Retry 1/9: boom")) };
    let cases: [(NewJob, &[(AfterFailure, &str)]); 5] = [
        (
            once(1).retries(1).run("fails", fails).into(),
            &[
                (AfterFailure::Retry { number: 1, limit: 1 }, "Retry 1/1: boom"),
                (AfterFailure::NoRetriesLeft { limit: 1 }, "Max retries: boom"),
            ],
        ),
        (
            once(1).retries(0).run("fails", fails).into(),
            &[(AfterFailure::NoRetriesLeft { limit: 0 }, "Max retries: boom")],
        ),
        (once(1).run("gives up", gives_up).into(), &[(AfterFailure::Permanent, "boom")]),
        (
            every(2).seconds().overlap(Overlap::Cancel).run("gives way", fails).into(),
            &[(AfterFailure::NextRunFirst, "boom; no retry, the next run came first")],
        ),
        (
            once(1).retries(0).run("looks retried", looks_retried).into(),
            &[(AfterFailure::NoRetriesLeft { limit: 0 }, "Max retries: Retry 1/9: boom")],
        ),
    ];
    for (job, expected) in cases {
        let (folder, clock) = (StateFolder::new(), ManualClock::new(monday()));
        let scheduler = folder.started(&clock).await;
        scheduler.add(job).await.unwrap();
        advance(&scheduler, &clock, 3).await;

        let all = runs(&scheduler).await;
        let follows: Vec<_> = all.iter().map(|run| run.after_failure.unwrap()).collect();
        assert_eq!(follows, expected.iter().map(|(follows, _)| *follows).collect::<Vec<_>>());
        for run in &all {
            assert!(["boom", "Retry 1/9: boom"].contains(&run.error.as_deref().unwrap()), "{run:?}");
            assert_eq!(
                (run.will_retry(), run.is_final()),
                (run.run_id != all[all.len() - 1].run_id, !run.will_retry())
            );
        }
        let expected: Vec<_> = expected.iter().map(|(_, told)| *told).collect();
        for told in told(&scheduler).await {
            assert_eq!(told, expected);
        }
        scheduler.stop().await.unwrap();
        let letters: Value = serde_json::from_slice(&folder.contents()[LETTERS]).unwrap();
        assert_eq!(errors(&letters["dead_letters"]), expected[expected.len() - 1..]);

        // It is kept as data.
        let again = folder.started(&clock).await;
        assert_eq!(runs(&again).await[..all.len()], all);
        assert_eq!(again.dead_letters(1).await.unwrap()[0].run, all[all.len() - 1]);
    }
}

#[tokio::test]
async fn the_error_of_an_older_record_is_shown_as_it_is() {
    for (error, will_retry) in [
        ("Retry 1/3: boom", true),
        ("Max retries: RuntimeError: upstream said 503", false),
        ("boom; no retry, the next run came first", false),
        ("its process ended before it did", true),
        ("boom", false),
    ] {
        // As earlier versions wrote it.
        let run: Run = serde_json::from_value(json!({
            "run_id": "job_0-s-1795392060000000-1", "job_name": "old", "function": {"module": "app", "name": "old"}, "group": "default",
            "status": "failed", "started_at": monday(), "finished_at": monday(), "error": error,
        }))
        .unwrap();
        assert_eq!(
            (run.after_failure, run.will_retry(), run.is_final()),
            (None, will_retry, !will_retry),
            "{error}"
        );
        let storage = MemoryStorage::default();
        let builder = Scheduler::builder().storage(storage.clone()).clock(ManualClock::new(monday()));
        let scheduler = builder.timezone("UTC").build().await.unwrap();
        let id = scheduler.add(once(60).run("old", || async {})).await.unwrap();
        let definition = scheduler.job(id).await.unwrap().unwrap().definition().clone();
        let letter = DeadLetter { run: run.clone(), definition };
        let ended = EndedAttempt {
            run: Arc::new(run.clone()),
            progress: Progress { scheduled_since: monday(), next_run_at: None },
            retry: None,
            dead_letter: Some(Box::new(letter)),
        };
        storage.apply(&[Change::EndAttempt(ended)], Durability::Now).await.unwrap();
        assert_eq!(runs(&scheduler).await[0].error.as_deref(), Some(error));
        for told in told(&scheduler).await {
            assert_eq!(told, [error]);
        }
        let letters = Site::of(&scheduler).await.get("/scheduler/api/dead-letters").await.json();
        assert_eq!(errors(&letters["dead_letters"]), [error]);
    }
}
