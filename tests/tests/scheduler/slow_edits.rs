//! A change of one job that the store takes long to confirm: other jobs go on.

use std::time::Duration;

use fastscheduler::prelude::*;
use fastscheduler::{Event, Events, JobId, JobUpdate, testing};
use fastscheduler_tests::faulty::{Action, Faulty};
use fastscheduler_tests::fires::{Fate, fires};
use fastscheduler_tests::held::Held;
use fastscheduler_tests::on_manual_clock;

/// Waits until a run of the job is recorded.
async fn recorded(events: &mut Events, job: JobId) {
    let of_job = |event: &Event| matches!(event, Event::RunRecorded(run) if run.job_id() == job);
    let waiting = async { while events.next().await.is_some_and(|event| !of_job(&event)) {} };
    tokio::time::timeout(Duration::from_secs(30), waiting).await.expect("the run is recorded");
}

#[tokio::test]
async fn outcomes_of_other_jobs_are_recorded_while_the_store_is_slow_to_confirm_a_change() {
    let storage = Faulty::default();
    let (builder, clock) = on_manual_clock();
    let scheduler = builder.storage(storage.clone()).build().await.unwrap();
    scheduler.start().await.unwrap();
    let (mut running, job) = Held::new();
    let changed = scheduler.add(every(10).seconds().run("changed", job)).await.unwrap();
    let other = scheduler.add(every(10).seconds().run("other", async || {})).await.unwrap();
    let mut events = scheduler.subscribe();
    clock.advance(Duration::from_secs(10));
    running.begins().await;
    recorded(&mut events, other).await;

    let answer = storage.holds(Action::Revise);
    let meanwhile = async {
        while !storage.has_held() {
            tokio::task::yield_now().await;
        }
        // An attempt at the changed job ends, and another job has its next fire.
        running.succeed();
        clock.advance(Duration::from_secs(10));
        recorded(&mut events, other).await;
        answer.notify_one();
    };
    let (updated, ()) = tokio::join!(scheduler.update_job(changed, JobUpdate::new().retries(7)), meanwhile);
    updated.unwrap();
    running.succeed();
    testing::quiet(&scheduler).await.unwrap();
    assert_eq!(fires(&scheduler, changed, 10).await[0], (10, Fate::Completed));
    let expected = [(10, Fate::Completed), (20, Fate::Completed)];
    assert_eq!(fires(&scheduler, other, 10).await, expected);
}
